"""Device, precision and provenance of a result. Imports no torch."""

import contextlib
import ctypes
import functools
import importlib.metadata
import importlib.util
import os
import platform
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Runtime:
    """Where a restorer computes, in which precision, and why.

    Attributes:
        device: ``cpu``, ``cuda``, ``cuda:1`` or ``mps``, as torch names devices.
        precision: ``fp32`` or ``bf16``.
        reason: why both were chosen.
        device_name: what the GPU is called; empty for the CPU.
    """

    device: str = "cpu"
    precision: str = "fp32"
    reason: str = "linear algebra in numpy"
    device_name: str = ""

    def __str__(self) -> str:
        return f"{self.device}, {self.precision}: {self.reason}"


def set_threads(threads: int | None) -> None:
    """Set the number of CPU threads that engines take; None for all cores."""
    global _threads  # of the process, like torch's own
    _threads = threads


_threads: int | None = None


def threads() -> int:
    """Return the number of CPU threads that engines take."""
    return _threads or int(os.environ.get("OMP_NUM_THREADS") or 0) or len(_cores())


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return list(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def free_bytes() -> int | None:
    """Return how much memory this process may still take; None if the system does not say."""
    limits = [*_group_limit(), *_own_limit()]
    with contextlib.suppress(OSError, ValueError, IndexError):
        said = Path("/proc/meminfo").read_text(encoding="ascii")
        line = next(line for line in said.splitlines() if line.startswith("MemAvailable:"))
        limits.append(int(line.split()[1]) * 1024)
    return min(limits, default=None)


def _group_limit() -> Iterator[int]:
    """Yield what is left to the container."""
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        most = int((group / "memory.max").read_text(encoding="ascii"))
        yield most - int((group / "memory.current").read_text(encoding="ascii"))


UNFILLED_BYTES = 320_000_000
"""Addresses that libraries take and never fill, which count where addresses are limited."""


def _own_limit() -> Iterator[int]:
    """Yield what is left to the process."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            yield most - pages * resource.getpagesize() - UNFILLED_BYTES


@contextlib.contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Block Ctrl-C for processes that start meanwhile: a terminal sends it to all, one answers."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def no_stderr() -> Iterator[None]:
    """Send to nowhere what libraries, and programs that run meanwhile, write to standard error."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next step instead of giving it back.

    Each step of a training allocates the same hundreds of megabytes; fetching them from the
    system again takes longer than the arithmetic of VGG16 (docs/log.md). Only glibc can be told.
    """
    _tell_glibc(GLIBC_KEEP)


def return_freed_memory() -> None:
    """Let the C library give all large blocks back when they are freed: for what mostly waits."""
    _tell_glibc(GLIBC_RETURN)


def _tell_glibc(parameters: dict[int, int]) -> None:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for parameter, value in parameters.items():
        mallopt(parameter, value)


GLIBC_KEEP = {-4: 0, -1: -1, -2: 256 * 2**20}
"""M_MMAP_MAX 0: no block of its own for a large allocation; M_TRIM_THRESHOLD -1: never shrink;
M_TOP_PAD: grow in steps of 256 MiB."""

GLIBC_RETURN = {-3: 2**20}
"""M_MMAP_THRESHOLD: a block of its own from 1 MiB, always; else the size grows with use."""


FAST_BF16 = ("amx_bf16", "avx512_bf16")
"""CPU features with which bf16 is faster than fp32, as Linux and torch name them."""


def may_gain_from_torch() -> bool:
    """Return whether torch is installed on a machine where it may be faster than ONNX Runtime.

    That is one with a GPU, or with a CPU that is fast in bf16. It is found out without torch, whose
    import takes longer than restoring a photo.
    """
    if importlib.util.find_spec("torch") is None:
        return False
    has_gpu = Path("/dev/nvidia0").exists() or platform.machine() == "arm64"
    return has_gpu or not set(FAST_BF16).isdisjoint(cpu_info("flags").split())


PACKAGES = ("unveil", "numpy", "onnxruntime", "pillow", "safetensors", "torch", "accelerate")
"""Whose versions a result depends on."""


def provenance(runtime: Runtime) -> dict[str, object]:
    """Return what a result depends on besides its settings: machine, versions, commit."""
    return {
        "device": runtime.device_name or cpu_name(),
        "precision": runtime.precision,
        "threads": threads(),
        "commit": commit(),
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _versions() -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


@functools.cache
def commit() -> str:
    """Return the commit of the checkout that this code runs from, ``-dirty`` when changed.

    Looked up once a process: what is committed later is not what runs. ``unknown`` where the
    package is installed without a checkout.
    """
    folder = Path(__file__).parent

    def git(*words: str) -> str:
        done = subprocess.run(  # noqa: S603  # fixed words, no shell
            # Without locks: `git status` would write what it found into the repository's index.
            ["git", "--no-optional-locks", "-C", str(folder), *words],  # noqa: S607
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


def cpu_name() -> str:
    """Return what the CPU is called, and how many threads are taken."""
    name = cpu_info("model name") or platform.processor() or platform.machine()
    return f"{name}, {threads()} threads"


@functools.cache
def cpu_info(key: str) -> str:
    """Return an entry of Linux's ``/proc/cpuinfo``; empty where there is none."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""
