"""What hides a photo or a part of it: the result of :func:`.inspection.inspect`."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unveil.degradation import Degradation, Operator, Storage, Unchanged
from unveil.estimation.history import History
from unveil.images.box import Box
from unveil.images.light import Light
from unveil.report.rows import Row

MIN_SIDE_PX = 16
"""Smaller pictures hold too little to tell a blur from a soft subject."""

WORDS = {
    "none": "no blur and no mosaic",
    "gaussian": "Gaussian blur, sigma",
    "box": "box blur, side",
    "disk": "out of focus, radius",
    "motion": "motion blur, length",
    "median": "median filter, side",
    "mosaic": "mosaic, block",
    "solid": "one colour",
    "other": "hidden in a way that is not known",
}


@dataclass(frozen=True)
class Finding:
    """What was found in a picture or a part of it.

    Attributes:
        operator: what was done to it, as nearly as an operator says it: a blur, a mosaic, a fill;
            ``Unchanged`` where nothing was, or nothing that has an operator.
        storage: how it was kept, as its pixels tell, or else its file.
        confidence: chance that the kind is right; None where the operator was stated, not found.
        sigma_error_px: standard error of a Gaussian's sigma.
        box: the part that is hidden; None for the whole picture.
        kind: one of :data:`.kinds.KINDS`.
        strength_px: a Gaussian's sigma, a box's or median's side, a disk's radius, a motion's
            length, a mosaic's block; None where there is none.
        low_px: lower end of the interval that holds the strength in 90 % of cases.
        high_px: its upper end.
        angle_deg: direction of a motion, from 0 to 180; x to the right, y downwards.
        pitch_px: width and height of a mosaic's blocks, which may be fractions of a pixel.
        phase_px: distance of a border of blocks from the left and top edge of the picture.
        light: in which a blur was made; None where that does not show.
        is_exact: whether the operator describes the picture so well that it can be undone.
        reason: why it cannot be told, or not be undone; None for no reason.
        mask: the pixels that are hidden, ``H x W`` bool; None for those of the box.
        others: further hidden parts of the same picture.
        history: what the picture went through; None where it was not looked at.
    """

    operator: Operator
    storage: Storage
    confidence: float | None
    sigma_error_px: float | None = None
    box: Box | None = None
    kind: str = ""
    strength_px: float | None = None
    low_px: float | None = None
    high_px: float | None = None
    angle_deg: float | None = None
    pitch_px: tuple[float, float] | None = None
    phase_px: tuple[float, float] | None = None
    light: Light | None = None
    is_exact: bool = True
    reason: str | None = None
    mask: np.ndarray | None = field(default=None, compare=False, repr=False)
    others: tuple["Finding", ...] = ()
    history: History | None = field(default=None, compare=False)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is hidden."""
        return self.operator == Unchanged() and self.kind in ("", "none")

    @property
    def degradation(self) -> Degradation | None:
        """Operator and storage; None where nothing was done, or nothing that can be undone."""
        if self.operator == Unchanged() or not self.is_exact:
            return None
        return Degradation(self.operator, self.storage)

    @property
    def parts(self) -> tuple["Finding", ...]:
        """The finding and its others, each by itself."""
        return (replace(self, others=()), *self.others)

    def as_row(self) -> Row:
        """Return the finding as JSON values; ``operator`` is its text form."""
        row: Row = {
            "operator": str(self.operator),
            "kind": self.kind or None,
            "strength_px": _rounded(self.strength_px),
            "low_px": _rounded(self.low_px),
            "high_px": _rounded(self.high_px),
            "angle_deg": _rounded(self.angle_deg),
            "pitch_px": self.pitch_px and [_rounded(pitch) for pitch in self.pitch_px],
            "phase_px": self.phase_px and [_rounded(phase) for phase in self.phase_px],
            "light": self.light and (self.light.name or "values of the file"),
            "confidence": None if self.confidence is None else round(self.confidence, 3),
            "sigma_error_px": self.sigma_error_px and round(self.sigma_error_px, 3),
            "storage": str(self.storage),
            "box": str(self.box) if self.box else None,
            "reason": self.reason,
        }
        if self.history is not None:
            row["history"] = self.history.as_row()
        if self.others:
            row["others"] = [other.as_row() for other in self.others]
        return row

    def __str__(self) -> str:
        sure = "stated" if self.confidence is None else f"confidence {self.confidence:.0%}"
        light = f", made in {self.light.name}" if self.light and self.light.name else ""
        text = f"{self._what()}{light}{self._where()}, kept as {self.storage}; {sure}"
        if self.reason:
            text += f" ({self.reason})"
        if self.history is not None and (past := str(self.history)):
            text += f"; {past}"
        more = len(self.others)
        return text + (f"; {more} more part{'s' * (more > 1)}" if more else "")

    def _what(self) -> str:
        if self.is_exact and self.operator != Unchanged():
            error = f" (sigma +- {self.sigma_error_px:.2f})" if self.sigma_error_px else ""
            return f"{self.operator}{error}"
        if not self.kind or self.is_clean:
            return WORDS["none"]
        text = WORDS[self.kind]
        if self.strength_px is not None:
            text += f" {self.strength_px:.1f} px"
            if self.low_px is not None and self.high_px is not None:
                text += f" ({self.low_px:.1f} to {self.high_px:.1f})"
        return text + (f", {self.angle_deg:.0f} degrees" if self.angle_deg is not None else "")

    def _where(self) -> str:
        return f", in {self.box}" if self.box else ""


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 3)
