"""Length and angle of a motion blur, by likelihood; lines of equal weights, and lines that fade."""

from dataclasses import dataclass

import numpy as np

from unveil.estimation.blur_kinds import LEAK
from unveil.estimation.spectra import Spectrum, costs

ANGLE_STEPS = 18
LENGTH_STEP = 0.08
MIN_LENGTH_PX, MAX_LENGTH_PX = 4.0, 40.0
FINER = (-0.5, 0.0, 0.5)
ROUNDS = 3

FADING_PX = np.geomspace(1.0, 20.0, 12)
"""Widths of lines that fade."""

FADING_TAPS = 61


@dataclass(frozen=True)
class MotionFit:
    """What was found.

    Attributes:
        length_px: of the path.
        angle_deg: of the path, from 0 to 180; x to the right, y downwards.
        cost: negative log-likelihood in nats.
    """

    length_px: float
    angle_deg: float
    cost: float


def fit_motion(spectrum: Spectrum, shortest_px: float, longest_px: float) -> MotionFit:
    """Return the likeliest straight motion whose length is about in a range."""
    low, high = max(shortest_px, MIN_LENGTH_PX), min(longest_px, MAX_LENGTH_PX)
    lengths = np.exp(np.arange(np.log(low), np.log(max(high, low * 1.1)), LENGTH_STEP))
    angles = np.arange(ANGLE_STEPS) * np.pi / ANGLE_STEPS
    length, angle, cost = _best(spectrum, [(n, a) for n in lengths for a in angles])
    length_step, angle_step = LENGTH_STEP, np.pi / ANGLE_STEPS
    for _ in range(ROUNDS):
        near = [
            (length * np.exp(a * length_step), angle + b * angle_step) for a in FINER for b in FINER
        ]
        length, angle, cost = _best(spectrum, near)
        length_step, angle_step = length_step / 2, angle_step / 2
    return MotionFit(length, float(np.degrees(angle) % 180), cost)


def _best(spectrum: Spectrum, paths: list[tuple[float, float]]) -> tuple[float, float, float]:
    passed = np.stack([even_line(spectrum, *path) for path in paths]) + LEAK
    found = costs(spectrum, passed.astype(np.float32))
    best = int(found.argmin())
    length, angle = paths[best]
    return length, angle, float(found[best])


def even_line(spectrum: Spectrum, length_px: float, angle: float) -> np.ndarray:
    """Return the squared transfer of a line of equal weights, angle in radians."""
    passed: np.ndarray = np.sinc(_along(spectrum, angle) * length_px) ** 2
    return passed


def fading_lines(spectrum: Spectrum, angle: float) -> np.ndarray:
    """Return the squared transfers of lines that fade from one end on, ``C x N`` float32.

    ImageMagick's is half a Gaussian, FFmpeg's falls exponentially.
    """
    along = 2 * np.pi * _along(spectrum, angle)
    taps = np.arange(FADING_TAPS)
    passed = []
    for width in FADING_PX:
        half = np.exp(-(taps**2) / (2 * width**2))
        passed += [np.abs(np.exp(-1j * along[:, None] * taps) @ (half / half.sum())) ** 2]
        passed += [1 / (1 + (along * width) ** 2)]
    return (np.stack(passed) + LEAK).astype(np.float32)


def _along(spectrum: Spectrum, angle: float) -> np.ndarray:
    """Return the frequencies along a line, in cycles a pixel."""
    return spectrum.across * np.float32(np.cos(angle)) + spectrum.down * np.float32(np.sin(angle))
