"""Which blurs a photo may have gone through: first from end to end, then close to the likeliest."""

from collections.abc import Mapping
from typing import TypeVar

from unveil.degradation import Blur, BoxBlur, Disk, GaussianBlur, Unchanged

SIGMAS_PX = tuple(0.5 * 20 ** (step / 39) for step in range(40))
CUTS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Where Gaussian windows end, in sigmas."""

BOXES_PX = tuple(range(3, 34, 2))
RADII_PX = tuple(1.5 + step / 4 for step in range(59))
SHARP_SIGMA_PX = 0.8
"""A Gaussian up to this wide is what lenses and scaling leave in any photo: no obfuscation."""

ROUND_PX = 0.5
"""What round sigmas are multiples of."""

Candidate = Blur | Unchanged
Kind = TypeVar("Kind", GaussianBlur, BoxBlur, Disk)


def first_guesses() -> list[Candidate]:
    """Return no blur at all, and blurs of every kind from slight to strong."""
    gaussians = {_gaussian(sigma, cut * sigma) for sigma in SIGMAS_PX for cut in CUTS}
    return [Unchanged(), *sorted(gaussians, key=str), *map(BoxBlur, BOXES_PX), *map(Disk, RADII_PX)]


def closer_guesses(found: Mapping[Candidate, float]) -> list[Candidate]:
    """Return no blur at all, and blurs close to the likeliest of every kind.

    Args:
        found: how likely each blur is that was looked at, in any unit.
    """
    gaussians = {
        GaussianBlur(max(best.kernel + change, 3), sigma)
        for best in _likeliest(found, GaussianBlur)[:2]
        for change in (-4, -2, 0, 2, 4)
        for sigma in _sigmas_near(best.sigma)
    }
    disks = {
        Disk(round(best.radius + step / 20, 2))
        for best in _likeliest(found, Disk)[:2]
        for step in range(-4, 5)
    }
    boxes = _likeliest(found, BoxBlur)[:3]
    return [Unchanged(), *sorted(gaussians, key=str), *boxes, *sorted(disks, key=str)]


def _likeliest(found: Mapping[Candidate, float], kind: type[Kind]) -> list[Kind]:
    """Return the blurs of one kind, the likeliest first."""
    of_kind = [blur for blur in found if isinstance(blur, kind)]
    return sorted(of_kind, key=lambda blur: found[blur], reverse=True)


def _gaussian(sigma: float, radius: float) -> GaussianBlur:
    return GaussianBlur(2 * max(round(radius), 1) + 1, sigma)


def _sigmas_near(sigma: float) -> list[float]:
    """Return values within 10 % of ``sigma``, the nearest round one among them."""
    nearest = max(round(sigma / ROUND_PX), 1) * ROUND_PX
    return [nearest, *(round(sigma * (1 + step / 50), 4) for step in range(-5, 6))]
