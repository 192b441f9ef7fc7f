"""Hiding faces safely: the mildest setting under a risk, applied and then attacked."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from unveil.auditing.attack import OBFUSCATED
from unveil.auditing.covers import Shape, Style, draw_cover
from unveil.auditing.measured import Curves, Risk, mildest, risk_of
from unveil.degradation import Degradation, Operator, Solid
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.faces.embedder import Embedder, distances_between
from unveil.faces.finder import Face
from unveil.images.box import Box
from unveil.linear import CLOSED_FORMS
from unveil.networks.card import list_shipped
from unveil.restoration.restorers import load

MARGIN = 0.25
"""What is hidden on each side of the face, in its widths: hair, ears and chin identify too."""

CORNER = 0.5**0.5
"""Distance of a square's corner from its middle, in its sides."""

SAME_PERSON = 0.6
"""Euclidean distance of dlib's embeddings under which two faces count as the same person."""


@dataclass(frozen=True)
class How:
    """How faces are to be hidden.

    Attributes:
        kind: name of the operator, whose mildest setting under the limit is taken.
        limit: greatest risk, by the upper end of its interval.
        shape: of what is hidden: the face, with a margin, in a box or an ellipse; ``soft`` is an
            ellipse that fades outwards.
        style: of a cover that shows nothing, in place of the operator.
        operator_for: returns the operator for the width of a face, whatever its risk is; None for
            the mildest setting.
    """

    kind: str
    limit: float
    shape: Shape = "box"
    style: Style | None = None
    operator_for: Callable[[float], Operator] | None = None


@dataclass(frozen=True)
class Hidden:
    """How one face was hidden, and how an attack on it went.

    Attributes:
        box: the hidden part, with the margin.
        operator: what it was hidden with; a solid box for every cover.
        risk: of identification, by the curve; None if it was not measured.
        style: of the cover, if it is one.
        distances: of its embeddings to the clean face's, by who looks; see ``hide_proven``.
        refused: what was tried first, and by which the face was recognised.
    """

    box: Box
    operator: Operator
    risk: Risk | None
    style: Style | None = None
    distances: dict[str, float] = field(default_factory=dict)
    refused: Self | None = None

    @property
    def cover(self) -> str:
        """What it was hidden with, in words."""
        return str(self.operator) if self.style in (None, "solid") else f"a drawn {self.style}"

    @property
    def is_recognised(self) -> bool:
        """Whether an attacker takes it for the same person."""
        return min(self.distances.values(), default=SAME_PERSON) < SAME_PERSON


def choose(kind: str, limit: float, face_px: float, curves: Curves) -> tuple[Operator, Risk | None]:
    """Return the mildest setting of a kind under the risk limit, with its risk; else a solid box.

    Only settings count that an attacker was trained on: of others, the risk may be higher.

    Args:
        kind: name of the operator.
        limit: greatest risk, by the upper end of its interval.
        face_px: width of the face.
        curves: risk against strength.
    """
    found = mildest(kind, limit, max(round(face_px), 1), curves, attacked=True)
    operator: Operator = Solid() if found is None else found
    return operator, risk_of(operator, face_px, curves)


def hide(
    images: np.ndarray, boxes: Sequence[Box], how: How, curves: Curves
) -> tuple[np.ndarray, list[Hidden]]:
    """Hide the faces in ``boxes``; the rest of the photo stays as it is.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        boxes: of the faces, as wide as they are.
        how: they are to be hidden.
        curves: risk against strength.

    Raises:
        UsageError: a box is not inside the photo.
    """
    hidden, done = images.copy(), []
    for box in boxes:
        box.check_inside(images.shape[-1], images.shape[-2])
        one = _hidden(box, widen(box, images.shape[-1], images.shape[-2]), how, curves)
        place, share = one.box.place, cover_of(box, one.box, how.shape)
        if one.style is None:
            covered = obfuscate(images[..., *place], one.operator)
        else:
            covered = draw_cover(one.style, one.box.height, one.box.width)
        # Over what is hidden already: nothing comes back where two faces lie beside each other.
        hidden[..., *place] = share * covered + (1 - share) * hidden[..., *place]
        done.append(one)
    return hidden, done


def _hidden(box: Box, wide: Box, how: How, curves: Curves) -> Hidden:
    if how.style is not None:
        return Hidden(wide, Solid(), risk_of(Solid(), box.width, curves), how.style)
    if how.operator_for is not None:
        given = how.operator_for(box.width)
        return Hidden(wide, given, risk_of(given, box.width, curves))
    operator, risk = choose(how.kind, how.limit, box.width, curves)
    return Hidden(wide, operator, risk)


