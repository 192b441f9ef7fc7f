"""The image contract: float32, RGB, ``B x 3 x H x W``, values in [0,1].

Everything between reading and writing a file works on such tensors; conversion happens here,
once, at the edge. Other ranges ([-1,1] for tanh, the input of VGG16) are made inside the
module that needs them.
"""

import dataclasses

import numpy as np
import torch
from torch import Tensor

from unveil.degradation import Storage
from unveil.errors import UsageError
from unveil.images.photos import Photo

TOLERANCE = 1e-3


def to_tensor(photo: Photo) -> Tensor:
    """Return the colours of ``photo`` as a ``1 x 3 x H x W`` tensor."""
    top = np.iinfo(photo.rgb.dtype).max
    return torch.from_numpy(photo.rgb.astype(np.float32)).div_(float(top)).permute(2, 0, 1)[None]


def to_photo(images: Tensor, like: Photo | None = None) -> Photo:
    """Return a ``1 x 3 x H x W`` tensor as pixels, with depth, alpha and gray as in ``like``."""
    deep = like is not None and like.rgb.dtype == np.uint16
    top, kind = (65535, np.uint16) if deep else (255, np.uint8)
    levels = images[0].permute(1, 2, 0).mul(top).round_().clamp_(0, top)
    rgb = levels.cpu().numpy().astype(kind)
    return dataclasses.replace(like, rgb=rgb) if like else Photo(rgb)


STORAGE_ATTRIBUTE = "unveil_storage"
"""Name of the tensor attribute that keeps a photo's storage. Results of computations lack it."""


def remember_storage(images: Tensor, storage: Storage) -> Tensor:
    """Return ``images`` with how their file kept them noted on the tensor."""
    setattr(images, STORAGE_ATTRIBUTE, storage)
    return images


def storage_of(images: Tensor) -> Storage:
    """Return how ``images`` were kept, where that is noted on the tensor, else 8 bits.

    Slices and whatever else is computed from a photo are other tensors, without the note: a part of
    a JPEG has its block grid elsewhere.
    """
    storage: Storage = getattr(images, STORAGE_ATTRIBUTE, Storage())
    return storage


def check_images(images: Tensor) -> None:
    """Refuse a tensor that breaks the contract.

    Raises:
        UsageError: says what was passed and what is expected.
    """
    if images.ndim != 4 or images.shape[1] != 3 or images.numel() == 0:
        raise UsageError(f"images must be B x 3 x H x W, not {tuple(images.shape)}.")
    if images.dtype != torch.float32:
        raise UsageError(f"images must be float32 in [0,1], not {images.dtype}.")
    low, high = float(images.min()), float(images.max())
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise UsageError(f"images must lie in [0,1], not [{low:g}, {high:g}].")
