"""The attackers, weakest to strongest, against one setting.

After H. Hao et al., "Robustness analysis of face obscuration" (2019), and J. Todt et al.,
"Fant\u00f4mas" (2022):

unaware
    compares the obfuscated face with clean ones.
mirrored
    obfuscates the clean faces in the same way first: it knows the operator.
restoring
    undoes the obfuscation first, with each of the restorers; mirrored too, against clean faces
    that were obfuscated and restored.
trained
    has learnt from other people's faces what obfuscation and restoring do to embeddings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from unveil.auditing.trained import fit_head
from unveil.degradation import Degradation
from unveil.degradation.degrade import degrade
from unveil.degradation.families import family_of
from unveil.faces.embedder import Embedder
from unveil.faces.portraits import Portraits
from unveil.metrics.quality import Metric
from unveil.networks.shipped import list_shipped
from unveil.report.rows import rounded
from unveil.restoration.choice import FALLBACK
from unveil.restoration.restorers import Restorer

BATCH = 64
CLEAN = "clean"
UNAWARE, MIRRORED, RESTORING, TRAINED = "unaware", "mirrored", "restoring ", "trained"
OBFUSCATED = "obfuscated"


@dataclass(frozen=True)
class Faces:
    """Portraits at one size, and what recognises them."""

    portraits: Portraits
    embedder: Embedder
    face_px: int


View = dict[str, Tensor]
"""Embeddings, ``N x D``, by what was done to the faces first."""


def look(
    faces: Faces,
    numbers: Tensor,
    degradation: Degradation,
    restorers: Mapping[str, Restorer],
    metrics: Mapping[str, Metric] = MappingProxyType({}),
) -> tuple[View, dict[str, dict[str, float | None]]]:
    """Embed faces as they are, and restored; returns also how like the clean ones they are.

    Args:
        faces: the portraits, their size and what recognises them.
        numbers: which portraits.
        degradation: what hides them.
        restorers: by name.
        metrics: of likeness, by name.

    Returns:
        For ``obfuscated`` and each restorer: the embeddings, and the mean of each metric.
    """
    embeddings: dict[str, list[Tensor]] = {}
    scored: dict[str, list[dict[str, Tensor]]] = {}
    for part in torch.split(numbers, BATCH):
        clean, points = faces.portraits.part(part, faces.face_px)
        seen = {OBFUSCATED: degrade(clean, degradation)}
        for name, restorer in restorers.items():
            seen[name] = restorer.restore(seen[OBFUSCATED], degradation)
        for name, images in seen.items():
            embeddings.setdefault(name, []).append(faces.embedder.embed(images, points))
            scores = {key: metric(images, clean).cpu() for key, metric in metrics.items()}
            scored.setdefault(name, []).append(scores)
    means = {
        name: {key: rounded(float(torch.cat([p[key] for p in parts]).mean())) for key in parts[0]}
        for name, parts in scored.items()
    }
    return {name: torch.cat(parts) for name, parts in embeddings.items()}, means


def embed_clean(faces: Faces, numbers: Tensor) -> Tensor:
    """Return the embeddings of clean faces, ``N x D``."""
    parts = (faces.portraits.part(part, faces.face_px) for part in torch.split(numbers, BATCH))
    return torch.cat([faces.embedder.embed(images, points) for images, points in parts])


def attack(probes: View, gallery: View, training: View, partners: Tensor, people: Tensor) -> View:
    """Return the distances that each attacker finds, ``P x G``, by the attacker's name.

    Args:
        probes: embeddings of the obfuscated probes, as they are and by each restorer.
        gallery: the same of the gallery, and ``clean``.
        training: the same of the training faces.
        partners: clean embeddings of the training people's other photos.
        people: who the training faces are.
    """
    distances = {UNAWARE: torch.cdist(probes[OBFUSCATED], gallery[CLEAN])}
    distances[MIRRORED] = torch.cdist(probes[OBFUSCATED], gallery[OBFUSCATED])
    for name in probes:
        if name != OBFUSCATED:
            distances[RESTORING + name] = torch.cdist(probes[name], gallery[CLEAN])
            distances[f"{RESTORING}{name}, {MIRRORED}"] = torch.cdist(probes[name], gallery[name])
    names = list(probes)
    seen, known = (torch.cat([view[name] for name in names], dim=1) for view in (training, probes))
    head = fit_head(seen, partners, people)
    distances[TRAINED] = head.distances(known, gallery[CLEAN])
    return distances


def restorers_for(degradation: Degradation) -> list[str]:
    """Return the restorers of the curve: a closed form, and weights that know none of its people.

    Args:
        degradation: what hides the faces.
    """
    if not degradation.operator.is_linear:
        return []
    blind_to_them = f"{family_of(degradation.linear)}-people"
    found = next((item for item in list_shipped() if item.name == blind_to_them), None)
    covered = found is not None and found.card.task.covers(degradation)
    return [FALLBACK, blind_to_them] if covered else [FALLBACK]
