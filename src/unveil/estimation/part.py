"""A mosaic on whole pixels that covers a part of a picture, found to the pixel."""

from unveil.arrays import Array, to_numpy
from unveil.degradation import Storage
from unveil.estimation.finding import Finding
from unveil.estimation.mosaic import PART_BLOCKS_PX, MosaicFit, estimate_mosaic, find_mosaic, snap
from unveil.images.box import Box
from unveil.linear.prior import Prior

MAX_PART_FLATNESS = 0.2
"""Jumps inside the blocks of a part, over those between them; JPEG's own blocks have more."""


def of_mosaic(fit: MosaicFit, storage: Storage, box: Box | None) -> Finding:
    """Return the finding of a mosaic on whole pixels."""
    operator, (left, top) = fit.operator, (box.left, box.top) if box else (0, 0)
    size = float(operator.block)
    return Finding(
        operator, storage, 1 - fit.flatness, None, box, "mosaic", size, size, size,
        pitch_px=(size, size), phase_px=(float(left + operator.left), float(top + operator.top)),
    )  # fmt: skip


def find_part(
    image: Array, storage: Storage, prior: Prior, blocks_px: range = PART_BLOCKS_PX
) -> Finding | None:
    """Find a mosaic on whole pixels that covers a part of ``image``; None where there is none.

    Args:
        image: ``1 x 3 x H x W`` in [0,1].
        storage: how it was kept.
        prior: power spectrum of clean photos.
        blocks_px: sizes that a block may have.
    """
    image = to_numpy(image)
    rough = find_mosaic(image, blocks_px)
    if rough is None or not (about := estimate_mosaic(image[..., *rough.place], prior, blocks_px)):
        return None
    box = snap(image, rough, about.operator)
    fit = estimate_mosaic(image[..., *box.place], prior, blocks_px)
    # What only looked like a mosaic has another grid when it is cut out along that.
    if fit is None or fit.operator != type(fit.operator)(about.operator.block):
        return None
    if fit.flatness > MAX_PART_FLATNESS:
        return None
    return of_mosaic(fit, storage, box)
