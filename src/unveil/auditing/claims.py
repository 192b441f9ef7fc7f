"""Whether a part of a picture can be what somebody states of it."""

from collections.abc import Callable

import cv2
import numpy as np

from unveil.arrays import to_numpy
from unveil.degradation import DpPix, Noise, Operator, Poisson, Solid
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import repeatable

MIN_SPREAD, MIN_BLOCK_SPREAD = 0.57, 0.7
"""Least spread of pixels, or of blocks, over that of a plain part with the stated noise: JPEG 75
leaves 0.63 of noise, and of blocks 0.9; with a quarter of the noise, or none, it is up to 0.56."""

DETAIL_SHARE, MIN_DETAIL = 1 / 13, 0.05
"""What was blurred until it has no detail looks clean, too. Detail is what differs from the mean of
so much of a part's side; of a face's contrast it is a quarter, however large or faint it is."""


def belies(part: np.ndarray, stated: Operator, looks_clean: Callable[[], bool]) -> bool:
    """Return whether a part of a picture contradicts what is stated of it.

    Args:
        part: ``1 x 3 x H x W`` in [0,1]; not of one colour.
        stated: what is said to have hidden it.
        looks_clean: whether nothing is seen that hides it; asked only where that matters.
    """
    if isinstance(stated, Solid):
        return True
    if not isinstance(stated, Noise | Poisson | DpPix):
        return _detail(part) > MIN_DETAIL and looks_clean()
    block = stated.block if isinstance(stated, DpPix) else 1
    plain = np.broadcast_to(part.mean(axis=(-2, -1), keepdims=True), part.shape)
    drawn = to_numpy(obfuscate(np.ascontiguousarray(plain), repeatable(stated)))
    least = MIN_SPREAD if block == 1 else MIN_BLOCK_SPREAD
    lacks_noise = _spread(part, block) < least * _spread(drawn, block)
    return lacks_noise or (block > 1 and looks_clean())


def _spread(part: np.ndarray, step: int) -> float:
    """Return the standard deviation of differences of pixels that lie so far apart, diagonally."""
    if min(part.shape[-2:]) <= step:
        return 0.0
    return float((part[..., step:, step:] - part[..., :-step, :-step]).std())


def _detail(part: np.ndarray) -> float:
    """Return what a part has beside the mean of its surroundings, as a share of its contrast."""
    pixels = np.ascontiguousarray(part[0].transpose(1, 2, 0))
    side_px = max(round(DETAIL_SHARE * min(pixels.shape[:2])), 3)
    detail = pixels - cv2.blur(pixels, (side_px, side_px))
    contrast = float((pixels - pixels.mean(axis=(0, 1))).std())
    return float(detail.std()) / max(contrast, 1e-9)
