"""What `unveil.inspect` answers, in the terms of the truth: the only place that knows a finding.

Positions and lengths are pixels of the file, counted from its top left corner; strengths are those
of ``operators``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import unveil
from wild.masks import Rectangle

KINDS = {
    "gaussian": "gaussian",
    "aniso": "gaussian",
    "window": "gaussian",
    "pixelate": "mosaic",
    "sample": "mosaic",
    "blocks": "mosaic",
    "none": "none",
    "box": "box",
    "disk": "disk",
    "motion": "motion",
    "median": "median",
    "mosaic": "mosaic",
    "solid": "solid",
}
"""Kinds by the names that findings and operators have; all else is ``other``."""

WITHIN_90 = 1.645
"""Standard errors to each side of an estimate that hold 90 %."""


@dataclass(frozen=True)
class Answer:
    """What was said of one region.

    Attributes:
        kind: as the truth has it; ``none`` where nothing hides anything.
        place: its rectangle.
        mask: as large as the picture; None where only the rectangle is known.
        strength_px: None where it was not said; so are the following.
        interval_px: the ends of its 90 % interval.
        angle: degrees of a motion.
        pitch_px: width and height of a mosaic's blocks.
        phase_px: column and row of a line of its grid.
        confidence: said chance that the kind is right.
    """

    kind: str
    place: Rectangle
    mask: NDArray[np.bool_] | None = None
    strength_px: float | None = None
    interval_px: tuple[float, float] | None = None
    angle: float | None = None
    pitch_px: tuple[float, float] | None = None
    phase_px: tuple[float, float] | None = None
    confidence: float | None = None

    @property
    def area(self) -> float:
        """Return how many pixels it covers."""
        return float(self.place.width * self.place.height if self.mask is None else self.mask.sum())


def ask(file: Path, size: tuple[int, int], box: tuple[int, int, int, int] | None) -> list[Answer]:
    """Return what is said of each region of a picture; an only one of ``none`` where of none.

    Args:
        file: the picture.
        size: its height and width.
        box: where to look; None for all of it.
    """
    finding: Any = unveil.inspect(file, box)
    findings = (finding, *getattr(finding, "others", ()))
    told = box or (0, 0, size[1], size[0])
    return [_answer(one, Rectangle(*told)) for one in findings]


def _answer(finding: Any, everywhere: Rectangle) -> Answer:
    operator: Any = getattr(finding, "operator", None)
    kind = getattr(finding, "kind", None) or getattr(operator, "name", "none")
    kind = KINDS.get(str(kind), "other")
    box = finding.box
    place = everywhere if box is None else Rectangle(box.left, box.top, box.width, box.height)
    mask = getattr(finding, "mask", None)
    if kind == "none":
        return Answer(kind, place, confidence=finding.confidence)
    strength = getattr(finding, "strength_px", None)
    if strength is None and hasattr(operator, "strength") and kind not in ("solid", "other"):
        strength = float(operator.strength(1.0))
    return Answer(
        kind,
        place,
        None if mask is None else np.asarray(mask, bool),
        strength,
        _interval(finding, strength),
        _first(finding, operator, "angle"),
        _pitch(finding, operator),
        _phase(finding, operator, place),
        finding.confidence,
    )


def _first(finding: Any, operator: Any, name: str) -> Any:
    value = getattr(finding, name, None)
    return getattr(operator, name, None) if value is None else value


def _interval(finding: Any, strength: float | None) -> tuple[float, float] | None:
    low, high = getattr(finding, "low_px", None), getattr(finding, "high_px", None)
    if low is not None and high is not None:
        return float(low), float(high)
    error = getattr(finding, "sigma_error_px", None)
    if strength is None or error is None:
        return None
    return strength - WITHIN_90 * error, strength + WITHIN_90 * error


def _pitch(finding: Any, operator: Any) -> tuple[float, float] | None:
    if (pitch := getattr(finding, "pitch_px", None)) is not None:
        return float(pitch[0]), float(pitch[1])
    if (block := getattr(operator, "block", None)) is not None:
        return float(block), float(block)
    if hasattr(operator, "across") and hasattr(operator, "down"):
        return float(operator.across), float(operator.down)
    return None


def _phase(finding: Any, operator: Any, place: Rectangle) -> tuple[float, float] | None:
    if (phase := getattr(finding, "phase_px", None)) is not None:
        return float(phase[0]), float(phase[1])
    if hasattr(operator, "left") and hasattr(operator, "top"):
        return float(place.left + operator.left), float(place.top + operator.top)
    return None