def cover_masked(images: np.ndarray, mask: np.ndarray, style: Style) -> np.ndarray:
    """Return a photo with a cover wherever a mask is not 0; none of it is left there.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        mask: ``H x W``.
        style: of the cover.
    """
    shown, rows, columns = mask > 0, *np.nonzero(mask)
    if not len(rows):
        return images
    place = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    covered, part = images.copy(), shown[place]
    covered[..., *place] = np.where(part, draw_cover(style, *part.shape), images[..., *place])
    return covered


def left_open(faces: Sequence[Box], hidden: Sequence[Hidden]) -> list[Box]:
    """Return the faces that no cover lies over, each once.

    Args:
        faces: of the photo before or after.
        hidden: what was covered.
    """
    open_ = [face for face in faces if not any(one.box.has_middle_of(face) for one in hidden)]
    return [
        face for number, face in enumerate(open_)
        if not any(other.has_middle_of(face) for other in open_[:number])
    ]  # fmt: skip


def opaque_over(
    alpha: np.ndarray, boxes: Sequence[Box], hidden: Sequence[Hidden], shape: Shape
) -> np.ndarray:
    """Return alpha, ``H x W``, opaque wherever something is hidden: its outline shows a face, too.

    Args:
        alpha: of the photo, uint8 or uint16.
        boxes: of the faces.
        hidden: how each of them was hidden.
        shape: of what is hidden.
    """
    covered = alpha.copy()
    for box, how in zip(boxes, hidden, strict=True):
        part = covered[how.box.place]  # a view
        part[cover_of(box, how.box, shape) > 0] = np.iinfo(alpha.dtype).max
    return covered


def cover_of(box: Box, wide: Box, shape: Shape) -> np.ndarray:
    """Return how much of each pixel around a face is covered, float32 ``H x W``.

    Args:
        box: of the face: all of its square is covered.
        wide: the part of the photo that is looked at.
        shape: of the cover.
    """
    if shape == "box":
        return np.ones((wide.height, wide.width), np.float32)
    rows = (np.arange(wide.height) + 0.5 + wide.top - box.top) / box.height - 0.5
    columns = (np.arange(wide.width) + 0.5 + wide.left - box.left) / box.width - 0.5
    away = np.hypot(rows[:, None], columns)  # a square's corner is at 0.71
    if shape == "ellipse":
        return (away <= 0.5 + MARGIN).astype(np.float32)
    return np.clip((0.5 + MARGIN - away) / (0.5 + MARGIN - CORNER), 0, 1).astype(np.float32)


def widen(box: Box, width: int, height: int) -> Box:
    """Return ``box`` with the margin, clipped to a photo of this size."""
    return box.grown(round(MARGIN * box.width), round(MARGIN * box.height), width, height)


def hide_proven(
    clean: np.ndarray, faces: Sequence[tuple[Face, Box]], how: How, curves: Curves,
    embedder: Embedder, store: Callable[[np.ndarray], np.ndarray],
) -> tuple[np.ndarray, list[Hidden]]:  # fmt: skip
    """Hide faces, attack what was made, and cover in one colour whom an attack recognises.

    Args:
        clean: the photo, ``1 x 3 x H x W`` in [0,1].
        faces: with their boxes.
        how: they are to be hidden.
        curves: risk against strength.
        embedder: gives the embeddings.
        store: returns a photo as it will be read again.

    Raises:
        UsageError: a box is not inside the photo.
    """
    images, hidden = hide(clean, [box for _, box in faces], how, curves)
    stored = store(images)
    for number, (face, box) in enumerate(faces):
        distances = distances_to_self(clean, stored, face, hidden[number], embedder)
        proven = replace(hidden[number], distances=distances)
        if proven.is_recognised:
            images, (again,) = hide(images, [box], replace(how, style="solid"), curves)
            proven = replace(again, refused=proven)
        hidden[number] = proven
    return images, hidden


def distances_to_self(
    clean: np.ndarray, hidden: np.ndarray, face: Face, how: Hidden, embedder: Embedder
) -> dict[str, float]:
    """Return the distances of a hidden face to its clean self, by how it is seen.

    Args:
        clean: the photo before, ``1 x 3 x H x W`` in [0,1].
        hidden: the photo after, as stored.
        face: the face.
        how: how it was hidden.
        embedder: gives the embeddings.

    Returns:
        For ``obfuscated`` and each restorer; nothing for a cover, of which no face is left.
    """
    if isinstance(how.operator, Solid):
        return {}
    place, points = how.box.place, face.points[None]
    moved = points - np.array([how.box.left, how.box.top])
    part, degradation = hidden[..., *place], Degradation(how.operator)
    seen = {OBFUSCATED: part}
    for name in (*CLOSED_FORMS, *(item.name for item in list_shipped())):
        with suppress(UsageError):  # it undoes operators of another kind
            seen[name] = load(name).restore(part, degradation)
    own = embedder.embed(clean, points)
    others = {name: embedder.embed(images, moved) for name, images in seen.items()}
    return {name: float(distances_between(other, own)[0, 0]) for name, other in others.items()}
