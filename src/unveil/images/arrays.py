"""The image contract: float32, RGB, ``B x 3 x H x W``, values in [0,1].

Everything between reading and writing a file works on such arrays, of numpy or torch; conversion
happens here, once, at the edge. Other ranges ([-1,1] for tanh, the input of VGG16) are made inside
the module that needs them.
"""

import dataclasses
from pathlib import Path

import numpy as np

from unveil.arrays import Array, array_namespace, is_torch_array, to_numpy
from unveil.degradation import Storage
from unveil.errors import UsageError
from unveil.images.photos import Photo

TOLERANCE = 1e-3


class StoredArray(np.ndarray):
    """A numpy array that knows how the file of its photo kept it.

    What is computed from it does not know: a part of a JPEG has its block grid elsewhere.
    """

    storage_of_file: Storage | None = None


def to_array(photo: Photo) -> np.ndarray:
    """Return the colours of ``photo``, ``1 x 3 x H x W`` float32 in [0,1]."""
    top = np.float32(np.iinfo(photo.rgb.dtype).max)
    images = np.empty((1, 3, *photo.rgb.shape[:2]), np.float32)
    for number, plane in enumerate(images[0]):  # all at once take eight times as long
        np.divide(photo.rgb[..., number], top, out=plane)
    return images


def from_pixels(pixels: Array) -> Array:
    """Return images, ``B x 3 x H x W`` float32 in [0,1], of uint8 pixels ``B x H x W x 3``."""
    xp = array_namespace(pixels)
    return xp.astype(xp.permute_dims(pixels, (0, 3, 1, 2)), xp.float32) / 255


def to_photo(images: Array, like: Photo | None = None) -> Photo:
    """Return a ``1 x 3 x H x W`` array as pixels, with depth, alpha and gray as in ``like``."""
    deep = like is not None and like.rgb.dtype == np.uint16
    top, kind = (65535, np.uint16) if deep else (255, np.uint8)
    planes = to_numpy(images)[0]
    rgb = np.empty((*planes.shape[1:], 3), kind)
    for number, plane in enumerate(planes):  # all at once are twelve bytes a pixel three times
        rgb[..., number] = np.round(plane * top).clip(0, top)
    return dataclasses.replace(like, rgb=rgb) if like else Photo(rgb)


def remember_storage(images: Array, storage: Storage) -> Array:
    """Return ``images`` with how their file kept them noted on the array."""
    if not is_torch_array(images):
        images = np.asarray(images).view(StoredArray)
    images.storage_of_file = storage
    return images


def storage_of(images: Array) -> Storage:
    """Return how ``images`` were kept, where that is noted on the array, else 8 bits."""
    storage: Storage | None = getattr(images, "storage_of_file", None)
    return storage or Storage()


def check_array(images: object) -> None:
    """Refuse what is not an array of numpy or torch.

    Raises:
        UsageError: says what was passed and what is expected.
    """
    if not (isinstance(images, np.ndarray) or is_torch_array(images)):
        hint = "; unveil.read reads a file" if isinstance(images, str | Path) else ""
        raise UsageError(
            f"images must be an array of numpy or torch, not {type(images).__name__}{hint}."
        )


def check_images(images: Array) -> None:
    """Refuse an array that breaks the contract.

    Raises:
        UsageError: says what was passed and what is expected.
    """
    check_array(images)
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape:
        raise UsageError(f"images must be B x 3 x H x W, not {tuple(images.shape)}.")
    if not str(images.dtype).endswith("float32"):
        raise UsageError(f"images must be float32 in [0,1], not {images.dtype}.")
    low, high = float(images.min()), float(images.max())
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise UsageError(f"images must lie in [0,1], not [{low:g}, {high:g}].")
