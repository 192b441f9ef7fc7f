"""Length and angle of a motion blur, by likelihood."""

from dataclasses import dataclass

import numpy as np

from unveil.estimation.blur_kinds import LEAK
from unveil.estimation.spectra import Spectrum, costs

ANGLE_STEPS = 18
LENGTH_STEP = 0.08
MIN_LENGTH_PX, MAX_LENGTH_PX = 4.0, 40.0
FINER = (-0.5, 0.0, 0.5)
ROUNDS = 3


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
    passed = np.stack([_passed(spectrum, *path) for path in paths])
    found = costs(spectrum, passed)
    best = int(found.argmin())
    length, angle = paths[best]
    return length, angle, float(found[best])


def _passed(spectrum: Spectrum, length_px: float, angle: float) -> np.ndarray:
    along = spectrum.across * np.cos(angle) + spectrum.down * np.sin(angle)
    passed: np.ndarray = np.sinc(along * length_px) ** 2 + LEAK
    return passed.astype(np.float32)
