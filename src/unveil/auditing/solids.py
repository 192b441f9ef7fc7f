"""Whether a part of a picture has a single colour, so that nothing of what was there is left."""

import cv2
import numpy as np

from unveil.degradation import Storage
from unveil.estimation.finding import Finding

MAX_FLAT_RANGE = 4 / 255
"""Range of values, of [0,1], that a codec gives the rim of a part of a single colour."""

MAX_INNER_RANGE = 1 / 255
"""The same inside it; without a codec none: a face below a layer of 99 % has a range of two."""

MIN_SOLID_SHARE = 0.7
"""Share of a part that has to be of its colour: it may be found larger than it is."""

RIM_PX, RIM_SHARE = 16, 1 / 8
"""Rim of a part that a codec's blocks share with what is around: pixels, and most of its side."""


def is_part_solid(images: np.ndarray, part: Finding) -> bool:
    """Return whether a part has a single colour, but for its rim, which is found to 4 pixels."""
    if part.mask is None:
        return part.box is not None and is_solid(images[..., *part.box.place], part.storage)
    colour = np.median(images[0][:, part.mask], axis=1)[:, None, None]
    even = (np.abs(images[0] - colour) <= MAX_FLAT_RANGE / 2).all(axis=0) & part.mask
    solid = cv2.morphologyEx(even.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5)))
    if solid.sum() < MIN_SOLID_SHARE * part.mask.sum():
        return False
    side = 2 * _rim_px(solid.any(axis=0).sum(), solid.any(axis=1).sum()) + 1
    inner = cv2.erode(np.pad(solid, 1), np.ones((side, side)))[1:-1, 1:-1] > 0
    return bool(inner.any()) and _has_range(images[0][:, inner], part.storage)


def _rim_px(width: int, height: int) -> int:
    return min(RIM_PX, int(RIM_SHARE * min(width, height)))


def _has_range(pixels: np.ndarray, storage: Storage) -> bool:
    """Return whether pixels, ``3 x N``, differ no more than those of a single colour."""
    most = 0 if storage.kind in ("float", "8bit") else MAX_INNER_RANGE
    return bool((np.ptp(pixels, axis=1) <= most + 1e-6).all())


def is_solid(part: np.ndarray, storage: Storage) -> bool:
    """Return whether a part, ``1 x 3 x H x W``, has a single colour, but for a codec's noise."""
    rim = _rim_px(part.shape[-1], part.shape[-2])
    inner = part[0, :, rim : part.shape[-2] - rim, rim : part.shape[-1] - rim]
    is_even = bool((np.ptp(part, axis=(-2, -1)) <= MAX_FLAT_RANGE).all())
    return is_even and _has_range(inner.reshape(3, -1), storage)
