"""What pictures go through after they were hidden: made smaller, compressed, sent on.

Whoever attacks such pictures knows it: they are brought back to their size, an attacker is trained
on pictures like them, and what it weighs is fitted to them.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from unveil.arrays import to_numpy
from unveil.degradation import parse_storage
from unveil.degradation.degrade import store

Since = Callable[[np.ndarray], np.ndarray]
"""Maps hidden pictures, ``B x 3 x S x S`` in [0,1], to what arrives of them, as large again."""

QUALITIES = (50, 95)
"""Of JPEG, in training: the lowest and the highest."""

SMALLEST = 0.4
"""Of the scales in training."""


def sent(images: np.ndarray, scale: float = 1.0, quality: int | None = None) -> np.ndarray:
    """Return square pictures that were scaled, compressed as JPEG, and scaled back.

    Args:
        images: ``B x 3 x S x S`` in [0,1].
        scale: of the sides, at most 1.
        quality: of the JPEG; None for none.

    Examples:
        >>> gray = np.full((1, 3, 16, 16), 0.5, np.float32)
        >>> sent(gray, scale=0.5, quality=75).shape
        (1, 3, 16, 16)
    """
    side_px = images.shape[-1]
    small_px = max(round(scale * side_px), 1)
    arrived = images if small_px == side_px else _resized(images, small_px, cv2.INTER_AREA)
    if quality is not None:
        arrived = to_numpy(store(arrived, parse_storage(f"jpeg:{quality}")))
    return arrived if small_px == side_px else _resized(arrived, side_px, cv2.INTER_CUBIC)


def _resized(images: np.ndarray, side_px: int, way: int) -> np.ndarray:
    size = (side_px, side_px)
    found = [cv2.resize(one.transpose(1, 2, 0), size, interpolation=way) for one in images]
    return np.stack(found).transpose(0, 3, 1, 2).clip(0, 1)


SINCE: dict[str, Since] = {
    "jpeg": partial(sent, quality=75),
    "half": partial(sent, scale=0.5),
    "half-jpeg": partial(sent, scale=0.5, quality=75),
}
"""What is measured, by name: JPEG of quality 75, half as wide and high, and both."""


def draw_since(rng: np.random.Generator) -> Since | None:
    """Return what the pictures of one batch in training went through; None for nothing."""
    if rng.random() < 1 / 2:
        return None
    scale = 1.0 if rng.random() < 1 / 2 else float(rng.uniform(SMALLEST, 1))
    quality = None if rng.random() < 1 / 4 else int(rng.integers(QUALITIES[0], QUALITIES[1] + 1))
    return partial(sent, scale=scale, quality=quality)
