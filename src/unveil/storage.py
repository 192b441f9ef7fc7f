"""What a file does to an obfuscated image before anyone restores it.

Storage decides the result more than the network does: in ``float`` the study's blur has an
almost exact inverse (74 dB), in ``8bit`` it has not. It is therefore a named step in every
training, evaluation and result row.
"""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from unveil.operators import obfuscate
from unveil.specs import Degradation, Storage


def degrade(clean: Tensor, degradation: Degradation) -> Tensor:
    """Return what operator and storage leave of ``clean``, ``B x 3 x H x W`` in [0,1]."""
    return store(obfuscate(clean, degradation.operator), degradation.storage)


def store(images: Tensor, storage: Storage) -> Tensor:
    """Return ``images`` (``B x 3 x H x W``, [0,1]) as they come back from ``storage``."""
    match storage.kind:
        case "float":
            return images
        case "8bit":
            return to_8bit(images).to(images.dtype) / 255
        case "jpeg":
            return _jpeg(images, storage.quality or 75)


def to_8bit(images: Tensor) -> Tensor:
    """Round [0,1] floats to uint8 levels 0..255, any shape."""
    return images.mul(255).round_().clamp_(0, 255).to(torch.uint8)


def _jpeg(images: Tensor, quality: int) -> Tensor:
    pixels = to_8bit(images).permute(0, 2, 3, 1).cpu().numpy()
    decoded = np.stack([_jpeg_round_trip(one, quality) for one in pixels])
    return torch.from_numpy(decoded).to(images.device).permute(0, 3, 1, 2).to(images.dtype) / 255


def _jpeg_round_trip(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Encode and decode one ``H x W x 3`` uint8 image with libjpeg, 4:2:0 chroma."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(buffer))
