"""A cheap check of an operator that the user states against the image itself.

It looks at a few dozen blurs, not at everything that :func:`unveil.estimation.inspection.inspect`
does, so it can contradict a statement but not replace the search.
"""

import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.degradation import (
    Blur,
    BoxBlur,
    Disk,
    GaussianBlur,
    Linear,
    Storage,
    Unchanged,
    UnevenPixelate,
)
from unveil.degradation.kernels import spread_px
from unveil.estimation.blur import busiest, taper
from unveil.estimation.finding import MIN_SIDE_PX
from unveil.estimation.likelihood import Candidate, of_cosines
from unveil.estimation.mosaic import estimate_mosaic
from unveil.estimation.part import find_part
from unveil.images.box import Box
from unveil.linear.prior import Prior

ALTERNATIVES: tuple[Candidate, ...] = (
    Unchanged(),
    *(
        GaussianBlur(2 * max(round(cut * sigma), 1) + 1, sigma)
        for sigma in (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)
        for cut in (1.0, 2.0, 3.0)
    ),
    *map(BoxBlur, (3, 5, 7, 9, 13, 19, 27)),
    *map(Disk, (2.0, 3.0, 4.5, 6.5, 9.0, 13.0)),
)
"""Blurs of every kind and strength that a statement is compared with."""

SHARE = 0.15
"""Of the coefficients: enough to contradict, a seventh of the time."""

MIN_LOG_ODDS = 0.06
"""Nats a coefficient by which an alternative must be likelier than the stated blur."""

MIN_LOG_ODDS_APART = 0.01
"""The same, where the alternative's spread differs too (figures in docs/log.md)."""

SPREAD_TOLERANCE = 0.25
"""Two blurs whose spreads differ by less, as a share of the stated one, are alike."""

SPREAD_TOLERANCE_PX = 0.5


def contradiction(
    images: Array, stated: Linear, storage: Storage, prior: Prior, box: Box | None = None
) -> str | None:
    """Return what the image shows instead of the stated operator; None where they agree.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        stated: the operator, as the user states it.
        storage: how the image was kept.
        prior: power spectrum of clean photos.
        box: the obfuscated part (default: the whole image).
    """
    if isinstance(stated, UnevenPixelate):
        return None  # the search knows blocks of whole pixels only
    images = to_numpy(images)
    part = images if box is None else images[..., *box.place]
    if min(part.shape[-2:]) < MIN_SIDE_PX or np.ptp(part) < 2 / 255:
        return None
    mosaic = estimate_mosaic(part, prior)
    if isinstance(stated, Blur):
        return str(mosaic.operator) if mosaic else _likelier_blur(part, stated, storage, prior)
    if mosaic is not None:
        return None if stated.differs_from(mosaic.operator) == 0 else str(mosaic.operator)
    found = None if box else find_part(images, storage, prior)
    return f"{found}" if found else f"no mosaic of {stated.block} pixels"


def _likelier_blur(image: np.ndarray, stated: Blur, storage: Storage, prior: Prior) -> str | None:
    evidence = of_cosines(taper(busiest(image)), storage, prior)
    evidence.expect(stated)
    found = evidence.log_likelihoods(list(dict.fromkeys([stated, *ALTERNATIVES])), SHARE)
    best = max(found, key=lambda blur: found[blur])
    gap = found[best] - found[stated]
    if gap < MIN_LOG_ODDS_APART or (gap < MIN_LOG_ODDS and _is_alike(best, stated)):
        return None
    return "no blur" if isinstance(best, Unchanged) else f"{best} or one close to it"


def _is_alike(best: Candidate, stated: Blur) -> bool:
    """Return whether two blurs spread about as far."""
    spread, other_px = spread_px(stated), 0.0 if isinstance(best, Unchanged) else spread_px(best)
    return abs(other_px - spread) <= max(SPREAD_TOLERANCE * spread, SPREAD_TOLERANCE_PX)
