"""The gate: whether every face of an original is hidden in an output, and strongly enough.

An audit of the output alone cannot see whom it misses: where a face was hidden well, none is found.
So faces are looked for in the original, and each is judged in the output.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unveil.auditing.measured import Curves
from unveil.auditing.photo import Verdict, audit_photo
from unveil.auditing.safe import widen
from unveil.errors import UnveilError
from unveil.faces.finder import FaceFinder
from unveil.faces.places import find_in_alpha
from unveil.images.box import Box
from unveil.images.photos import Photo
from unveil.images.pixels import brightness, to_8bit
from unveil.report.rows import Row

MAX_AROUND_LEVELS = 20.0
"""Median change, of 255 levels, beside the faces up to which two pictures are one."""

MIN_CHANGE_LEVELS = 4.0
"""Change of a face below which it is bare; a codec's is about as large as that around it."""

MAX_LIKENESS = 0.3
"""Correlation with the original up to which a face is hidden whatever a codec changed in it."""

SAME_LIKENESS = 0.7
"""Correlation from which a part of the output is what it was in the original."""

OVER_AROUND = 2.0
"""How many times the change around it a face has to be changed."""


@dataclass(frozen=True)
class Gated:
    """What became of one face of the original.

    Attributes:
        box: around the face.
        changed_levels: root mean square change of its pixels, of 255 levels.
        is_changed: whether that is more than storing made of the rest.
        verdict: of the audit, on the face as it is in the output; None where that was not asked.
        limit: greatest risk allowed.
    """

    box: Box
    changed_levels: float
    is_changed: bool
    verdict: Verdict | None
    limit: float

    @property
    def passes(self) -> bool:
        """Whether the face is changed, and no more likely to be named than allowed."""
        weak = self.verdict is not None and self.verdict.is_above(self.limit)
        return self.is_changed and not weak

    def __str__(self) -> str:
        if not self.is_changed:
            return f"face in {self.box}: bare, as it was in the original"
        word = "hidden" if self.passes else f"hidden too weakly for {self.limit:g}"
        return f"face in {self.box}: {word}. {self.verdict.words if self.verdict else ''}".rstrip()

    def as_row(self) -> Row:
        """Return it as plain values."""
        verdict = {"box": str(self.box)} if self.verdict is None else self.verdict.as_row()
        return {
            **verdict,
            "changed_levels": round(self.changed_levels, 2),
            "changed": self.is_changed,
            "passes": self.passes,
        }


@dataclass(frozen=True)
class Gate:
    """Judges pictures beside their originals.

    Attributes:
        boxes: of faces, beside those that are found in an original.
        finder: of faces.
        curves: risk against strength.
        limit: greatest risk, by the upper end of its interval.
        spared: boxes whose faces may stay as they are.
    """

    boxes: Sequence[Box]
    finder: FaceFinder
    curves: Curves
    limit: float
    spared: Sequence[Box] = ()

    def check(self, output: Photo, original: Photo, *, strength: bool = True) -> list[Gated]:
        """Return what became of each face of the original; nothing if it has none.

        Args:
            output: the picture that is to be published.
            original: the same before anything was hidden.
            strength: whether to judge how strongly each face is hidden, or only where it is still
                like the original; and whether to look for faces that the original has not.

        Raises:
            UnveilError: the two are not one picture.
            UsageError: a box is not inside the picture.
        """
        squares = _squares(output, original)
        height, width = squares.shape
        for box in (*self.boxes, *self.spared):
            box.check_inside(width, height)
        found = self._wanted(self.finder.find_boxes(original.rgb))
        faces = list(dict.fromkeys([*self.boxes, *found]))
        # What the transparency of the output shows is bare, whatever its colours hide.
        shown = self._wanted(find_in_alpha(output.alpha, self.finder))
        bare = [Gated(box, 0.0, is_changed=False, verdict=None, limit=self.limit) for box in shown]
        if not faces:
            return bare
        around_levels = _around(squares, faces)
        if around_levels > MAX_AROUND_LEVELS:
            raise UnveilError(
                "not the original's picture: beside the faces it shows something else."
            )
        least = max(MIN_CHANGE_LEVELS, OVER_AROUND * around_levels)
        if strength:  # a face may have been moved to where none was
            known = [widen(face, width, height) for face in faces]
            faces += [
                one for one in self._wanted(self.finder.find_boxes(output.rgb))
                if _likeness(output, original, one) < SAME_LIKENESS
                and not any(box.has_middle_of(one) for box in known)
            ]  # fmt: skip
        judged = [
            box for box in faces if strength or _likeness(output, original, box) > MAX_LIKENESS
        ]
        told = audit_photo(output, judged, self.finder, self.curves, only=True) if judged else []
        verdicts = dict(zip(judged, told, strict=True))
        changes = [float(squares[box.place].mean() ** 0.5) for box in faces]
        return bare + [
            Gated(box, change, change >= least, verdicts.get(box), self.limit)
            for box, change in zip(faces, changes, strict=True)
        ]

    def _wanted(self, faces: Sequence[Box]) -> list[Box]:
        """Return the faces that are not spared."""
        return [one for one in faces if not any(box.has_middle_of(one) for box in self.spared)]


def _likeness(output: Photo, original: Photo, box: Box) -> float:
    """Return the correlation of a face's brightness with the original's; 0 for one colour."""
    one, other = (brightness(to_8bit(photo.rgb)[box.place]).ravel() for photo in (output, original))
    one, other = one - one.mean(), other - other.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(float(one @ other)) / length if length else 0.0


def _squares(output: Photo, original: Photo) -> np.ndarray:
    """Return the mean squared change of each pixel, ``H x W``, in squared levels of 255."""
    if output.rgb.shape != original.rgb.shape:
        (height, width), (high, wide) = (one.rgb.shape[:2] for one in (output, original))
        raise UnveilError(
            f"not the original's picture: {width}x{height} pixels, the original {wide}x{high}."
        )
    change = to_8bit(output.rgb).astype(np.float32) - to_8bit(original.rgb)
    squares: np.ndarray = np.square(change).mean(axis=2)
    return squares


def _around(squares: np.ndarray, faces: Sequence[Box]) -> float:
    """Return the median change beside the faces; 0 where they cover all.

    Of what else is hidden there, a plate or a name, it takes no note.
    """
    height, width = squares.shape
    beside = np.ones((height, width), bool)
    for face in faces:
        beside[widen(widen(face, width, height), width, height).place] = False
    return float(np.median(squares[beside]) ** 0.5) if beside.any() else 0.0
