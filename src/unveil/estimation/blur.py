"""Which blur a photo went through, by maximum likelihood over its frequencies."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from unveil.degradation import Blur, BoxBlur, Disk, GaussianBlur, Storage, Unchanged
from unveil.degradation.kernels import spread_px
from unveil.estimation.anisotropic import turned
from unveil.estimation.likelihood import Candidate, Evidence, of_cosines, of_waves
from unveil.linear.prior import Prior

SIGMAS_PX = tuple(0.5 * 20 ** (step / 39) for step in range(40))
CUTS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Where Gaussian kernels end, in sigmas."""

BOXES_PX = tuple(range(3, 34, 2))
RADII_PX = tuple(1.5 + step / 4 for step in range(59))

ROUND_PX = 0.5
"""Users choose multiples of it for sigma."""

Kind = TypeVar("Kind", bound=Blur)

SHARES = (0.15, 0.3, 1.0)
"""Share of the coefficients that a first overview and each closer look take."""


@dataclass(frozen=True)
class BlurFit:
    """What was found.

    Attributes:
        operator: the likeliest blur, or ``Unchanged``.
        sigma_error_px: standard error of a Gaussian's sigma.
        log_odds: log-likelihood above the best hypothesis of another kind (none, Gaussian, box,
            disk, Gaussian of two widths), in nats for each coefficient that counts.
        is_mirrored: whether the whole image, borders mirrored, says the same as its middle; taken
            to be so where it was too large to look at, and of a Gaussian of two widths.
    """

    operator: Candidate
    sigma_error_px: float | None
    log_odds: float
    is_mirrored: bool = False


def estimate_blur(
    image: np.ndarray,
    storage: Storage,
    prior: Prior,
    *,
    is_cut: bool,
    widths_px: tuple[float, float] = (0.0, math.inf),
) -> BlurFit:
    """Find the blur of ``image``.

    Args:
        image: ``1 x 3 x H x W`` in [0,1]; of a large one, the busiest part is looked at.
        storage: how it was kept.
        prior: power spectrum of clean photos.
        is_cut: whether the image is a piece of a larger one, whose borders were not mirrored.
        widths_px: range of the standard deviation of the blurs that are looked at.
    """
    part = busiest(image)
    tapered = taper(part)
    guesses = [blur for blur in first_guesses() if _is_in(blur, widths_px)]
    fit = _fit(of_cosines(tapered, storage, prior), guesses)
    if part.shape != image.shape:  # too large to look at its borders
        fit = replace(fit, is_mirrored=not is_cut)
    if not is_cut and part.shape == image.shape:
        # Mirrored borders make the whole image exact evidence. Other programs have other borders:
        # then both disagree, and the faded one, which sees no borders, is right.
        # But a disk's rings are in no border.
        whole = _fit(of_cosines(image, storage, prior), guesses)
        alike = _alike(whole.operator, fit.operator)
        if alike or isinstance(whole.operator, Disk):
            fit = replace(whole, is_mirrored=True)
    found = turned(of_waves(tapered, storage, prior), fit.operator)
    if found is None:
        return fit
    return BlurFit(found.operator, None, found.log_odds, is_mirrored=not is_cut)


def _is_in(blur: Candidate, widths_px: tuple[float, float]) -> bool:
    low, high = widths_px
    return isinstance(blur, Unchanged) or low <= spread_px(blur) <= high


def _fit(evidence: Evidence, guesses: Sequence[Candidate]) -> BlurFit:
    found = evidence.log_likelihoods(guesses, SHARES[0])
    for share in SHARES[1:]:
        # The noise of a JPEG depends on what was stored, and so on the blur.
        evidence.expect(max(found, key=lambda blur: found[blur]))
        found = evidence.log_likelihoods(closer_guesses(found), share)
    found = _without_faint_disks(found, evidence.storage)
    best = _cautious(found)
    rivals = [value for blur, value in found.items() if type(blur) is not type(best)]
    error = _sigma_error(found, best) if isinstance(best, GaussianBlur) else None
    return BlurFit(best, error, found[best] - max(rivals, default=found[best]))


