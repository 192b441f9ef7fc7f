"""Hiding faces safely: the mildest setting under a risk, applied and then attacked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from unveil.auditing.attack import OBFUSCATED
from unveil.auditing.verdict import Curves, Risk, mildest, risk_of
from unveil.degradation import Degradation, Operator, Solid
from unveil.degradation.operators import obfuscate
from unveil.faces.embedder import Embedder, distances_between
from unveil.faces.finder import Face
from unveil.images.box import Box
from unveil.restoration.choice import FALLBACK, model_for
from unveil.restoration.restorers import load

MARGIN = 0.25
"""What is hidden on each side of the face, in its widths: hair, ears and chin identify too."""

CORNER = 0.5**0.5
"""Distance of a square's corner from its middle, in its sides."""

Shape = Literal["box", "ellipse", "soft"]

SAME_PERSON = 0.6
"""Euclidean distance of dlib's embeddings under which two faces count as the same person."""


@dataclass(frozen=True)
class Hidden:
    """How one face was hidden.

    Attributes:
        box: the hidden part, with the margin.
        operator: what it was hidden with.
        risk: of identification, by the curve; None if it was not measured.
    """

    box: Box
    operator: Operator
    risk: Risk | None


def choose(kind: str, limit: float, face_px: float, curves: Curves) -> tuple[Operator, Risk | None]:
    """Return the mildest setting of a kind under the risk limit, with its risk; else a solid box.

    Args:
        kind: name of the operator.
        limit: greatest risk, by the upper end of its interval.
        face_px: width of the face.
        curves: risk against strength.
    """
    found = mildest(kind, limit, max(round(face_px), 1), curves)
    operator: Operator = Solid() if found is None else found
    return operator, risk_of(operator, face_px, curves)


def hide(
    images: np.ndarray, boxes: Sequence[Box], kind: str, limit: float, curves: Curves,
    shape: Shape = "box",
) -> tuple[np.ndarray, list[Hidden]]:  # fmt: skip
    """Hide the faces in ``boxes``; the rest of the photo stays as it is.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        boxes: of the faces, as wide as they are.
        kind: name of the operator to hide with.
        limit: greatest risk, by the upper end of its interval.
        curves: risk against strength.
        shape: of what is hidden: the face, with a margin, in a box or an ellipse; ``soft`` is an
            ellipse that fades outwards.

    Raises:
        UsageError: a box is not inside the photo.
    """
    hidden, done = images.copy(), []
    for box in boxes:
        box.check_inside(images.shape[-1], images.shape[-2])
        operator, risk = choose(kind, limit, box.width, curves)
        wide = widen(box, images.shape[-1], images.shape[-2])
        covered, cover = obfuscate(images[..., *wide.place], operator), cover_of(box, wide, shape)
        # Over what is hidden already: nothing comes back where two faces lie beside each other.
        hidden[..., *wide.place] = cover * covered + (1 - cover) * hidden[..., *wide.place]
        done.append(Hidden(wide, operator, risk))
    return hidden, done


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
        For ``obfuscated`` and each restorer; nothing for one colour, of which no face is left.
    """
    if isinstance(how.operator, Solid):
        return {}
    place, points = how.box.place, face.points[None]
    moved = points - np.array([how.box.left, how.box.top])
    part, degradation = hidden[..., *place], Degradation(how.operator)
    seen = {OBFUSCATED: part}
    for name in best_restorers(degradation):
        seen[name] = load(name).restore(part, degradation)
    own = embedder.embed(clean, points)
    others = {name: embedder.embed(images, moved) for name, images in seen.items()}
    return {name: float(distances_between(other, own)[0, 0]) for name, other in others.items()}


def best_restorers(degradation: Degradation) -> list[str]:
    """Return the restorers of an attacker: the closed form, and the best shipped weights."""
    if not degradation.operator.is_linear:
        return []
    return list(dict.fromkeys([FALLBACK, model_for(degradation, fallback=FALLBACK)]))
