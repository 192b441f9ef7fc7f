"""The engine that runs networks by torch: on GPUs, and in bf16 where the device is fast at it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from unveil.arrays import Array, is_torch_array
from unveil.config import RuntimeConfig
from unveil.degradation import Degradation
from unveil.errors import UsageError
from unveil.linear.prior import Prior
from unveil.networks import checkpoint
from unveil.networks.architectures import build_from
from unveil.networks.card import Card
from unveil.networks.interface import Interface
from unveil.networks.network import Network
from unveil.runtime import FAST_BF16, Runtime, set_threads


class TorchEngine:
    """A network of torch, on a device and in a precision.

    Args:
        model: the network, with its weights.
        runtime: where and how it computes.
    """

    def __init__(self, model: Network, runtime: Runtime) -> None:
        self.model = model.to(runtime.device).to(memory_format=torch.channels_last).eval()
        self.runtime = runtime

    @property
    def interface(self) -> Interface:
        """What the network states of itself."""
        return self.model.interface

    @property
    def prior(self) -> Prior | None:
        """Power spectrum of clean photos that the weights hold; None where they hold none."""
        return self.model.prior

    @torch.inference_mode()
    def inputs(self, obfuscated: Array, degradation: Degradation | None) -> Array:
        """Return what :meth:`correct` reads, in the library of ``obfuscated``."""
        inputs = self.model.inputs(torch.as_tensor(obfuscated), degradation)
        return inputs if is_torch_array(obfuscated) else inputs.numpy()

    @torch.inference_mode()
    def correct(self, inputs: Array) -> Array:
        """Map ``B x C x H x W`` to the outputs, float32, in the library of ``inputs``."""
        with autocast(self.runtime):
            outputs = self.model.correct(torch.as_tensor(inputs).to(self.runtime.device)).float()
        return outputs.to(inputs.device) if is_torch_array(inputs) else outputs.cpu().numpy()


def open_engine(folder: Path, card: Card, config: RuntimeConfig) -> TorchEngine:
    """Load the network of a checkpoint.

    Raises:
        UsageError: a device that this machine has not.
        UnveilError: the weights are damaged or were changed.
    """
    network = build_from(folder, card)
    checkpoint.load_weights(network, folder, card)
    return TorchEngine(network, choose_runtime(config))


def choose_runtime(config: RuntimeConfig) -> Runtime:
    """Resolve ``auto`` device and precision on this machine and apply the thread count.

    Raises:
        UsageError: a device that this machine has not.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    set_threads(torch.get_num_threads())
    device = _choose_device(config.device)
    name = torch.cuda.get_device_name() if device == "cuda" else ""
    fast_bf16, why = _bf16_support(device)
    if config.precision != "auto":
        return Runtime(device, config.precision, f"as asked ({why})", name)
    return Runtime(device, "bf16" if fast_bf16 else "fp32", why, name)


def gpus() -> Iterator[tuple[str, str]]:
    """Return the GPUs that torch can use: device and name."""
    for number in range(torch.cuda.device_count()):
        yield f"cuda:{number}", torch.cuda.get_device_name(number)
    if torch.backends.mps.is_available():
        yield "mps", "Apple GPU"


def autocast(runtime: Runtime) -> contextlib.AbstractContextManager[None]:
    """Return the context in which a network's forward pass runs."""
    if runtime.precision == "fp32":
        return contextlib.nullcontext()
    # Documented for the kind of a device, without the number that one of several GPUs has.
    return torch.autocast(torch.device(runtime.device).type, torch.bfloat16)


def _choose_device(name: str) -> str:
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next((kind for kind, there in available.items() if there), "cpu")
    if not available.get(name, True):
        raise UsageError(f"device {name!r} is not available on this machine; use --device cpu.")
    return name


def _bf16_support(device: str) -> tuple[bool, str]:
    if device == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return fast, f"the GPU {'has' if fast else 'lacks'} bf16"
    if device == "cpu":
        capabilities = _cpu_capabilities()
        for name in FAST_BF16:
            if capabilities.get(name):
                return True, f"the CPU has {name}"
        return False, "the CPU has neither amx_bf16 nor avx512_bf16"
    return False, f"bf16 is not known to be fast on {device}"


def _cpu_capabilities() -> dict[str, Any]:
    """Return what torch knows of the CPU; nothing in versions that do not tell."""
    ask: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
    return ask()
