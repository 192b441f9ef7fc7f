"""The blurs whose likelihood is compared: first a coarse grid, then a fine one near the best."""

from collections.abc import Mapping
from typing import TypeVar

from unveil.degradation import Blur, BoxBlur, Disk, GaussianBlur, Unchanged

SIGMAS_PX = tuple(0.5 * 20 ** (step / 39) for step in range(40))
CUTS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Where Gaussian kernels end, in sigmas."""

BOXES_PX = tuple(range(3, 34, 2))
RADII_PX = tuple(1.5 + step / 4 for step in range(59))
SHARP_SIGMA_PX = 0.8
"""Lenses and scaling blur any photo by a Gaussian of up to this sigma; it obfuscates nothing."""

ROUND_PX = 0.5
"""Users choose multiples of it for sigma."""

Candidate = Blur | Unchanged
Kind = TypeVar("Kind", bound=Blur)


def first_guesses() -> list[Candidate]:
    """Return no blur and blurs of every kind, from mild to strong."""
    gaussians = {_gaussian(sigma, cut * sigma) for sigma in SIGMAS_PX for cut in CUTS}
    boxes, disks = map(BoxBlur, BOXES_PX), map(Disk, RADII_PX)
    return [Unchanged(), *sorted(gaussians, key=str), *boxes, *disks]


def closer_guesses(found: Mapping[Candidate, float]) -> list[Candidate]:
    """Return no blur and blurs close to the likeliest of every kind.

    Args:
        found: log-likelihood of each candidate of the last look.
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
    """Return the blurs of one kind, in order of decreasing likelihood."""
    of_kind = [blur for blur in found if isinstance(blur, kind)]
    return sorted(of_kind, key=lambda blur: found[blur], reverse=True)


def _gaussian(sigma: float, radius: float) -> GaussianBlur:
    return GaussianBlur(2 * max(round(radius), 1) + 1, sigma)


def _sigmas_near(sigma: float) -> list[float]:
    """Return values within 10 % of ``sigma``, and the nearest multiple of ``ROUND_PX``."""
    nearest = max(round(sigma / ROUND_PX), 1) * ROUND_PX
    return [nearest, *(round(sigma * (1 + step / 50), 4) for step in range(-5, 6))]
