"""Parts that were blurred in a way that is known roughly: restored inside, left alone outside.

What is expected to gain little is left as it is, with the reason.
"""

from dataclasses import replace

import numpy as np

from unveil.arrays import Array, constant, to_numpy
from unveil.console import Remark
from unveil.degradation import Degradation
from unveil.degradation.mosaics import uneven
from unveil.estimation.finding import Finding
from unveil.estimation.plausible import has_edge, plausible, reach_px, width_of
from unveil.images.box import Box
from unveil.images.light import AS_KEPT
from unveil.linear.masked import CLOSELY, ROUGHLY
from unveil.linear.prior import Prior
from unveil.restoration.blurred import (
    BAND_PX,
    LEAST_GAIN_DB,
    LEAST_WHOLE_GAIN_DB,
    TOO_LITTLE,
    Attempt,
    Part,
    around,
    outlined,
    pasted,
)
from unveil.restoration.checks import MAX_LEVELS, MISFIT
from unveil.restoration.nearly import Nearly, blur_nearly, mosaic_nearly
from unveil.restoration.refining import REACH_PX, Kind, refine

MIN_PART_PX = 64
"""Of a smaller part nothing is left inside its rim."""

MAX_PART_PX = 2_000_000
"""A larger part takes minutes and gigabytes."""

MIN_CONFIDENCE, MIN_MOSAIC_CONFIDENCE = 0.4, 0.6
"""Chance that the kind is right; below it, a part may as well be clean, or something else."""

LEFT = {
    "motion": "where the lines of a motion begin does not show",
    "median": "a median filter has no inverse",
}
"""Why kinds with an operator are left alone."""


def restore_parts(
    images: Array, finding: Finding, prior: Prior
) -> tuple[Array, tuple[Remark, ...], tuple[Attempt, ...]]:
    """Restore the parts whose blur is known roughly; say what became of each.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        finding: what hides them; parts that are clean or can be undone exactly are passed over.
        prior: power spectrum of clean photos.

    Returns:
        The picture, what to say, and what came of the parts that were restored.
    """
    remarks, done = [], []
    for part in finding.parts:
        if part.is_clean or part.degradation is not None:
            continue
        attempt = restore_part(images, part, prior)
        images = attempt.images
        done += [attempt] if attempt.reason is None else []
        remarks.append(said_of(attempt, part))
    return images, tuple(remarks), tuple(done)


def said_of(attempt: Attempt, part: Finding) -> Remark:
    """Return what to say of what came of a part."""
    place = part.box or "the whole picture"
    if attempt.reason is not None:
        return Remark(f"{place}: left as it is ({attempt.reason})")
    gain = "" if attempt.gain_db is None else f", about {attempt.gain_db:.1f} dB"
    return Remark(f"{place}: restored as nearly as it is known{gain}")


def restore_part(images: Array, part: Finding, prior: Prior) -> Attempt:
    """Restore a part and blend it into what is around it.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        part: where and how it was hidden.
        prior: power spectrum of clean photos.
    """
    kind: Kind = "mosaic" if part.kind == "mosaic" else "blur"
    if (part.confidence or 0) < (MIN_MOSAIC_CONFIDENCE if kind == "mosaic" else MIN_CONFIDENCE):
        return Attempt(images, reason="how it was hidden is in doubt")
    height, width = images.shape[-2:]
    mask = _mask(part, height, width)
    # A part takes less memory than the picture.
    near = _near(part, kind, mask)
    done = _restored(images[..., *near.place], mask[near.place], _within(part, near), kind, prior)
    return pasted(done, images, near)


def _near(part: Finding, kind: Kind, mask: np.ndarray) -> Box:
    """Return what restoring a part depends on."""
    height, width = mask.shape
    blurs = None if kind == "mosaic" else plausible(part)
    margin_px = BAND_PX + max(REACH_PX[kind], reach_px(blurs) if blurs else 0)
    place = around(mask) if part.box is None else part.box.hull(around(mask))
    return place.grown(margin_px, margin_px, width, height)


def _within(part: Finding, near: Box) -> Finding:
    """Return a part as counted from the corner of a box."""
    phase = part.phase_px and (part.phase_px[0] - near.left, part.phase_px[1] - near.top)
    return replace(part, box=part.box and part.box.within(near), phase_px=phase)


def _restored(images: Array, mask: np.ndarray, part: Finding, kind: Kind, prior: Prior) -> Attempt:
    """Return what came of a part that is as sure as it must be."""
    hidden = outlined(mask)
    size_px = np.count_nonzero(hidden.known & (hidden.mask > 0))
    if not MIN_PART_PX <= size_px <= MAX_PART_PX:
        return Attempt(images, reason="too small" if size_px < MIN_PART_PX else "too large")
    seen = to_numpy(images)
    if isinstance(nearly := _nearly(seen, hidden, part, prior), str):
        return Attempt(images, reason=nearly)
    if _misfit_levels(nearly) > MAX_LEVELS:
        return Attempt(images, reason=MISFIT)
    found = refine(seen, nearly, kind)
    least = LEAST_WHOLE_GAIN_DB if mask.all() else LEAST_GAIN_DB
    if found.gain_db < least:
        return Attempt(images, found.gain_db, TOO_LITTLE)
    restored, granted = constant(found.images, images), nearly.granted
    granted = granted and replace(granted, error=found.error)
    error = constant(found.error, images)
    return Attempt(restored, found.gain_db, None, error, granted=granted, refiner=found.name)


def _misfit_levels(nearly: Nearly) -> float:
    """Return how far the estimate, blurred again, is from the input where it is taken."""
    taken = (nearly.share > 0) & (nearly.misfit > 0)
    return float(np.square(nearly.misfit[taken]).mean()) ** 0.5 if taken.any() else 0.0


def _nearly(seen: np.ndarray, hidden: Part, part: Finding, prior: Prior) -> Nearly | str:
    """Return the part undone by linear algebra, or why it is not."""
    if part.pitch_px is not None and part.phase_px is not None:
        (across, down), (left, top) = part.pitch_px, part.phase_px
        box = part.box or Box(0, 0, seen.shape[-1], seen.shape[-2])
        grid = uneven(across, down, left - box.left, top - box.top)
        return mosaic_nearly(seen, hidden, box, Degradation(grid, part.storage), prior)
    blurs, width = plausible(part), width_of(part)
    is_left = part.kind in LEFT and not has_edge(part)
    if is_left or blurs is None or width is None:
        return LEFT.get(part.kind) or part.reason or "no blur of a known width"
    light, trust = part.light or AS_KEPT, CLOSELY if has_edge(part) else ROUGHLY
    view, margin_px = light.of(seen), reach_px(blurs)
    nearly = blur_nearly(view, hidden, part.storage, blurs, width, margin_px, prior, trust)
    granted = nearly.granted and replace(nearly.granted, light=light)
    return replace(nearly, images=light.back(nearly.images), granted=granted)


def _mask(part: Finding, height: int, width: int) -> np.ndarray:
    """Return the pixels of a part, ``H x W`` bool."""
    if part.mask is not None:
        return part.mask
    mask = np.zeros((height, width), bool)
    mask[(part.box or Box(0, 0, width, height)).place] = True
    return mask