def _without_faint_disks(found: dict[Candidate, float], storage: Storage) -> dict[Candidate, float]:
    """Return ``found`` without disks, where the likeliest is not clearly a disk."""
    others: dict[Candidate, float] = {
        blur: value for blur, value in found.items() if not isinstance(blur, Disk)
    }
    best, ahead = max(found, key=lambda b: found[b]), max(found.values()) - max(others.values())
    if storage.kind == "jpeg":
        return found if isinstance(best, Disk) and best.radius >= MIN_JPEG_RADIUS_PX else others
    return found if ahead > MIN_DISK_LOG_ODDS else others


MIN_DISK_LOG_ODDS = 0.03
"""Nats a coefficient by which a disk must be likelier than any other blur, where the file is exact.

Faint detail counts there, of which the prior knows least: textures look like disks (docs/log.md).
"""

MIN_JPEG_RADIUS_PX = 3.0
"""JPEG loses the rings in the spectrum of smaller disks; sharp photos look like them."""


def _cautious(found: dict[Candidate, float]) -> Candidate:
    """Return the likeliest blur; of Gaussians nearly as likely a round one, or that of least sigma.

    People choose round numbers, and undoing more than there was costs more than undoing less.
    """
    best = max(found, key=lambda blur: found[blur])
    if not isinstance(best, GaussianBlur):
        return best
    close = [
        blur
        for blur, value in found.items()
        if isinstance(blur, GaussianBlur) and value >= found[best] - TIE_LOG_ODDS
    ]
    least = min(close, key=lambda blur: (blur.sigma, -found[blur]))
    rounded = [blur for blur in close if blur.sigma % ROUND_PX == 0]
    near = [blur for blur in rounded if blur.sigma <= least.sigma * (1 + ROUNDING_TOLERANCE)]
    return max(near, key=lambda blur: found[blur], default=least)


TIE_LOG_ODDS = 2e-4
"""In nats a coefficient; found on training photos (docs/log.md)."""

ROUNDING_TOLERANCE = 0.03
"""Share of sigma by which it may be rounded."""


def _alike(one: Candidate, other: Candidate) -> bool:
    """Return whether two fits are one blur, up to the errors of fitting."""
    if isinstance(one, Unchanged) or isinstance(other, Unchanged):
        return one == other
    kernel_px = abs(one.kernel - other.kernel)
    return other.differs_from(one) < SIZE_TOLERANCE and kernel_px <= max(4, other.kernel // 3)


SIZE_TOLERANCE = 0.15
"""Relative difference below which two estimates of a blur's size are one."""

MAX_PART_PX = 256


def busiest(image: np.ndarray) -> np.ndarray:
    """Return the part of at most 256 x 256 pixels that varies most."""
    height, width = (min(size, MAX_PART_PX) for size in image.shape[-2:])
    step = max(min(height, width) // 2, 1)
    corners = itertools.product(
        range(0, image.shape[-2] - height + 1, step), range(0, image.shape[-1] - width + 1, step)
    )
    parts = [image[..., y : y + height, x : x + width] for y, x in corners]
    return max(parts, key=lambda part: float(part.var()))


def taper(image: np.ndarray) -> np.ndarray:
    """Fade the image out to its mean at the borders, keeping its energy."""
    window = np.outer(*(np.hanning(size) for size in image.shape[-2:])).astype(np.float32)
    mean = (image * window).sum(axis=(-2, -1), keepdims=True) / window.sum()
    return (image - mean) * window / np.sqrt((window**2).mean())


def _sigma_error(found: dict[Candidate, float], best: GaussianBlur) -> float | None:
    """Return the standard error of sigma, from how fast the likelihood falls around it.

    With as many independent coefficients as experience shows (docs/log.md), not as there are.
    None where it does not fall.
    """
    same = [
        ((blur.sigma - best.sigma) ** 2, found[best] - value)
        for blur, value in found.items()
        if isinstance(blur, GaussianBlur) and blur.kernel == best.kernel and blur != best
    ]
    curvature = sum(fall * square for square, fall in same) / sum(square**2 for square, _ in same)
    if curvature <= 0:
        return None
    return math.sqrt(1 / (2 * curvature * EFFECTIVE_COEFFICIENTS))


EFFECTIVE_COEFFICIENTS = 2000.0


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
