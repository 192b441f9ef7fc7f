"""The kernels of blurs as float64 arrays that sum to 1: 1-D for each axis, or 2-D."""

import math
from functools import lru_cache
from typing import Literal

import numpy as np

from unveil.degradation import (
    AnisotropicGaussian,
    Blur,
    BoxBlur,
    Disk,
    GaussianBlur,
    Motion,
    Window,
)
from unveil.degradation.blurs import Planar, Separable


def blur_kernel(operator: Separable, axis: Literal[-2, -1] = -1) -> np.ndarray:
    """Return the 1-D weights of a blur along an axis, float64 ``(kernel,)``, summing to 1."""
    match operator:
        case GaussianBlur(kernel, sigma):
            bell = np.exp(-0.5 * ((np.arange(kernel) - kernel // 2) / sigma) ** 2)
            return bell / bell.sum()
        case BoxBlur(kernel):
            return np.full(kernel, 1 / kernel)
        case Window(across, down) as window:
            weights = np.array((down if axis == -2 else ()) or across, dtype=np.float64)
            half = np.pad(weights / (2 * weights.sum() - weights[0]), (0, window.kernel // 2))
            half = half[: window.kernel // 2 + 1]
            return np.concatenate([half[:0:-1], half])


def spread_px(operator: Blur) -> float:
    """Return the standard deviation of a blur's kernel in pixels.

    That along a row; of a planar kernel the root mean square of rows and columns.
    """
    if isinstance(operator, Planar):
        window = planar_kernel(operator)
        across = (window.sum(axis=0) + window.sum(axis=1)) / 2
    else:
        across = blur_kernel(operator)
    return math.sqrt(float(across @ _distances(operator.kernel) ** 2))


def gaussian_kernel(kernel: int, sigma: float) -> np.ndarray:
    """Return the 1-D weights of a truncated Gaussian, float64 ``(kernel,)``, summing to 1."""
    return blur_kernel(GaussianBlur(kernel, sigma))


def planar_kernel(operator: Planar) -> np.ndarray:
    """Return the 2-D weights of a blur, float64 ``(kernel, kernel)``, summing to 1."""
    return _planar_kernel(operator).copy()


@lru_cache(maxsize=64)
def _planar_kernel(operator: Planar) -> np.ndarray:
    """Return the same; a solver asks for it at every step."""
    match operator:
        case Disk(radius):
            edges = np.arange(operator.kernel + 1) - operator.kernel / 2
            corner = _quarter_area(np.abs(edges)[:, None], np.abs(edges), radius)
            signed = corner * np.sign(edges)[:, None] * np.sign(edges)
            # Of each pixel, the area that the disk covers.
            weights = np.diff(np.diff(signed, axis=0), axis=1).clip(min=0)
        case AnisotropicGaussian(sigma_x, sigma_y, angle_degrees):
            right, angle = _distances(operator.kernel), math.radians(angle_degrees)
            up = -right[:, None]
            along = (right * math.cos(angle) + up * math.sin(angle)) / sigma_x
            across = (up * math.cos(angle) - right * math.sin(angle)) / sigma_y
            weights = np.exp(-0.5 * (along**2 + across**2))
        case Motion(length, angle):
            edges = np.arange(operator.kernel + 1) - operator.kernel / 2
            within = _polygon_area(_line_corners(length, math.radians(angle)), edges)
            # Of each pixel, the area that the line covers.
            weights = np.diff(np.diff(within, axis=0), axis=1).clip(min=0)
    return np.asarray(weights / weights.sum())


def _distances(kernel: int) -> np.ndarray:
    """Return the distance of each weight from the middle in pixels, float64 ``(kernel,)``."""
    return np.arange(kernel, dtype=np.float64) - kernel // 2


def _quarter_area(height: np.ndarray, width: np.ndarray, radius: float) -> np.ndarray:
    """Return the area of a centred disk inside the rectangle from (0, 0) to (width, height)."""
    height, width = height.clip(max=radius), width.clip(max=radius)
    # Up to here the top of the rectangle bounds the area, further out the disk's edge does.
    flat = np.minimum(width, np.sqrt((radius**2 - height**2).clip(min=0)))
    # The area under a quarter circle from 0 to each end.
    ends = np.stack([np.broadcast_to(width, flat.shape), flat])
    arc = np.sqrt((radius**2 - ends**2).clip(min=0))
    areas = (ends * arc + radius**2 * np.arcsin((ends / radius).clip(max=1))) / 2
    return np.asarray(height * flat + areas[0] - areas[1])


def _line_corners(length: float, turn: float) -> np.ndarray:
    """Return the corners (x, y) of a centred rectangle, ``length`` x 1, in order, ``(4, 2)``."""
    along = np.array([math.cos(turn), math.sin(turn)]) * length / 2
    aside = np.array([-math.sin(turn), math.cos(turn)]) / 2
    return np.array([along - aside, along + aside, aside - along, -along - aside])


def _polygon_area(corners: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the area of a polygon above and left of each crossing of lines.

    Green's theorem: the sum over the sides of the integral of y along x, with y cut at the line.

    Args:
        corners: (x, y) of each corner, clockwise as seen on the screen, ``N x 2``.
        edges: places of the lines, across and down alike, ``(K,)``.

    Returns:
        ``K x K``; rows are the lines' y.
    """
    area = np.zeros((len(edges), len(edges)))
    for (x, y), (next_x, next_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if x == next_x:
            continue
        ends = np.stack([np.full(len(edges), x), np.full(len(edges), next_x)]).clip(max=edges)
        heights = y + (ends - x) / (next_x - x) * (next_y - y)
        above = heights[:, None, :] - edges[:, None]
        below_zero = above.clip(max=0)
        rise, cut_rise = np.ptp(above, axis=0), np.ptp(below_zero, axis=0)
        share = np.divide(cut_rise, rise, out=np.ones_like(rise), where=rise > 0)
        area -= (ends[1] - ends[0]) * below_zero.mean(axis=0) * share
    return area
