"""Parts that were blurred in a way that is known roughly: restored inside, left alone outside.

What is expected to gain little is left as it is, with the reason.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from unveil.arrays import Array, constant, to_numpy
from unveil.config import TILE_PX
from unveil.console import Remark
from unveil.degradation import Degradation, UnevenPixelate
from unveil.estimation.finding import Finding
from unveil.estimation.plausible import plausible, reach_px
from unveil.images.box import Box
from unveil.linear.masked import Seen, estimate_masked
from unveil.linear.prior import Prior
from unveil.restoration.in_context import framed, mosaic_in_context
from unveil.restoration.restorers import ClosedForm

BAND_PX = 6
"""At the rim of a part it is not known what was blurred: masks are off by a cell or two."""

MIN_PART_PX = 64
"""Of a smaller part nothing is left inside its rim."""

MAX_PART_PX = 2_000_000
"""A larger part takes minutes and gigabytes."""

MIN_CONFIDENCE = 0.5
"""Chance that the kind is right; below it, a part may as well be clean."""

LEFT = {
    "motion": "where the lines of a motion begin does not show",
    "median": "a median filter has no inverse",
}
"""Why kinds with an operator are left alone."""

LEAST_GAIN_DB = 0.3
"""A restored part must be expected to be nearer to the photo by this."""


@dataclass(frozen=True)
class Attempt:
    """What came of a part.

    Attributes:
        images: with the part restored; the very input where it was not.
        gain_db: by how much it is expected to be nearer to the photo; None where that is not known.
        reason: why it was left alone; None where it was restored.
    """

    images: Array
    gain_db: float | None = None
    reason: str | None = None


def restore_parts(
    images: Array, finding: Finding, prior: Prior
) -> tuple[Array, tuple[Remark, ...]]:
    """Restore the parts whose blur is known roughly; say what became of each.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        finding: what hides them; parts that are clean or can be undone exactly are passed over.
        prior: power spectrum of clean photos.
    """
    remarks = []
    for part in finding.parts:
        if part.is_clean or part.degradation is not None:
            continue
        attempt = restore_part(images, part, prior)
        images, place = attempt.images, part.box or "the whole picture"
        if attempt.reason is None:
            text = f"{place}: restored as nearly as it is known"
            text += "" if attempt.gain_db is None else f", about {attempt.gain_db:.1f} dB"
        else:
            text = f"{place}: left as it is ({attempt.reason})"
        remarks.append(Remark(text))
    return images, tuple(remarks)


def restore_part(images: Array, part: Finding, prior: Prior) -> Attempt:
    """Restore a part and blend it into what is around it.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        part: where and how it was hidden.
        prior: power spectrum of clean photos.
    """
    if (part.confidence or 0) < MIN_CONFIDENCE:
        return Attempt(images, reason="how it was hidden is in doubt")
    mask = _mask(part, *images.shape[-2:])
    inside = _eroded(mask)
    if not MIN_PART_PX <= inside.sum() <= MAX_PART_PX:
        return Attempt(images, reason="too small" if inside.sum() < MIN_PART_PX else "too large")
    seen = Seen(to_numpy(images), inside, _eroded(~mask), part.storage)
    found = _of_mosaic(images, part, prior) or _of_blur(seen, part, prior)
    if found.reason is not None:
        return replace(found, images=images)
    weight = constant(_softened(inside), images)
    return replace(found, images=images + weight * (found.images - images))


def _of_mosaic(images: Array, part: Finding, prior: Prior) -> Attempt | None:
    """Return the picture with a mosaic undone by the means of its blocks; None for other kinds."""
    if part.pitch_px is None or part.phase_px is None:
        return None
    (across, down), (left, top) = part.pitch_px, part.phase_px
    box = part.box or Box(0, 0, images.shape[-1], images.shape[-2])
    grid = UnevenPixelate(across, down, (left - box.left) % across, (top - box.top) % down)
    known, closed = Degradation(grid, part.storage), ClosedForm("lmmse", prior)
    restored, _ = mosaic_in_context(images, box, known, closed, TILE_PX)
    return Attempt(framed(restored, images, box))


def _of_blur(seen: Seen, part: Finding, prior: Prior) -> Attempt:
    """Return the picture with a blur undone by the likeliest photo."""
    blurs = plausible(part)
    if blurs is None:
        reason = LEFT.get(part.kind) or part.reason or "no blur of a known width"
        return Attempt(seen.images, reason=reason)
    margin = reach_px(blurs)
    place = _around(~seen.sharp).grown(margin, margin, *seen.sharp.shape[::-1]).place
    near = Seen(seen.images[..., *place], seen.blurred[place], seen.sharp[place], seen.storage)
    found = estimate_masked(near, blurs, margin, prior)
    if found.gain_db < LEAST_GAIN_DB:
        return Attempt(seen.images, found.gain_db, "too little to gain")
    restored = seen.images.copy()
    restored[..., *place] = found.images.clip(0, 1)
    return Attempt(restored, found.gain_db)


def _mask(part: Finding, height: int, width: int) -> np.ndarray:
    """Return the pixels of a part, ``H x W`` bool."""
    if part.mask is not None:
        return part.mask
    mask = np.zeros((height, width), bool)
    mask[(part.box or Box(0, 0, width, height)).place] = True
    return mask


def _around(mask: np.ndarray) -> Box:
    """Return the box around the pixels of a mask."""
    return Box(*cv2.boundingRect(mask.astype(np.uint8)))


def _eroded(mask: np.ndarray) -> np.ndarray:
    """Return a mask without its rim; the picture's border is none."""
    side = 2 * BAND_PX + 1
    framed = np.pad(mask.astype(np.uint8), BAND_PX, mode="edge")
    worn = cv2.erode(framed, np.ones((side, side), np.uint8))
    return np.asarray(worn[BAND_PX:-BAND_PX, BAND_PX:-BAND_PX], bool)


def _softened(mask: np.ndarray) -> np.ndarray:
    """Return weights that rise from 0 to 1 across the rim of a mask, float32."""
    framed = np.pad(mask.astype(np.float32), BAND_PX, mode="edge")
    return np.asarray(
        cv2.blur(framed, (BAND_PX + 1, BAND_PX + 1))[BAND_PX:-BAND_PX, BAND_PX:-BAND_PX]
    )
