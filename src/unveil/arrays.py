"""Arrays of numpy or of torch. Imports no torch.

Formulas on images are written once, on the array API standard (https://data-apis.org/array-api):
they compute in the library of their images and return its arrays. What depends on an operator
alone (a kernel, a filter's gains) is a small numpy array; :func:`constant` brings it to the images.
"""

import contextlib
from typing import Any

import numpy as np
from array_api_compat import array_namespace as compatible_namespace
from array_api_compat import device, is_torch_array

__all__ = [
    "Array",
    "array_namespace",
    "constant",
    "full_precision",
    "is_torch_array",
    "to_numpy",
    "twister_bits",
    "wait_for",
]

Array = Any
"""``numpy.ndarray`` or ``torch.Tensor``."""


def array_namespace(*images: Array) -> Any:
    """Return the functions of the array API standard for ``images``.

    numpy has them itself since 2.1; array-api-compat's module of the same takes long to import.
    """
    if all(isinstance(array, np.ndarray) for array in images):
        return np
    return compatible_namespace(*images)


def constant(values: np.ndarray, images: Array, *, keep_dtype: bool = False) -> Array:
    """Return ``values`` in the library, on the device and in the dtype of ``images``.

    Args:
        values: any shape. The result may share their memory and must not be changed.
        images: an array of either library.
        keep_dtype: keep the dtype of ``values``, e.g. of indices or masks.

    Examples:
        >>> constant(np.array([0.5, 1]), np.zeros(2, np.float32)).dtype
        dtype('float32')
    """
    dtype = None if keep_dtype else images.dtype
    if not is_torch_array(images):
        return np.asarray(values, dtype=dtype)
    return compatible_namespace(images).asarray(values, dtype=dtype, device=device(images))


def clip_own(images: Array, low: float, high: float) -> Array:
    """Return ``images``, which nobody else has, clipped: of numpy's without a copy."""
    if isinstance(images, np.ndarray):
        return np.clip(images, low, high, out=images)
    return array_namespace(images).clip(images, low, high)


def twister_bits(count: int, seed: int) -> np.ndarray:
    """Return the first numbers of the Mersenne Twister, uint32, as torch draws them on the CPU.

    By them random choices of torch are made again without it.
    """
    twister = np.random.RandomState(seed & 0xFFFFFFFF)  # numpy's new ones differ
    return twister.randint(0, 2**32, count, np.uint32)


def to_numpy(images: Array) -> np.ndarray:
    """Return ``images`` as a numpy array; of torch's, without their gradient."""
    return np.asarray(images.detach().cpu().numpy() if is_torch_array(images) else images)


def wait_for(images: Array) -> None:
    """Wait until ``images`` are computed: GPUs work ahead of the program."""
    if is_torch_array(images) and images.is_cuda:
        images.flatten()[:1].cpu()


def full_precision(images: Array) -> contextlib.AbstractContextManager[Any]:
    """Return the context in which formulas on ``images`` compute in their dtype, not in bf16.

    torch's autocast lowers matrix products and convolutions; the frequencies that a filter
    amplifies most would be lost.
    """
    if not is_torch_array(images):
        return contextlib.nullcontext()
    import torch

    return torch.autocast(images.device.type, enabled=False)
