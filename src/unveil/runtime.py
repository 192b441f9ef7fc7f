"""Device, precision and provenance of a run.

The reason for the choice of precision is recorded with it.
"""

import contextlib
import ctypes
import functools
import importlib.metadata
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from unveil.config import RuntimeConfig
from unveil.errors import UsageError


@dataclass(frozen=True)
class Runtime:
    """Where the network runs, in which precision, and why."""

    device: torch.device
    precision: str
    reason: str

    def __str__(self) -> str:
        return f"{self.device}, {self.precision}: {self.reason}"

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """Return the context in which the network's forward pass runs."""
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def choose_runtime(config: RuntimeConfig) -> Runtime:
    """Resolve ``auto`` device and precision on this machine and apply the thread count.

    Raises:
        UsageError: a device that this machine has not.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    device = _choose_device(config.device)
    fast_bf16, why = _bf16_support(device)
    if config.precision != "auto":
        return Runtime(device, config.precision, f"as asked ({why})")
    return Runtime(device, "bf16" if fast_bf16 else "fp32", why)


def _choose_device(name: str) -> torch.device:
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((kind for kind, there in available.items() if there), "cpu"))
    if not available.get(name, True):
        raise UsageError(f"device {name!r} is not available on this machine; use --device cpu.")
    return torch.device(name)


def _bf16_support(device: torch.device) -> tuple[bool, str]:
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return fast, f"the GPU {'has' if fast else 'lacks'} bf16"
    if device.type == "cpu":
        capabilities = _cpu_capabilities()
        for name in ("amx_bf16", "avx512_bf16"):
            if capabilities.get(name):
                return True, f"the CPU has {name}"
        return False, "the CPU has neither amx_bf16 nor avx512_bf16"
    return False, f"bf16 is not known to be fast on {device.type}"


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next step instead of giving it back.

    Each step of a training allocates the same hundreds of megabytes; fetching them from the
    system again takes longer than the arithmetic of VGG16 (docs/log.md). Only glibc can be told.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for parameter, value in GLIBC_KEEP.items():
        mallopt(parameter, value)


GLIBC_KEEP = {-4: 0, -1: -1, -2: 256 * 2**20}
"""M_MMAP_MAX 0: no block of its own for a large allocation; M_TRIM_THRESHOLD -1: never shrink;
M_TOP_PAD: grow in steps of 256 MiB."""


def provenance(runtime: Runtime) -> dict[str, object]:
    """Return what a result depends on besides its settings: machine, versions, commit."""
    packages = ("unveil", "torch", "numpy", "pillow", "accelerate", "safetensors")
    versions = {name: importlib.metadata.version(name) for name in packages}
    device = runtime.device
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        "precision": runtime.precision,
        "threads": torch.get_num_threads(),
        "commit": commit(),
        "versions": {"python": platform.python_version(), **versions},
    }


@functools.cache
def commit() -> str:
    """Return the commit of the checkout that this code runs from, ``-dirty`` when changed.

    Looked up once a process: what is committed later is not what runs. ``unknown`` where the
    package is installed without a checkout.
    """
    folder = Path(__file__).parent

    def git(*words: str) -> str:
        done = subprocess.run(  # noqa: S603  # fixed words, no shell
            ["git", "-C", str(folder), *words],  # noqa: S607  # git is where the user has it
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)
        changed = git("status", "--porcelain", "--", "*.py")
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _cpu_capabilities() -> dict[str, Any]:
    """Return what torch knows of the CPU; nothing in versions that do not tell."""
    ask: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
    return ask()


def cpu_name() -> str:
    """Return what the CPU is called, and how many threads torch takes."""
    name = _cpu_capabilities().get("cpu_name")
    return (
        f"{name or platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"
    )
