"""Whether a photo was blurred further in one direction than across it.

A Gaussian's spectrum falls fast along its wide axis and slowly across it. Photos have a contrast
of their own in every direction (a fence, a horizon), so that is left free in each of some sectors;
what counts is where in each direction the spectrum sinks into the storage's noise.
"""

import math
from dataclasses import dataclass, replace

from unveil.degradation import AnisotropicGaussian, Unchanged
from unveil.degradation.kernels import spread_px
from unveil.estimation.likelihood import Candidate, Evidence

SHARE = 0.3
"""Of the coefficients, while the likeliest widths are looked for."""

FIRST_STEP, LAST_STEP = 0.25, 0.01
"""Logarithmic steps of that search; the last is a percent of a width."""

MIN_SIGMA_PX, MAX_SIGMA_PX = 0.2, 32.0
MAX_MOVES = 12
SHARP_SIGMA_PX = 0.8
"""Lenses and scaling blur any photo by a Gaussian of up to this sigma; it obfuscates nothing."""

MIN_RATIO = 1.3
"""Widths that differ less are one."""

MIN_STREAK_PX = 2.0
"""A sharp photo with one main direction looks blurred along it by less (docs/log.md)."""

MIN_LOG_ODDS = 4e-3
"""Nats a coefficient by which two widths must be likelier than anything else (docs/log.md)."""


@dataclass(frozen=True)
class TurnedFit:
    """What was found: the blur, and by how many nats a coefficient it is likelier than another."""

    operator: AnisotropicGaussian
    log_odds: float


def turned(evidence: Evidence, other: Candidate) -> TurnedFit | None:
    """Find the Gaussian of two widths that a photo went through; None where there is none.

    Args:
        evidence: of the photo faded at the borders, by Fourier transform.
        other: the likeliest blur that is the same in all directions, or ``Unchanged``.
    """
    evidence.expect(other)
    start = _Shape(
        2 * math.log(max(0.0 if isinstance(other, Unchanged) else spread_px(other), 0.5))
    )
    shapes = [*start.around(FIRST_STEP), *start.around(4 * FIRST_STEP)]
    found = evidence.log_likelihoods([shape.operator for shape in shapes], SHARE)
    shape = max(shapes, key=lambda s: found[s.operator])
    first = evidence.log_likelihoods([other, start.operator, shape.operator], SHARE)
    if first[shape.operator] <= max(first[other], first[start.operator]):
        return None
    step, moves = FIRST_STEP, 0
    while step > LAST_STEP:
        shapes = [shape, *shape.around(step)]
        found = evidence.log_likelihoods([one.operator for one in shapes], SHARE)
        before, shape, moves = shape, max(shapes, key=lambda s: found[s.operator]), moves + 1
        if shape == before or moves == MAX_MOVES:
            # Another shape leaves another noise in a JPEG; at every move, that could go in circles.
            evidence.expect(shape.operator)
            step, moves = step / 2, 0
    best, alike = shape.operator, _Shape(shape.size).operator
    values = evidence.log_likelihoods([other, alike, best], 1.0)
    odds = values[best] - max(value for blur, value in values.items() if blur != best)
    return TurnedFit(best, odds) if odds > MIN_LOG_ODDS and _is_blur(best) else None


def _is_blur(operator: AnisotropicGaussian) -> bool:
    """Say whether a fit is what photos that were not blurred, or evenly, hardly ever look like."""
    wide, narrow = operator.sigma_x, operator.sigma_y
    is_sharp_across = narrow <= SHARP_SIGMA_PX
    return wide > MIN_RATIO * narrow and (not is_sharp_across or wide >= MIN_STREAK_PX)


@dataclass(frozen=True)
class _Shape:
    """Two widths and an angle, as three numbers without bounds.

    ``size`` is the logarithm of the product of the widths; ``along`` and ``slanted`` are the cosine
    and sine of twice the angle, times half the logarithm of their ratio.
    """

    size: float
    along: float = 0.0
    slanted: float = 0.0

    @property
    def operator(self) -> AnisotropicGaussian:
        half = math.hypot(self.along, self.slanted)
        angle = math.degrees(math.atan2(self.slanted, self.along)) / 2
        wide, narrow = (math.exp(self.size / 2 + part) for part in (half, -half))
        wide, narrow = min(wide, MAX_SIGMA_PX), max(narrow, MIN_SIGMA_PX)
        return AnisotropicGaussian(round(wide, 3), round(narrow, 3), round(angle, 1))

    def around(self, step: float) -> list["_Shape"]:
        """Return shapes a step away: larger, smaller, and drawn out in eight directions."""
        turns = [math.pi * eighth / 4 for eighth in range(8)]
        moves = [(step * math.cos(turn), step * math.sin(turn)) for turn in turns]
        drawn = [_Shape(self.size, self.along + x, self.slanted + y) for x, y in moves]
        sizes = [replace(self, size=self.size + change) for change in (step, -step)]
        return [*sizes, *drawn]
