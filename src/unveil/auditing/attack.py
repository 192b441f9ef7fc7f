"""The attackers on one setting, weakest to strongest.

After H. Hao et al., "Robustness analysis of face obscuration" (2019), and J. Todt et al.,
"Fant\u00f4mas" (2022):

unaware
    compares the obfuscated probe with the clean gallery.
mirrored
    obfuscates the gallery in the same way first: it knows the operator.
restoring
    restores the probe first, with each of the restorers; also mirrored, against a gallery that was
    obfuscated and restored.
redrawing
    has the tool and the seed of its noise: draws it again and subtracts it, then as restoring.
trained
    has learnt on other people how obfuscating and restoring change embeddings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from unveil.arrays import to_numpy
from unveil.auditing.redrawing import REDRAWN, without_noise
from unveil.auditing.trained import fit_head
from unveil.degradation import Degradation
from unveil.degradation.degrade import degrade
from unveil.degradation.families import family_of
from unveil.degradation.randomness import is_secret, repeatable
from unveil.faces.embedder import Embedder, distances_between
from unveil.faces.portraits import Portraits
from unveil.metrics.quality import Metric
from unveil.networks.card import list_shipped
from unveil.report.rows import rounded
from unveil.restoration.choice import FALLBACK
from unveil.restoration.restorers import Restorer

BATCH = 64
CLEAN = "clean"
UNAWARE, MIRRORED, RESTORING, TRAINED = "unaware", "mirrored", "restoring ", "trained"
OBFUSCATED = "obfuscated"


@dataclass(frozen=True)
class Faces:
    """Portraits at one face width, and the embedder that compares them."""

    portraits: Portraits
    embedder: Embedder
    face_px: int


View = dict[str, np.ndarray]
"""Embeddings of faces, ``N x D``, by how they are seen: clean, obfuscated, or a restorer's name."""


def look(
    faces: Faces,
    numbers: np.ndarray,
    degradation: Degradation,
    restorers: Mapping[str, Restorer],
    metrics: Mapping[str, Metric] = MappingProxyType({}),
) -> tuple[View, dict[str, dict[str, float | None]]]:
    """Embed obfuscated faces before and after each restorer, and score both.

    Args:
        faces: the portraits and the embedder.
        numbers: indices of the portraits, ``N``.
        degradation: what obfuscates and stores them.
        restorers: by name.
        metrics: of similarity to the clean faces, by name.

    Returns:
        For ``obfuscated`` and each restorer: the embeddings, and the mean of each metric.
    """
    embeddings: dict[str, list[np.ndarray]] = {}
    scored: dict[str, list[dict[str, np.ndarray]]] = {}
    for part in _batches(numbers):
        clean, points = faces.portraits.part(part, faces.face_px)
        # Seeds of their own for probes and gallery: who knows the operator cannot draw its noise.
        drawn = repeatable(degradation.operator, seed=int(part[0]))
        seen = {OBFUSCATED: degrade(clean, Degradation(drawn, degradation.storage))}
        if not is_secret(degradation.operator):
            seen[REDRAWN] = without_noise(seen[OBFUSCATED], degradation.operator)
        for name, restorer in restorers.items():
            seen[name] = restorer.restore(seen[OBFUSCATED], degradation)
        for name, images in seen.items():
            embeddings.setdefault(name, []).append(faces.embedder.embed(images, points))
            scores = {key: to_numpy(metric(images, clean)) for key, metric in metrics.items()}
            scored.setdefault(name, []).append(scores)
    means = {
        name: {key: rounded(_mean([part[key] for part in parts])) for key in parts[0]}
        for name, parts in scored.items()
    }
    return {name: np.concatenate(parts) for name, parts in embeddings.items()}, means


def _batches(numbers: np.ndarray) -> list[np.ndarray]:
    return np.split(numbers, range(BATCH, len(numbers), BATCH))


def _mean(parts: list[np.ndarray]) -> float:
    return float(np.concatenate(parts).mean(dtype=np.float64))


def embed_clean(faces: Faces, numbers: np.ndarray) -> np.ndarray:
    """Return the embeddings of clean faces, ``N x D``."""
    parts = (faces.portraits.part(part, faces.face_px) for part in _batches(numbers))
    return np.concatenate([faces.embedder.embed(images, points) for images, points in parts])


def attack(
    probes: View, gallery: View, training: View, partners: np.ndarray, people: np.ndarray
) -> View:
    """Return the distances of probes to the gallery by each attacker, ``P x G``, by its name.

    Args:
        probes: embeddings of the probes, obfuscated and by each restorer.
        gallery: the same of the gallery, and ``clean``.
        training: the same of the training faces.
        partners: clean embeddings of other photos of the training people, ``T x D``.
        people: identity of each training face, ``T``.
    """
    found = {UNAWARE: distances_between(probes[OBFUSCATED], gallery[CLEAN])}
    found[MIRRORED] = distances_between(probes[OBFUSCATED], gallery[OBFUSCATED])
    for name in probes:
        if name != OBFUSCATED:
            found[RESTORING + name] = distances_between(probes[name], gallery[CLEAN])
            found[f"{RESTORING}{name}, {MIRRORED}"] = distances_between(probes[name], gallery[name])
    names = list(probes)
    seen, known = (np.hstack([view[name] for name in names]) for view in (training, probes))
    head = fit_head(seen, partners, people)
    found[TRAINED] = head.distances(known, gallery[CLEAN])
    return found


def restorers_for(degradation: Degradation) -> list[str]:
    """Return the restorers of the curve: the closed form, and weights trained on other people.

    Args:
        degradation: what obfuscates and stores the faces.
    """
    if not degradation.operator.is_linear:
        return []
    family = family_of(degradation.linear)
    other_people = {f"{family}-people", f"{family}-identity"}
    trained = [
        item.name
        for item in list_shipped()
        if item.name in other_people and item.card.task.covers(degradation)
    ]
    return [FALLBACK, *trained]
