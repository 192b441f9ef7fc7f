"""The audit of one photo: each face in it, what hides it, and how likely a machine names it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from unveil.auditing.verdict import SAFE, Curves, Risk, risk_of, sentence, shipped_curves
from unveil.degradation import Operator, Solid, Unchanged
from unveil.errors import UnveilError, UsageError
from unveil.estimation.finding import Finding, inspect
from unveil.faces.finder import FaceFinder, NoFaceError
from unveil.images.box import Box
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.images.pixels import to_8bit
from unveil.images.tensors import to_photo, to_tensor
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import Prior
from unveil.networks.shipped import read_prior
from unveil.report.rows import Row


@dataclass(frozen=True)
class Verdict:
    """What is to be said of one face.

    Attributes:
        box: where it is.
        finding: what was found in it.
        operator: what hides it, a solid box included.
        risk: that it is named; None where the curve does not cover it.
        words: the verdict as a sentence.
    """

    box: Box
    finding: Finding
    operator: Operator
    risk: Risk | None
    words: str

    def is_above(self, limit: float) -> bool:
        """Say whether the risk may be above ``limit``: it is, or nobody knows."""
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
    """Audits photo files one by one; loads what it needs once.

    Args:
        boxes: where the faces are; none to find them.
        picture: file for the photo with boxes.
        limit: greatest risk; faces above it are counted.
        max_pixels: larger photos are refused.
    """

    boxes: Sequence[Box]
    picture: Path | None
    limit: float | None
    max_pixels: int
    above: int = 0

    @cached_property
    def _finder(self) -> FaceFinder:
        return FaceFinder()

    @cached_property
    def _prior(self) -> Prior:
        return read_prior()

    def audit(self, path: Path) -> list[Verdict]:
        """Return a verdict on each face of the photo ``path``.

        Raises:
            UnveilError: the photo cannot be read, or no face is found in it.
            UsageError: a box is not inside the photo.
        """
        photo = read_photo(path, self.max_pixels)
        verdicts = self.judge(photo, str(path))
        if self.picture is not None:
            limit = SAFE if self.limit is None else self.limit
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
            verdicts = audit_photo(photo, self.boxes, self._finder, self._prior, curves)
        except UsageError:  # whoever has the list of files says which one
            raise
        except UnveilError as error:
            raise type(error)(f"{name}: {error}") from None
        if self.limit is not None:
            self.above += sum(verdict.is_above(self.limit) for verdict in verdicts)
        return verdicts


def audit_photo(
    photo: Photo, boxes: Sequence[Box], finder: FaceFinder, prior: Prior, curves: Curves
) -> list[Verdict]:
    """Return a verdict on each face of a photo.

    Args:
        photo: the photo.
        boxes: where its faces are; none to find them.
        finder: what finds faces.
        prior: power spectrum of clean photos.
        curves: what was measured.

    Raises:
        UsageError: a box is not inside the photo.
        NoFaceError: no face is found.
    """
    images = to_tensor(photo)[:, :3]
    whole = inspect(images, photo.storage, prior)
    chosen = list(boxes) or _find(photo, whole, finder, prior)
    if not chosen:
        raise NoFaceError
    return [_judge(photo, box, whole, prior, curves) for box in chosen]


def _find(photo: Photo, whole: Finding, finder: FaceFinder, prior: Prior) -> list[Box]:
    """Return the boxes of the faces: those that are seen, and what is a mosaic in a clean photo."""
    if whole.degradation is not None and whole.box is None:
        photo = _restored(photo, whole, prior)
    boxes = finder.find_boxes(photo.rgb)
    return [whole.box, *boxes] if whole.box is not None else boxes


def _judge(photo: Photo, box: Box, whole: Finding, prior: Prior, curves: Curves) -> Verdict:
    """Look at one face: what hides it, and what the curve says of that."""
    box.check_inside(photo.rgb.shape[1], photo.rgb.shape[0])
    images = to_tensor(photo)[:, :3]
    operator: Operator
    if _is_flat(images[..., *box.place]):
        finding, operator = Finding(Unchanged(), photo.storage, 1.0, None, box), Solid()
    else:
        covers_all = whole.degradation is not None and whole.box in (None, box)
        finding = whole if covers_all else inspect(images, photo.storage, prior, box)
        operator = finding.operator
    risk = risk_of(operator, box.width, curves)
    words = sentence(risk, operator, box.width, curves)
    return Verdict(box, finding, operator, risk, words)


def _is_flat(part: Tensor) -> bool:
    """Say whether nothing but one colour, and what JPEG makes of it, is left."""
    spread = part.amax(dim=(-2, -1)) - part.amin(dim=(-2, -1))
    return bool((spread <= FLAT).all())


FLAT = 4 / 255


def _restored(photo: Photo, finding: Finding, prior: Prior) -> Photo:
    """Undo what hides the whole photo, so that the detector sees faces in it."""
    known = finding.degradation
    if known is None:
        return photo
    images = restore_closed_form("lmmse", prior, to_tensor(photo)[:, :3], known)
    return to_photo(images)


RED, GREEN, GREY = (220, 40, 40), (40, 160, 60), (128, 128, 128)


def draw_verdicts(photo: Photo, verdicts: Sequence[Verdict], limit: float) -> Photo:
    """Return the photo with a box around each face: red above the limit, green below.

    Args:
        photo: the photo.
        verdicts: of its faces.
        limit: greatest risk, by the upper end of its interval, that is taken for safe.
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
