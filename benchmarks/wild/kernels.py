"""Kernels of a lens out of focus and of a moved camera, and the widths of other programs' kernels.

Widths are standard deviations along one axis, in pixels.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

FINE = 16
"""Samples per pixel and axis in a kernel."""


def disk(radius_px: float) -> NDArray[np.float32]:
    """Return the share of each pixel that a disk covers, of sum 1."""
    reach = math.ceil(radius_px + 0.5)
    x, y = _samples(reach)
    return _averaged((np.hypot(x, y) <= radius_px).astype(np.float32), reach)


def line(length_px: float, angle_degrees: float) -> NDArray[np.float32]:
    """Return the share of each pixel that a line one pixel wide covers, of sum 1.

    The angle is counted from the x axis towards the y axis, which points down.
    """
    reach = math.ceil(length_px / 2 + 1)
    x, y = _samples(reach)
    angle = math.radians(angle_degrees)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    inside = (np.abs(along) <= length_px / 2) & (np.abs(across) <= 0.5)
    return _averaged(inside.astype(np.float32), reach)


def _samples(reach: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at = (np.arange((2 * reach + 1) * FINE) + 0.5) / FINE - reach - 0.5
    x, y = np.meshgrid(at, at)
    return x, y


def _averaged(fine: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    side = 2 * reach + 1
    shares = fine.reshape(side, FINE, side, FINE).mean((1, 3))
    return np.asarray(shares / shares.sum(), np.float32)


def opencv_width(kernel_px: int, sigma: float) -> float:
    """Return the width of OpenCV's Gaussian of ``kernel_px`` taps; 0 means its own choice."""
    if kernel_px == 0:
        kernel_px = round(sigma * 6 + 1) | 1
    taps = cv2.getGaussianKernel(kernel_px, sigma)[:, 0]
    at = np.arange(kernel_px) - kernel_px // 2
    return float(np.sqrt((taps * at**2).sum()))


def cut_width(sigma: float, least: float) -> float:
    """Return the width of a Gaussian without the taps below ``least`` of the middle one."""
    reach = math.floor(sigma * math.sqrt(-2 * math.log(least)))
    at = np.arange(-reach, reach + 1)
    return float(np.sqrt(np.average(at**2, weights=np.exp(-(at**2) / (2 * sigma**2)))))


def svg_width(sigma: float) -> float:
    """Return the width of the three boxes that the SVG standard has for a Gaussian."""
    if sigma < 2:  # two pixels: below, renderers use the Gaussian or three boxes, about alike
        return sigma
    side = math.floor(sigma * 3 * math.sqrt(2 * math.pi) / 4 + 0.5)
    sides = (side, side, side if side % 2 else side + 1)
    return math.sqrt(sum((one**2 - 1) / 12 for one in sides))


def boxes_width(side_px: int, times: int = 1) -> float:
    """Return the width of a box of ``side_px`` pixels, applied ``times``."""
    return math.sqrt(times * (side_px**2 - 1) / 12)


def stack_width(kernel_px: int) -> float:
    """Return the width of the triangle that a stack blur is."""
    return math.sqrt((((kernel_px + 1) // 2) ** 2 - 1) / 6)
