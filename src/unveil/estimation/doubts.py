"""Pictures that say too little, or contradict what an exact undoing takes for granted."""

import cv2
import numpy as np

from unveil.estimation.finding import MIN_SIDE_PX
from unveil.estimation.scaling import middle

MIN_RANGE_LEVELS = 2.0
"""A picture that is nearer to a smooth slope than this shows nothing that could be blurred."""

MAX_STEP_POWER = 0.8
"""Power of steps between neighbours over that of white noise; 150 photos of LFW have up to 0.04."""

MAX_NOISE_PX = 1024
"""Of a larger picture the middle tells whether it is mere noise."""

SLOPE_SIDE = 32
TILE_PX = 16
MIN_SHARP_SHARE = 0.001
"""Share of a picture that must be sharp: a tile of one of 500 x 500 pixels is as much."""

MAX_CURVATURE = 2.0
"""Second over first differences in a tile; whole blurs have up to 1.5, sharp edges 2 to 5."""

MIN_SLOPE_POWER = 4.0
"""Of a tile that has edges, in squared levels."""

ROUNDING_POWER = 2.0
"""Of second differences of a picture that is rounded to levels, 20 / 12."""

NOISE_MEDIANS = 4.0
"""Power of second differences up to which a tile may be noise, over that of most tiles."""


def too_little(luma: np.ndarray) -> str | None:
    """Return why nothing can be told of a picture; None where something may be.

    Args:
        luma: ``H x W``, of 255 levels.
    """
    if min(luma.shape) < MIN_SIDE_PX:
        return "too small to tell"
    if _above_slope(luma) < MIN_RANGE_LEVELS:
        return "too plain to tell"
    part = middle(luma, MAX_NOISE_PX)
    steps = (np.diff(part, axis=0)[:, :-1] ** 2 + np.diff(part, axis=1)[:-1] ** 2) / 2
    if float(steps.mean()) > MAX_STEP_POWER * 2 * float(part.var()):
        return "nothing but noise: too little to tell"
    return None


def _above_slope(luma: np.ndarray) -> float:
    """Return the range that is left of a picture without its best surface of second degree."""
    small = cv2.resize(luma, (SLOPE_SIDE, SLOPE_SIDE), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[-1 : 1 : SLOPE_SIDE * 1j, -1 : 1 : SLOPE_SIDE * 1j].reshape(2, -1)
    surface = np.stack([np.ones_like(x), x, y, x * y, x**2, y**2], axis=1)
    flat = small.reshape(-1)
    return float(np.ptp(flat - surface @ np.linalg.lstsq(surface, flat, rcond=None)[0]))


def is_sharp_somewhere(luma: np.ndarray) -> bool:
    """Return whether a part of a picture has sharper edges than a blur of all of it leaves.

    A blur with mirrored borders reaches the edge as it is everywhere. Black borders, and a rim or a
    hole that was left sharp, contradict it.

    Args:
        luma: ``H x W``, of 255 levels.
    """
    levels = np.ascontiguousarray(luma, np.float32)
    slope: np.ndarray = np.zeros_like(levels)
    for axis in ((1, 0), (0, 1)):
        step: np.ndarray = cv2.Sobel(levels, cv2.CV_32F, *axis, ksize=1)
        step /= 2
        slope += np.square(step, out=step)
    del step
    slope = cv2.blur(slope, (TILE_PX, TILE_PX))
    bend: np.ndarray = cv2.Laplacian(levels, cv2.CV_32F)
    bend = cv2.blur(np.square(bend, out=bend), (TILE_PX, TILE_PX))
    bend -= ROUNDING_POWER + NOISE_MEDIANS * float(np.median(bend))
    is_sharp = slope > MIN_SLOPE_POWER
    np.multiply(slope, MAX_CURVATURE**2, out=slope)
    is_sharp &= bend > slope
    return bool(is_sharp.mean() > MIN_SHARP_SHARE)
