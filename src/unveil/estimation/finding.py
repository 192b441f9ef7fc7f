"""What hides a photo, told from the photo alone."""

import math
from dataclasses import dataclass

import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.degradation import Degradation, Disk, GaussianBlur, Operator, Storage, Unchanged
from unveil.estimation.anisotropic import SHARP_SIGMA_PX
from unveil.estimation.blur import EFFECTIVE_COEFFICIENTS, BlurFit, estimate_blur
from unveil.estimation.mosaic import PART_BLOCKS_PX, MosaicFit, estimate_mosaic, find_mosaic, snap
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.report.rows import Row

MIN_SIDE_PX = 16
"""Smaller pictures hold too little to tell a blur from a soft subject."""


MAX_PART_FLATNESS = 0.2
"""Jumps inside the blocks of a part, over those between them; JPEG's own blocks have more."""


@dataclass(frozen=True)
class Finding:
    """What was found in a picture or a part of it.

    Attributes:
        operator: what was done to it: a blur, a mosaic or ``Unchanged``.
        storage: how it was kept.
        confidence: chance that the kind of operator (none, Gaussian, disk, mosaic...) is right;
            None where the operator was stated, not found.
        sigma_error_px: standard error of a Gaussian's sigma.
        box: the part that is hidden; None for the whole picture.
    """

    operator: Operator
    storage: Storage
    confidence: float | None
    sigma_error_px: float | None = None
    box: Box | None = None

    @property
    def degradation(self) -> Degradation | None:
        """Operator and storage; None where nothing was done, so that nothing can be undone."""
        is_clean = self.operator == Unchanged()
        return None if is_clean else Degradation(self.operator, self.storage)

    def as_row(self) -> Row:
        """Return the finding as JSON values; ``operator`` is its text form."""
        return {
            "operator": str(self.operator),
            "confidence": None if self.confidence is None else round(self.confidence, 3),
            "sigma_error_px": self.sigma_error_px and round(self.sigma_error_px, 3),
            "storage": str(self.storage),
            "box": str(self.box) if self.box else None,
        }

    def __str__(self) -> str:
        what = str(self.operator) if self.degradation else "no blur and no mosaic"
        error = f" (sigma +- {self.sigma_error_px:.2f})" if self.sigma_error_px else ""
        where = f", in {self.box}" if self.box else ""
        sure = "stated" if self.confidence is None else f"confidence {self.confidence:.0%}"
        return f"{what}{error}{where}, kept as {self.storage}; {sure}"


def inspect(image: Array, storage: Storage, prior: Prior, box: Box | None = None) -> Finding:
    """Find what hides ``image``, or the part of it in ``box``.

    Args:
        image: ``1 x 3 x H x W`` in [0,1].
        storage: how it was kept, as its file tells.
        prior: power spectrum of clean photos.
        box: where to look (default: everywhere; a mosaic that covers a part is found).

    Raises:
        UsageError: the box is not inside the picture.
    """
    if box is not None:
        box.check_inside(image.shape[-1], image.shape[-2])
        image = image[..., *box.place]
    image = to_numpy(image)
    mosaic = estimate_mosaic(image, prior)
    if mosaic is not None:
        return _of_mosaic(mosaic, storage, box)
    if box is None and (part := find_part(image, storage, prior)) is not None:
        return part
    if min(image.shape[-2:]) < MIN_SIDE_PX or np.ptp(image) < 2 / 255:
        return Finding(Unchanged(), storage, 0.5, None, box)
    return _of_blur(estimate_blur(image, storage, prior, is_cut=box is not None), storage, box)


def _of_mosaic(fit: MosaicFit, storage: Storage, box: Box | None) -> Finding:
    return Finding(fit.operator, storage, 1 - fit.flatness, None, box)


def find_part(
    image: Array, storage: Storage, prior: Prior, blocks_px: range = PART_BLOCKS_PX
) -> Finding | None:
    """Find a mosaic that covers a part of ``image``; None where there is none.

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
    return Finding(fit.operator, storage, 1 - fit.flatness, None, box)


def _is_sharp(operator: Operator) -> bool:
    """Return whether a blur is what lenses and scaling leave in any photo."""
    match operator:
        case GaussianBlur(_, sigma):
            return sigma <= SHARP_SIGMA_PX
        case Disk(radius):
            return radius <= 2 * SHARP_SIGMA_PX
        case _:
            return False


def _of_blur(fit: BlurFit, storage: Storage, box: Box | None) -> Finding:
    confidence = 1 / (1 + math.exp(-min(fit.log_odds * EFFECTIVE_COEFFICIENTS, 50.0)))
    operator = fit.operator
    if _is_sharp(operator):
        return Finding(Unchanged(), storage, confidence, None, box)
    return Finding(operator, storage, confidence, fit.sigma_error_px, box)
