"""The audit of a photo: the operator on each face, and the risk that the person is identified.

Faces are told, or detected, or hidden: a hidden part of a photo may have a face behind it that no
detector sees, and is judged as one that is as wide as the part.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from unveil.auditing.claims import belies
from unveil.auditing.measured import Curves, Risk, risk_of, shipped_curves
from unveil.auditing.solids import is_part_solid, is_solid
from unveil.auditing.verdict import ADVICE_RISK, judged, sentence, unmeasured
from unveil.degradation import Degradation, Operator, Solid, Unchanged
from unveil.errors import UnveilError, UsageError
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect_subject, subject_of
from unveil.estimation.subject import Subject
from unveil.faces.finder import MIN_FACE_PX, NO_FACE, FaceFinder, NoFaceError
from unveil.faces.places import find_in_alpha
from unveil.faces.sights import smallest_px
from unveil.images.arrays import to_array, to_photo
from unveil.images.box import Box
from unveil.images.memory import check_memory
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.images.pixels import to_8bit
from unveil.linear.prior import read_prior
from unveil.report.rows import Row
from unveil.restoration.restorers import load
from unveil.restoration.steps import Request, find, undo

MIN_HEIGHT_SHARE = 0.6
"""Height of a part, over its width, below which it hides less than a face: a bar over the eyes."""

MIN_COVERED_SHARE = 0.7
"""Share of a face that has to be hidden, for curves that were measured on whole faces."""

MIN_TOUCHED_SHARE = 0.1
"""Share of a face that looks clean by itself from which a hidden part beside it counts."""

RED, GREEN, GREY = (220, 40, 40), (40, 160, 60), (128, 128, 128)


@dataclass(frozen=True)
class Verdict:
    """The result for one face, or for one hidden part that may have a face behind it.

    Attributes:
        box: around the face or the part.
        finding: the operator found in it, and the storage.
        operator: on the face, a solid box included.
        risk: of identification; None if it was not measured.
        words: the verdict as a sentence.
        warning: how the photo contradicts the stated operator; None for not at all.
        is_face: whether a face was told or detected there.
    """

    box: Box
    finding: Finding
    operator: Operator
    risk: Risk | None
    words: str
    warning: str | None = None
    is_face: bool = True

    def is_above(self, limit: float) -> bool:
        """Return whether the risk may be above ``limit``: it is, or was not measured."""
        return self.risk is None or self.risk.high > limit

    def __str__(self) -> str:
        what = "one colour" if isinstance(self.operator, Solid) else self.finding
        subject = f"face in {self.box}" if self.is_face else f"hidden part in {self.box}"
        if not self.is_face and self.risk is not None:
            subject += ", taken for a whole face"
        return f"{subject}: {what}. {self.words}"

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


class DoubtError(NoFaceError):
    """No face was found, and something may be hidden."""


@dataclass
class Auditor:
    """Audits photos one by one; loads models and curves once.

    Args:
        boxes: of the faces; none to find them.
        picture: file for the photo with a box around each face; None for none.
        limit: greatest risk allowed; ``above`` counts the faces beyond it.
        smallest_px: faces below this are not seen in every picture.
        passed_over: frames of clips that were not looked at.
        max_pixels: larger photos are refused.
        operator: on the faces; None to find it.
    """

    boxes: Sequence[Box]
    picture: Path | None
    limit: float | None
    max_pixels: int
    operator: Operator | None = None
    above: int = 0
    smallest_px: int = 0
    passed_over: int = 0

    @cached_property
    def _finder(self) -> FaceFinder:
        return FaceFinder()

    def audit(self, path: Path) -> list[Verdict]:
        """Return a verdict on each face and each hidden part of the photo ``path``.

        Raises:
            UnveilError: the photo cannot be read, or no face and no hidden part is found in it.
            UsageError: a box is not inside the photo.
        """
        photo = read_photo(path, self.max_pixels)
        check_memory(photo.count, "audit")
        verdicts = self.judge(photo, str(path))
        if self.picture is not None:
            limit = ADVICE_RISK if self.limit is None else self.limit
            write_photo(draw_verdicts(photo, verdicts, limit), self.picture)
        return verdicts

    def judge(self, photo: Photo, name: str) -> list[Verdict]:
        """Return the verdicts on a photo or frame, and count those above the limit.

        Args:
            photo: the photo.
            name: what errors call it.

        Raises:
            NoFaceError: no face and no hidden part is found; a DoubtError if one may be there.
            UsageError: a box is not inside the photo.
        """
        self.smallest_px = max(self.smallest_px, smallest_px(*photo.rgb.shape[:2]))
        try:
            verdicts = self._verdicts(photo)
        except UsageError:  # the caller adds the file's name
            raise
        except UnveilError as error:
            raise type(error)(f"{name}: {error}") from None
        if self.limit is not None:
            self.above += sum(verdict.is_above(self.limit) for verdict in verdicts)
        return verdicts

    def _verdicts(self, photo: Photo) -> list[Verdict]:
        """Return the verdicts on a photo, and on the faces that its transparency shows."""
        curves, seen = shipped_curves(), []
        if through := find_in_alpha(photo.alpha, self._finder):
            shown = Photo(np.repeat(photo.alpha[..., None], 3, axis=2))  # type: ignore[index]
            seen = audit_photo(shown, through, self._finder, curves)
        try:
            return [*audit_photo(photo, self.boxes, self._finder, curves, self.operator), *seen]
        except NoFaceError:
            if not seen:
                raise
            return seen


def audit_photo(
    photo: Photo,
    boxes: Sequence[Box],
    finder: FaceFinder,
    curves: Curves,
    operator: Operator | None = None,
    *,
    only: bool = False,
) -> list[Verdict]:
    """Return verdicts on a photo: on hidden parts, on the faces that are told, on those found.

    Args:
        photo: the photo.
        boxes: of faces, beside those that are found.
        finder: the face detector.
        curves: risk against strength.
        operator: on the faces, if some are told on these alone; None to find it.
        only: whether nothing beside ``boxes`` is judged.

    Raises:
        UsageError: a box is not inside the photo.
        NoFaceError: no face and no hidden part is found.
    """
    images = to_array(photo)
    subject = subject_of(images, photo.storage, read_prior())
    whole, found = None, []
    if not (operator and boxes):
        with ThreadPoolExecutor(1) as pool:  # both take about as long
            looking = None if only else pool.submit(finder.find_boxes, photo.rgb)
            whole = _find_operator(subject, operator, None)
            found = looking.result() if looking else []
    parts = [] if whole is None or operator else _parts(whole[0])
    hidden: list[Finding] = []
    faces = list(boxes)
    if whole is not None and not only:
        covers = [_hidden_by([part], images.shape[-2:]) for part in parts]
        # The face behind a hidden part, or in a box that is told, is judged as that.
        faces += [
            face for face in _with_restored(found, images, whole[0], finder)
            if all(each[face.place].mean() < MIN_COVERED_SHARE for each in covers)
            and not any(box.has_middle_of(face) for box in boxes)
        ]  # fmt: skip
        hidden = [
            part for part in parts
            if not any(box.has_middle_of(part.box or box) for box in boxes)
            and (part.box or not faces)
        ]  # fmt: skip
    judged_faces = [
        # A face that was found is as likely clean as not; one that is told is hidden.
        _judge(subject, box, whole, curves, operator, expects_hidden=box in boxes)
        for box in faces
    ]
    verdicts = [if_covered(verdict, parts, images.shape[-2:]) for verdict in judged_faces]
    verdicts = [*(judge_part(images, part, curves) for part in hidden), *verdicts]
    if not verdicts:
        if whole and (doubt := whole[0].reason):
            raise DoubtError(NO_FACE.replace(";", f" ({doubt});"))
        raise NoFaceError(NO_FACE)
    return verdicts


def _find_operator(
    subject: Subject, operator: Operator | None, box: Box | None, *, expects_hidden: bool = True
) -> tuple[Finding, str | None]:
    """Return what is on a photo, stated or found, and how the photo contradicts a statement."""
    if operator is None:
        return inspect_subject(subject, box, expects_hidden=expects_hidden), None
    storage = subject.declared
    if operator.is_linear:
        linear = Degradation(operator, storage).linear
        finding, remarks = find(subject.image, storage, Request(operator=linear, box=box))
        return finding, next((remark.text for remark in remarks if remark.is_warning), None)
    return Finding(operator, storage, None, None, box), None


def _with_restored(
    found: list[Box], images: np.ndarray, whole: Finding, finder: FaceFinder
) -> list[Box]:
    """Return the boxes of detected faces, with those that are seen once a blur is undone."""
    known = whole.degradation
    if known is None or whole.box is not None or not known.operator.is_linear:
        return found
    restored = to_photo(undo(images, known, None, load("lmmse"), Request())[0])
    more = finder.find_boxes(restored.rgb)
    return [*more, *(face for face in found if not any(one.has_middle_of(face) for one in more))]


def _parts(whole: Finding) -> list[Finding]:
    """Return the hidden parts of a photo; one without a box is all of it."""
    return [part for part in whole.parts if not part.is_clean]


def judge_part(images: np.ndarray, part: Finding, curves: Curves) -> Verdict:
    """Return the verdict on a hidden part where no face was told: a whole face is behind it."""
    box = part.box or Box(0, 0, images.shape[-1], images.shape[-2])
    if reason := _why_no_face(part):
        return Verdict(box, part, part.operator, None, unmeasured(reason), is_face=False)
    if isinstance(part.operator, Solid) and is_part_solid(images, part):
        part = replace(part, is_exact=True)
    risk, words = judged(part, box.width, curves)
    return Verdict(box, part, part.operator, risk, words, is_face=False)


def if_covered(verdict: Verdict, parts: Sequence[Finding], shape: tuple[int, ...]) -> Verdict:
    """Return the verdict, without its risk where hidden parts leave much of the face to be seen.

    Args:
        verdict: on a face.
        parts: the hidden parts of the photo.
        shape: height and width of the photo.
    """
    share = float(_hidden_by(parts, shape)[verdict.box.place].mean())
    least = MIN_TOUCHED_SHARE if verdict.finding.is_clean else 0
    if not least < share < MIN_COVERED_SHARE:
        return verdict
    words = unmeasured(f"only {share:.0%} of the face is hidden")
    return replace(verdict, risk=None, words=words)


def _hidden_by(parts: Sequence[Finding], shape: tuple[int, ...]) -> np.ndarray:
    """Return where parts hide a photo of a shape, ``H x W`` bool; a part that is all of it not."""
    hidden = np.zeros(shape, bool)
    for part in parts:
        if part.box is not None:
            hidden[part.box.place] |= True if part.mask is None else part.mask[part.box.place]
    return hidden


def _why_no_face(part: Finding) -> str | None:
    """Return why a hidden part cannot be taken for a whole face; None if it can."""
    if part.box is None:
        return "no face is seen in it, so its place must be told"
    if min(part.box.width, part.box.height) < MIN_FACE_PX:
        return f"it is smaller than a face of {MIN_FACE_PX} pixels"
    if part.box.height < MIN_HEIGHT_SHARE * part.box.width:
        return "it is too low to hide a whole face"
    return None


def _judge(
    subject: Subject,
    box: Box,
    whole: tuple[Finding, str | None] | None,
    curves: Curves,
    stated: Operator | None,
    *,
    expects_hidden: bool,
) -> Verdict:
    """Find the operator in a box, and the risk of a face as wide as the box behind it."""
    images = subject.image
    box.check_inside(images.shape[-1], images.shape[-2])
    if is_solid(images[..., *box.place], subject.storage):
        finding, operator = Finding(Unchanged(), subject.declared, 1.0, None, box), Solid()
        risk = risk_of(operator, box.width, curves)
        words = sentence(risk, operator, box.width, curves)
        return Verdict(box, finding, operator, risk, words)
    covers_all = whole is not None and whole[0].degradation and whole[0].box in (None, box)
    if whole is None or not covers_all:
        whole = _find_operator(subject, stated, box, expects_hidden=expects_hidden)
    finding, warning = whole
    if stated is not None and warning is None:
        part = images[..., *box.place]
        if belies(part, stated, lambda: inspect_subject(subject, box).is_clean):
            warning = f"no {stated} is seen in {box}"
    if warning is not None:
        words = unmeasured("it is not what is stated")
        return Verdict(box, finding, finding.operator, None, words, warning)
    risk, words = judged(finding, box.width, curves)
    return Verdict(box, finding, finding.operator, risk, words)


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
