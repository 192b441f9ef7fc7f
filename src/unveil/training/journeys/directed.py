"""Blurs that have a direction: lines, paths of a shaking hand, Gaussians of two widths.

Each is drawn as its kernel, and as the operator that a user would tell for it.
"""

from collections.abc import Callable

import cv2
import numpy as np

from unveil.degradation import AnisotropicGaussian, Blur, Motion
from unveil.degradation.kernels import planar_kernel
from unveil.training.journeys.draws import between, log_between

TOLD_ERROR, TOLD_ERROR_DEG = 0.01, 0.5
"""Of the size that is told, relative, and of the angle."""

FINE = 8
"""Steps in a pixel in which a path is drawn."""

Drawn = tuple[np.ndarray, Blur]
"""A kernel, float32 ``K x K`` of sum 1, and the blur that is told."""


def motion(rng: np.random.Generator) -> Drawn:
    """Draw a line."""
    line = Motion(log_between(rng, 4, 28), round(between(rng, 0, 180), 1) % 180)
    return planar_kernel(line).astype(np.float32), line


def aniso(rng: np.random.Generator) -> Drawn:
    """Draw a Gaussian that is wider one way."""
    wide = log_between(rng, 1.5, 8)
    blur = AnisotropicGaussian(wide, wide * between(rng, 0.25, 0.8), between(rng, -90, 90))
    return planar_kernel(blur).astype(np.float32), blur


def shake(rng: np.random.Generator) -> Drawn:
    """Draw the path of a shaking hand: a walk that keeps its way for a while.

    A user takes it for the line that spreads light as far along the path's longer axis.
    """
    steps = int(rng.integers(24, 65))
    turns = between(rng, 0, 2 * np.pi) + np.cumsum(rng.normal(0, between(rng, 0.05, 0.4), steps))
    path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
    path *= log_between(rng, 4, 18) / max(float(np.ptp(path, axis=0).max()), 1.0)
    kernel = _painted(path - path.mean(axis=0))
    return kernel, _line_of(kernel)


def _painted(path: np.ndarray) -> np.ndarray:
    """Return the kernel of a path of points (x, y) about 0, in pixels."""
    reach = int(np.ceil(np.abs(path).max())) + 1
    side = 2 * reach + 1
    fine = np.zeros((side * FINE, side * FINE), np.uint8)
    points = np.rint((path + side / 2) * FINE).astype(np.int32)
    cv2.polylines(fine, [points], isClosed=False, color=255, thickness=FINE)
    kernel = cv2.resize(fine.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _line_of(kernel: np.ndarray) -> Motion:
    """Return the line with a kernel's spread along its longer axis."""
    place = np.arange(len(kernel)) - len(kernel) // 2
    down, across = (kernel.sum(axis=axis) for axis in (1, 0))
    x, y = float(across @ place), float(down @ place)
    xx, yy = float(across @ place**2) - x * x, float(down @ place**2) - y * y
    xy = float(place @ kernel @ place) - x * y
    spread, ways = np.linalg.eigh(np.array([[xx, xy], [xy, yy]]))
    angle = float(np.degrees(np.arctan2(ways[1, 1], ways[0, 1])))
    return Motion(max(float(np.sqrt(12 * spread[1])), 1.5), round(angle, 1) % 180)


def widest_px(blur: Blur) -> float:
    """Return the standard deviation of a directed blur's kernel along its longer axis."""
    match blur:
        case Motion(length):
            return float(length / np.sqrt(12))
        case AnisotropicGaussian(one, other):
            return max(one, other)
        case _:
            raise TypeError(blur)


def as_told(blur: Blur, factor: float, rng: np.random.Generator) -> Blur:
    """Return a blur of a picture that was scaled since, a little off as a user tells it."""
    scale, turn = factor * float(np.exp(rng.normal(0, TOLD_ERROR))), rng.normal(0, TOLD_ERROR_DEG)
    match blur:
        case Motion(length, angle):
            return Motion(length * scale, (angle + turn) % 180)
        case AnisotropicGaussian(one, other, angle):
            turned = (angle + turn + 90) % 180 - 90
            return AnisotropicGaussian(one * scale, other * scale, turned)
        case _:
            raise TypeError(blur)


DIRECTED: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "motion": motion,
    "aniso": aniso,
    "shake": shake,
}
