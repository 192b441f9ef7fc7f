"""What a file does to an obfuscated image before anyone restores it.

Storage decides the result more than the network does: in ``float`` the study's blur has an
almost exact inverse (74 dB), in ``8bit`` it has not. It is therefore a named step in every
training, evaluation and result row.
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
    """Return what operator and storage leave of ``clean``, ``B x 3 x H x W`` in [0,1]."""
    return store(obfuscate(clean, degradation.operator), degradation.storage)


CODEC_THREADS = 4
"""H.264's encoder and decoder mostly wait for threads of their own, even when told to have one."""


def store(images: Tensor, storage: Storage) -> Tensor:
    """Return ``images`` (``B x 3 x H x W``, [0,1]) as they come back from ``storage``."""
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
    """Round values in [0,1] to 256 levels, uint8 of any shape; what lies beyond is clipped."""
    return images.mul(255).round_().clamp_(0, 255).to(torch.uint8)


def _each(images: Tensor, round_trip: Callable[[np.ndarray], np.ndarray]) -> Tensor:
    """Pass each image through a codec of ``H x W x 3`` uint8 pixels."""
    pixels = to_uint8(images).permute(0, 2, 3, 1).cpu().numpy()
    with ThreadPoolExecutor(CODEC_THREADS) as pool:
        decoded = np.stack(list(pool.map(round_trip, pixels)))
    return torch.from_numpy(decoded).to(images.device).permute(0, 3, 1, 2).to(images.dtype) / 255
