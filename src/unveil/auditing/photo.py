"""The audit of a photo: the operator on each face, and the risk that the person is identified."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from unveil.auditing.verdict import ADVICE_RISK, Curves, Risk, risk_of, sentence, shipped_curves
from unveil.degradation import Degradation, Operator, Solid, Storage, Unchanged
from unveil.errors import UnveilError, UsageError
from unveil.estimation.finding import Finding
from unveil.faces.finder import FaceFinder, NoFaceError
from unveil.images.arrays import to_array, to_photo
from unveil.images.box import Box
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.images.pixels import to_8bit
from unveil.report.rows import Row
from unveil.restoration.pipeline import Request, find, undo
from unveil.restoration.restorers import load

MAX_FLAT_RANGE = 4 / 255
"""Range of values, of [0,1], up to which a part has a single colour."""

RED, GREEN, GREY = (220, 40, 40), (40, 160, 60), (128, 128, 128)


@dataclass(frozen=True)
class Verdict:
    """The result for one face.

    Attributes:
        box: around the face.
        finding: the operator found in it, and the storage.
        operator: on the face, a solid box included.
        risk: of identification; None if it was not measured.
        words: the verdict as a sentence.
        warning: how the photo contradicts the stated operator; None for not at all.
    """

    box: Box
    finding: Finding
    operator: Operator
    risk: Risk | None
    words: str
    warning: str | None = None

    def is_above(self, limit: float) -> bool:
        """Return whether the risk may be above ``limit``: it is, or it was not measured."""
        return self.risk is None or self.risk.high > limit

    def __str__(self) -> str:
        what = "one colour" if isinstance(self.operator, Solid) else self.finding
        return f"face in {self.box}: {what}. {self.words}"

    def as_row(self) -> Row:
        """Return the verdict as plain values."""
        risk = self.risk
        return {
            **self.finding.as_row(),
            "box": str(self.box),
            "operator": str(self.operator),
            "risk": None if risk is None else round(risk.share, 4),
            "risk_low": None if risk is None else round(risk.low, 4),
            "risk_high": None if risk is None else round(risk.high, 4),
            "attacker": None if risk is None else risk.attacker,
            "verdict": self.words,
        }


@dataclass
class Auditor:
    """Audits photos one by one; loads models and curves once.

    Args:
        boxes: of the faces; none to find them.
        picture: file for the photo with a box around each face; None for none.
        limit: greatest risk allowed; ``above`` counts the faces beyond it.
        max_pixels: larger photos are refused.
        operator: on the faces; None to find it.
    """

    boxes: Sequence[Box]
    picture: Path | None
    limit: float | None
    max_pixels: int
    operator: Operator | None = None
    above: int = 0

    @cached_property
    def _finder(self) -> FaceFinder:
        return FaceFinder()

    def audit(self, path: Path) -> list[Verdict]:
        """Return a verdict on each face of the photo ``path``.

        Raises:
            UnveilError: the photo cannot be read, or no face is found in it.
            UsageError: a box is not inside the photo.
        """
        photo = read_photo(path, self.max_pixels)
        verdicts = self.judge(photo, str(path))
        if self.picture is not None:
            limit = ADVICE_RISK if self.limit is None else self.limit
            write_photo(draw_verdicts(photo, verdicts, limit), self.picture)
        return verdicts

    def judge(self, photo: Photo, name: str) -> list[Verdict]:
        """Return a verdict on each face of a photo or frame, and count those above the limit.

        Args:
            photo: the photo.
            name: what errors call it.

        Raises:
            NoFaceError: no face is found.
            UsageError: a box is not inside the photo.
        """
        try:
            curves = shipped_curves()
            verdicts = audit_photo(photo, self.boxes, self._finder, curves, self.operator)
        except UsageError:  # the caller adds the file's name
            raise
        except UnveilError as error:
            raise type(error)(f"{name}: {error}") from None
        if self.limit is not None:
            self.above += sum(verdict.is_above(self.limit) for verdict in verdicts)
        return verdicts


def audit_photo(
    photo: Photo,
    boxes: Sequence[Box],
    finder: FaceFinder,
    curves: Curves,
    operator: Operator | None = None,
) -> list[Verdict]:
    """Return a verdict on each face of a photo.

    Args:
        photo: the photo.
        boxes: of its faces; none to find them.
        finder: the face detector.
        curves: risk against strength.
        operator: on the faces; None to find it.

    Raises:
        UsageError: a box is not inside the photo.
        NoFaceError: no face is found.
    """
    images = to_array(photo)
    whole = None if operator and boxes else _find_operator(images, photo.storage, operator, None)
    chosen = list(boxes) or _find_faces(photo, images, whole[0] if whole else None, finder)
    if not chosen:
        raise NoFaceError
    return [_judge(photo, images, box, whole, curves, operator) for box in chosen]


def _find_operator(
    images: np.ndarray, storage: Storage, operator: Operator | None, box: Box | None
) -> tuple[Finding, str | None]:
    """Return what is on a photo, stated or found, and how the photo contradicts a statement."""
    if operator is None or operator.is_linear:
        linear = None if operator is None else Degradation(operator, storage).linear
        finding, remarks = find(images, storage, Request(operator=linear, box=box))
        return finding, next((remark.text for remark in remarks if remark.is_warning), None)
    return Finding(operator, storage, None, None, box), None


def _find_faces(
    photo: Photo, images: np.ndarray, whole: Finding | None, finder: FaceFinder
) -> list[Box]:
    """Return the boxes of the detected faces, and of a mosaic in an otherwise clean photo."""
    known, box = (None, None) if whole is None else (whole.degradation, whole.box)
    if known is not None and box is None and known.operator.is_linear:
        # The detector sees faces in a restored photo that it does not see in a blurred one.
        photo = to_photo(undo(images, known, None, load("lmmse"), Request())[0])
    boxes = finder.find_boxes(photo.rgb)
    return [box, *boxes] if box is not None else boxes


def _judge(
    photo: Photo,
    images: np.ndarray,
    box: Box,
    whole: tuple[Finding, str | None] | None,
    curves: Curves,
    stated: Operator | None,
) -> Verdict:
    """Find the operator in a box, and the risk of a face as wide as the box behind it."""
    box.check_inside(photo.rgb.shape[1], photo.rgb.shape[0])
    operator: Operator
    warning = None
    if _is_flat(images[..., *box.place]):
        finding, operator = Finding(Unchanged(), photo.storage, 1.0, None, box), Solid()
    else:
        covers_all = whole is not None and whole[0].degradation and whole[0].box in (None, box)
        if whole is None or not covers_all:
            whole = _find_operator(images, photo.storage, stated, box)
        finding, warning = whole
        operator = finding.operator
    risk = risk_of(operator, box.width, curves)
    words = sentence(risk, operator, box.width, curves)
    return Verdict(box, finding, operator, risk, words, warning)


def _is_flat(part: np.ndarray) -> bool:
    """Return whether a part has a single colour, but for the noise of JPEG."""
    spread = np.ptp(part, axis=(-2, -1))
    return bool((spread <= MAX_FLAT_RANGE).all())


def draw_verdicts(photo: Photo, verdicts: Sequence[Verdict], limit: float) -> Photo:
    """Return the photo with a box around each face: red above the limit, green below, else grey.

    Args:
        photo: the photo.
        verdicts: on its faces.
        limit: greatest safe risk, by the upper end of its interval.
    """
    image = Image.fromarray(to_8bit(photo.rgb))
    pen, width = ImageDraw.Draw(image), max(image.width // 300, 2)
    for verdict in verdicts:
        box, risk = verdict.box, verdict.risk
        colour = GREY if risk is None else RED if risk.high > limit else GREEN
        corners = (box.left, box.top, box.left + box.width - 1, box.top + box.height - 1)
        pen.rectangle(corners, outline=colour, width=width)
        label = "?" if risk is None else f"{risk.share:.0%}"
        pen.text((box.left + 2 * width, box.top + 2 * width), label, fill=colour)
    return Photo(np.asarray(image))
