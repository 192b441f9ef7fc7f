"""Windows that programs build from simpler ones: boxes and exponentials, run several times.

A window is a list of weights, symmetric about its middle. Needs no torch.
"""

import math
from collections.abc import Sequence

from unveil.degradation import Window

DIGITS = 5
"""Of each weight against the middle one: all that is left out stays below 0.01 of 255 levels."""


def window(across: Sequence[float], down: Sequence[float] = ()) -> Window:
    """Return the operator of whole windows, each of an odd number of weights in any unit.

    Whole numbers are kept; other weights are rounded to ``DIGITS`` against the middle one.
    """
    return Window(_half(across), _half(down))


def _half(weights: Sequence[float]) -> tuple[float, ...]:
    half = [float(weight) for weight in weights[len(weights) // 2 :]]
    if not all(weight.is_integer() for weight in half):
        half = [round(weight / half[0], DIGITS) for weight in half]
    while half and half[-1] == 0:
        half.pop()
    return tuple(half)


def box(width: int) -> list[int]:
    """Return ``width`` equal weights."""
    return [1] * width


def wide_box(width: float) -> list[float]:
    """Return a box of a width that is no whole number of pixels, at least 1.

    What it reaches of the outermost pixels is their weight (P. Gwosdek et al., "Theoretical
    foundations of Gaussian convolution by extended box filtering", 2011).
    """
    radius = math.floor((width - 1) / 2)
    edge = (width - 1) / 2 - radius
    return [edge, *box(2 * radius + 1), edge] if edge else list(box(2 * radius + 1))


def exponential(decay: float) -> list[float]:
    """Return weights that fall by a factor ``decay``, from 0 to below 1, at every pixel."""
    reach = math.ceil(-DIGITS * math.log(10) / math.log(decay)) if decay else 0
    return [decay ** abs(distance) for distance in range(-reach, reach + 1)]


def cascade(*windows: Sequence[float]) -> list[float]:
    """Return the window that does what ``windows`` do one after the other: their convolution."""
    passed: list[float] = [1]
    for weights in windows:
        longer = [0.0] * (len(passed) + len(weights) - 1)
        for place, weight in enumerate(weights):
            for start, value in enumerate(passed):
                longer[start + place] += weight * value
        passed = longer
    return passed
