"""Obfuscating safely: the mildest setting that hides, applied, and attacked."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unveil.auditing.attack import OBFUSCATED
from unveil.auditing.verdict import Curves, Risk, mildest, risk_of
from unveil.degradation import Degradation, Operator, Solid
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.faces.embedder import Embedder
from unveil.faces.finder import Face
from unveil.images.box import Box
from unveil.restoration.choice import FALLBACK, model_for
from unveil.restoration.restorers import load

MARGIN = 0.25
"""What is hidden beside the face on each side, of its width: hair, ears and chin tell too."""

SAME_PERSON = 0.6
"""Distance under which dlib takes two faces for one person's."""


@dataclass(frozen=True)
class Hidden:
    """How one face was hidden.

    Attributes:
        box: what was hidden, the margin included.
        operator: with what.
        risk: that it is named all the same, by the curve.
    """

    box: Box
    operator: Operator
    risk: Risk | None


def choose(kind: str, limit: float, face_px: float, curves: Curves) -> tuple[Operator, Risk | None]:
    """Return the mildest setting of a kind whose risk is under the limit; a solid box if none is.

    Args:
        kind: name of the operator.
        limit: greatest risk, by the upper end of its interval.
        face_px: width of the face.
        curves: what was measured.
    """
    found = mildest(kind, limit, max(round(face_px), 1), curves)
    operator: Operator = Solid() if found is None else found
    return operator, risk_of(operator, face_px, curves)


def hide(
    images: Tensor, boxes: Sequence[Box], kind: str, limit: float, curves: Curves
) -> tuple[Tensor, list[Hidden]]:
    """Hide the faces in ``boxes``; the rest of the picture stays as it is.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        boxes: of the faces, as wide as they are.
        kind: name of the operator to hide with.
        limit: greatest risk.
        curves: what was measured.
    """
    hidden, done = images.clone(), []
    for box in boxes:
        box.check_inside(images.shape[-1], images.shape[-2])
        operator, risk = choose(kind, limit, box.width, curves)
        wide = widen(box, images.shape[-1], images.shape[-2])
        hidden[..., *wide.place] = obfuscate(images[..., *wide.place], operator)
        done.append(Hidden(wide, operator, risk))
    return hidden, done


def widen(box: Box, width: int, height: int) -> Box:
    """Return ``box`` with the margin, as far as a photo of this size goes."""
    return box.grown(round(MARGIN * box.width), round(MARGIN * box.height), width, height)


def distances_to_self(
    clean: Tensor, hidden: Tensor, face: Face, how: Hidden, embedder: Embedder
) -> dict[str, float]:
    """Return how far a hidden face is from its clean self, as it is and by each restorer.

    Args:
        clean: the photo before, ``1 x 3 x H x W`` in [0,1].
        hidden: the photo after, as a file keeps it.
        face: where the face is.
        how: how it was hidden.
        embedder: what compares.
    """
    place, points = how.box.place, face.points[None]
    moved = points - torch.tensor([how.box.left, how.box.top])
    part, degradation = hidden[..., *place], Degradation(how.operator)
    seen = {OBFUSCATED: part}
    for name in best_restorers(degradation):
        seen[name] = load(name).restore(part, degradation)
    own = embedder.embed(clean, points)
    others = {name: embedder.embed(images, moved) for name, images in seen.items()}
    return {name: float(torch.cdist(other, own)) for name, other in others.items()}


def best_restorers(degradation: Degradation) -> list[str]:
    """Return what an attacker would try: the closed form, and the best shipped weights."""
    if not degradation.operator.is_linear:
        return []
    try:
        return [FALLBACK, model_for(degradation)]
    except UsageError:  # beyond what the weights were trained on
        return [FALLBACK]
