"""How right an answer is about a case, as a row; no statistics over cases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wild.answers import Answer
from wild.cases import Case, Region
from wild.draws import Mask
from wild.masks import Rectangle

Scored = dict[str, Any]
"""JSON values."""


def score(case: Case, masks: Sequence[Mask], answers: Sequence[Answer]) -> Scored:
    """Return what is true and what was said of a picture, and how far both agree.

    Args:
        case: the truth.
        masks: of its regions.
        answers: what was said, at least one.
    """
    hidden = [one for one in answers if one.kind != "none"]
    said = max(hidden, key=lambda one: one.area) if hidden else answers[0]
    areas = [float(mask.sum()) for mask in masks]
    truth = case.regions[int(np.argmax(areas))].kind if areas else "none"
    row: Scored = {
        "half": case.half,
        "role": case.role,
        "number": case.number,
        "journey": case.journey,
        "control": case.control,
        "quality": _last_quality(case),
        "programs": sorted({region.program for region in case.regions} - {""}),
        "kind": truth,
        "said": said.kind,
        "confidence": said.confidence,
        "answers": len(hidden),
    }
    if case.role == "hidden":
        pairs = zip(case.regions, masks, strict=True)
        row["regions"] = [_found(region, mask, hidden) for region, mask in pairs]
    if case.role == "told":
        row |= measured(case.regions[0], said)
    return row


def _last_quality(case: Case) -> int | None:
    """Return the quality of the file if it is a JPEG."""
    is_jpeg = case.suffix == ".jpg" and case.steps and case.steps[-1]["do"] == "jpeg"
    return int(case.steps[-1]["quality"]) if is_jpeg else None


def _found(region: Region, mask: Mask, answers: Sequence[Answer]) -> Scored:
    overlaps = [overlap(region, mask, answer) for answer in answers]
    best = int(np.argmax(overlaps)) if overlaps else None
    return {
        "kind": region.kind,
        "shape": region.shape,
        "program": region.program,
        "way": region.way,
        "strength_px": region.strength_px,
        "iou": 0.0 if best is None else round(overlaps[best], 4),
        "said": None if best is None else answers[best].kind,
    }


def overlap(region: Region, mask: Mask, answer: Answer) -> float:
    """Return intersection over union: of masks, or of boxes where the answer has no mask."""
    if answer.mask is None:
        return overlap_of_boxes(Rectangle(*region.box), answer.place)
    inside: NDArray[np.bool_] = mask >= 0.5
    union = (inside | answer.mask).sum()
    return float((inside & answer.mask).sum() / union) if union else 0.0


def overlap_of_boxes(one: Rectangle, other: Rectangle) -> float:
    """Return intersection over union of two boxes."""
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(across, 0) * max(down, 0)
    return shared / (one.width * one.height + other.width * other.height - shared)


def measured(region: Region, said: Answer) -> Scored:
    """Return how far strength, angle and grid are from the truth; null where either has none.

    Args:
        region: the truth.
        said: the answer, about the place of the region.
    """
    row: Scored = {
        "shape": region.shape,
        "way": f"{region.program} {region.way}",
        "strength_px": region.strength_px,
        "said_px": said.strength_px,
        "angle": region.angle,
        "interval_px": said.interval_px,
        "angle_error": None,
        "pitch_error": None,
        "phase_error_px": None,
    }
    if region.angle is not None and said.angle is not None:
        row["angle_error"] = abs((said.angle - region.angle + 90) % 180 - 90)
    if region.pitch_px and said.pitch_px:
        pairs = zip(said.pitch_px, region.pitch_px, strict=True)
        row["pitch_error"] = [abs(one / true - 1) for one, true in pairs]
    if region.pitch_px and region.phase_px and said.pitch_px and said.phase_px:
        left, top, width, height = region.box
        middle = left + width / 2, top + height / 2
        row["phase_error_px"] = [
            line_distance(
                (region.phase_px[axis], region.pitch_px[axis]),
                (said.phase_px[axis], said.pitch_px[axis]),
                middle[axis],
            )
            for axis in (0, 1)
        ]
    return row


def line_distance(true: tuple[float, float], said: tuple[float, float], near_px: float) -> float:
    """Return how far the said grid's nearest line is from the true line nearest to ``near_px``.

    Measured in the middle of a region, so that an error of the pitch does not add up to it.

    Args:
        true: phase and pitch of the true grid.
        said: of the said one.
        near_px: a position.
    """
    phase, pitch = true
    line = phase + round((near_px - phase) / pitch) * pitch
    phase, pitch = said
    return abs((line - phase + pitch / 2) % pitch - pitch / 2)
