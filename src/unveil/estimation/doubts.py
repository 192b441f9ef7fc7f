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
RIM_PX, STRETCH_PX = 8, 48
MAX_RIM_RATIO = 2.0
"""Detail in a stretch of the rim over the most that lies behind it."""


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


def has_other_rim(luma: np.ndarray) -> bool:
    """Return whether a stretch of the rim has more detail than any behind it.

    A blur with mirrored borders reaches the edge as it is everywhere; black borders, or a rim that
    was left sharp, do not. A photo's finest detail may lie at its rim, too: so far more is asked.

    Args:
        luma: ``H x W``, of 255 levels.
    """
    edges = np.abs(cv2.Laplacian(np.ascontiguousarray(luma), cv2.CV_32F))
    return any(_is_other(side) for side in (edges, edges[::-1], edges.T, edges.T[::-1]))


def _is_other(edges: np.ndarray) -> bool:
    """Return whether the first rows have more detail somewhere than any others have anywhere."""
    means = cv2.blur(np.ascontiguousarray(edges), (STRETCH_PX, RIM_PX))
    rim, behind = means[RIM_PX // 2], means[2 * RIM_PX : -2 * RIM_PX, STRETCH_PX:-STRETCH_PX]
    return bool(behind.size) and float(rim.max()) > MAX_RIM_RATIO * (float(behind.max()) + 1)
