"""Degradation of image tensors: the operator, then the storage.

Storage decides the result more than the network does: in ``float`` the paper's blur has an almost
exact inverse (74 dB), in ``8bit`` it does not. It is therefore a named step in every training,
evaluation and result row.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from unveil.degradation import Degradation, Storage
from unveil.degradation.codecs import h264_round_trip, jpeg_round_trip
from unveil.degradation.operators import obfuscate


def degrade(clean: Tensor, degradation: Degradation) -> Tensor:
    """Apply an operator and a storage.

    Args:
        clean: ``B x 3 x H x W`` in [0,1].
        degradation: the operator and the storage.

    Returns:
        The degraded images in [0,1]: same shape, dtype and device.

    Raises:
        UnveilError: H.264 is wanted and not installed, or the codec refuses the size.

    Examples:
        >>> import torch
        >>> from unveil.degradation import Degradation, Pixelate, Storage
        >>> clean = torch.tensor([0.0, 0.501]).expand(1, 3, 1, 2)
        >>> degrade(clean, Degradation(Pixelate(2), Storage("8bit")))[0, 0] * 255
        tensor([[64., 64.]])
    """
    return store(obfuscate(clean, degradation.operator), degradation.storage)


CODEC_THREADS = 4
"""Images coded at a time: H.264's calls mostly wait for threads of their own."""


def store(images: Tensor, storage: Storage) -> Tensor:
    """Return ``images`` (``B x 3 x H x W`` in [0,1]) after a round trip through ``storage``.

    Raises:
        UnveilError: H.264 is wanted and not installed, or the codec refuses the size.
    """
    match storage.kind:
        case "float":
            return images
        case "8bit":
            return to_uint8(images).to(images.dtype) / 255
        case "jpeg":
            return _each(images, lambda pixels: jpeg_round_trip(pixels, storage.quality or 75))
        case "h264":
            return _each(images, lambda pixels: h264_round_trip(pixels, storage.quality or 0))


def to_uint8(images: Tensor) -> Tensor:
    """Round [0,1] values of any shape to uint8 levels; values outside are clipped."""
    return images.mul(255).round_().clamp_(0, 255).to(torch.uint8)


def _each(images: Tensor, round_trip: Callable[[np.ndarray], np.ndarray]) -> Tensor:
    """Apply a codec of ``H x W x 3`` uint8 pixels to each image of ``B x 3 x H x W``."""
    pixels = to_uint8(images).permute(0, 2, 3, 1).cpu().numpy()
    with ThreadPoolExecutor(CODEC_THREADS) as pool:
        decoded = np.stack(list(pool.map(round_trip, pixels)))
    return torch.from_numpy(decoded).to(images.device).permute(0, 3, 1, 2).to(images.dtype) / 255
