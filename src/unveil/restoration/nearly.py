"""A part undone nearly, by linear algebra, with what a network is told to correct it.

Told is what was measured, not a recipe: how wide the blur or the blocks are and how sure that is,
how coarsely the picture was kept, where the part is, and how far off the estimate is expected.
"""

import math
from dataclasses import dataclass

import numpy as np

from unveil.config import TILE_PX
from unveil.degradation import Degradation, Storage, UnevenPixelate
from unveil.estimation.plausible import Width
from unveil.images.box import Box
from unveil.images.light import AS_KEPT
from unveil.linear.masked import ROUGHLY, Seen, Trust
from unveil.linear.mosaic import lmmse_mosaic_error
from unveil.linear.prior import Prior
from unveil.linear.uncertain import Plausible
from unveil.networks.interface import coarseness, log_spread
from unveil.restoration.blurred import Part, explained, undo_blur
from unveil.restoration.in_context import framed, mosaic_in_context
from unveil.restoration.real_parts import Granted
from unveil.restoration.restorers import ClosedForm

LEAST_ERROR = 0.01
"""Expected error where nothing was hidden, of values in [0,1]."""

USUAL_WIDTH_ERROR, LEAST_WIDTH_ERROR = 0.05, 1e-3
"""Relative error of a width that is told as 0, and the least one."""

BLOCKS_ERROR = 1.25
"""How much further off a mosaic is than its linear estimate, about."""


Place = tuple[slice, slice]
WHOLE: Place = (slice(None), slice(None))


@dataclass(frozen=True)
class Nearly:
    """A picture with a part undone by linear algebra.

    Attributes:
        images: ``1 x 3 x H x W`` in [0,1]; beside the part the input.
        error: root mean squared error to be expected of each pixel, float32 ``H x W``.
        changes: the pixels that may be hidden, ``H x W`` bool.
        share: how much of the estimate is taken, float32 ``H x W``.
        told: what else was measured, ``5 x H x W``, of the order of 1. Of a blur: log width, log
            error of the width, coarseness of the storage, share taken from the estimate, whether
            hidden. Of a mosaic: log block, share taken, coarseness, column and row in the block.
        misfit: what the estimate leaves unexplained, in gray levels, ``H x W``.
        misfit_levels: the same over all hidden pixels.
        gain_db: how much nearer to the photo the part is expected to be.
        granted: what was taken for granted of a blur; None of a mosaic.
    """

    images: np.ndarray
    error: np.ndarray
    changes: np.ndarray
    share: np.ndarray
    told: np.ndarray
    misfit: np.ndarray
    misfit_levels: float = 0.0
    gain_db: float = 0.0
    granted: Granted | None = None


def blur_nearly(
    images: np.ndarray, hidden: Part, storage: Storage, blurs: Plausible, width: Width,
    margin_px: int, prior: Prior, trust: Trust = ROUGHLY,
) -> Nearly:  # fmt: skip
    """Undo a blur that is known roughly.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        hidden: where it is.
        storage: how the part was kept.
        blurs: what may have blurred it.
        width: how wide it is, and how sure that is.
        margin_px: how far the widest blur reaches.
        prior: power spectrum of clean photos.
        trust: how far all this is believed.
    """
    seen = Seen(images, hidden.mask, hidden.known, storage)
    found = undo_blur(seen, blurs, margin_px, prior, trust)
    share = hidden.weight if hidden.is_sure else hidden.weight * explained(found.misfit)
    changes = (hidden.mask > 0) | ~hidden.known
    error = math.log2(max(width.error, LEAST_WIDTH_ERROR) / USUAL_WIDTH_ERROR) / 2
    told = np.empty((5, *changes.shape), np.float32)
    for plane, value in zip(
        told, (log_spread(width.spread_px), error, coarseness(storage), share, changes), strict=True
    ):
        plane[...] = value
    return Nearly(
        images + share * (found.images - images),
        _expected(share, changes, *found.errors),
        changes,
        share,
        told,
        found.misfit,
        found.misfit_levels,
        found.gain_db,
        Granted(blurs, trust.noise_levels, storage, AS_KEPT, hidden.mask, share),
    )


def mosaic_nearly(
    images: np.ndarray, hidden: Part, box: Box, known: Degradation, prior: Prior
) -> Nearly:
    """Undo a mosaic of any pitch by the means of its blocks.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        hidden: where it is.
        box: around it.
        known: the mosaic, its grid counted from the corner of the box, and the storage.
        prior: power spectrum of clean photos.
    """
    grid = known.operator
    if not isinstance(grid, UnevenPixelate):
        raise TypeError(grid)
    restored, _ = mosaic_in_context(images, box, known, ClosedForm("lmmse", prior), TILE_PX)
    changes = hidden.mask > 0
    error = lmmse_mosaic_error(grid, known.storage, prior) ** 0.5
    share = hidden.weight
    size = math.log2((grid.across * grid.down) ** 0.5) / 4
    told = np.stack(
        [
            np.full(changes.shape, size),
            share,
            np.full(changes.shape, coarseness(known.storage)),
            *(place * changes for place in _places(grid, box, *changes.shape)),
        ]
    ).astype(np.float32)
    return Nearly(
        images + share * (framed(restored, images, box) - images),
        _expected(share, changes, BLOCKS_ERROR * error, error),
        changes,
        share,
        told,
        np.zeros(changes.shape),
    )


def _places(grid: UnevenPixelate, box: Box, height: int, width: int) -> list[np.ndarray]:
    """Return each pixel's column and row in its block, from -1 to 1, ``H x W`` each."""
    columns = (np.arange(width) + 0.5 - box.left - grid.left) / grid.across % 1 * 2 - 1
    rows = (np.arange(height) + 0.5 - box.top - grid.top) / grid.down % 1 * 2 - 1
    return list(np.meshgrid(columns, rows))


def _expected(share: np.ndarray, changes: np.ndarray, before: float, after: float) -> np.ndarray:
    """Return the root mean squared error of each pixel, float32."""
    squares = (share * after) ** 2 + ((changes - share).clip(0) * before) ** 2 + LEAST_ERROR**2
    return np.sqrt(squares).astype(np.float32)


def planes(images: np.ndarray, nearly: Nearly, place: Place = WHOLE) -> np.ndarray:
    """Return what a network reads to correct an estimate, ``1 x 12 x H x W``: see ``Refiner``.

    Args:
        images: what was restored, ``1 x 3 x H x W`` in [0,1].
        nearly: how.
        place: slices of its rows and columns: a part takes less memory than the picture.
    """
    parts = (images[0], nearly.images[0], nearly.error[None], nearly.told)
    return np.concatenate([part[:, *place].astype(np.float32) for part in parts])[None]
