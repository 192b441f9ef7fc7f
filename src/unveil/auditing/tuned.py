"""The tuned attacker on one operator: its distances, step by step, and how they are fitted.

tuned
    compares what its network, trained on other people's obfuscated faces, says of the probe with
    clean embeddings of the gallery (cosine).
tuned, flips
    the same of the probe and its mirror image.
tuned, head
    a linear map and a likelihood ratio on that (:mod:`unveil.auditing.trained`).
tuned, restored
    the same on the probe as it is and restored.
fused
    the weighted sum of all of these, of dlib's network after the best restorer, and of those who
    obfuscate the gallery too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unveil.auditing.attack import CLEAN, MIRRORED, OBFUSCATED, View
from unveil.auditing.eyes import FLIPS, PUBLISHED, TUNED
from unveil.auditing.fusion import fit_weights, fused
from unveil.auditing.helpers import Crowd
from unveil.auditing.trained import Head, fit_near
from unveil.faces.embedder import distances_between

DIRECT, FLIPPED, HEADED, RESTORED, FUSED = (
    *("tuned", "tuned, flips", "tuned, head", "tuned, restored", "fused"),
)
"""The attacker's steps."""

BOTH, COSINE = "both", ", cosine"
"""Name of the head on both networks, and the end of the name of a plan without its head."""

FOLDS = 4
"""Parts of the held-out people; heads are tried on those that they were not fitted to."""

MOST_PROBES = 3
"""Most probes of one person in the fit of a fusion."""


@dataclass(frozen=True)
class Fitted:
    """What is fitted to the held-out people for one operator.

    Attributes:
        means: of the embeddings in each view, ``D``, by name.
        heads: by name.
        weights: of each attacker in the fusion, by name.
    """

    means: Mapping[str, np.ndarray]
    heads: Mapping[str, Head]
    weights: Mapping[str, float]

    def distances(self, probes: View, gallery: View) -> View:
        """Return the distances of probes to the gallery at each step, ``P x G``, by its name.

        Args:
            probes: what :meth:`unveil.auditing.eyes.Eyes.look` returns.
            gallery: what ``clean`` and ``mirror`` return.
        """
        found = all_distances(self, probes, gallery)
        joined = fused([found[name] for name in self.weights], np.array([*self.weights.values()]))
        steps = (DIRECT, FLIPPED, HEADED, RESTORED)
        return {name: found[name] for name in steps} | {FUSED: joined}


def directions(embeddings: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return embeddings about the mean, of length 1, ``N x D``."""
    about = embeddings - mean
    scaled: np.ndarray = about / np.maximum(np.linalg.norm(about, axis=1, keepdims=True), 1e-12)
    return scaled


def plans(probes: View, gallery: View) -> dict[str, tuple[Sequence[str], str]]:
    """Return the views of probes that each head reads, and that of the gallery it predicts."""
    own = [name for name in probes if name.endswith(FLIPS)]
    theirs = [name for name in probes if name.startswith(PUBLISHED)]
    found: dict[str, tuple[Sequence[str], str]] = {
        HEADED: ([TUNED + OBFUSCATED + FLIPS], CLEAN),
        RESTORED: (own, CLEAN),
        BOTH: ([*own, theirs[-1]], CLEAN),
    }
    mirrored = (name for name in gallery if name != CLEAN)
    return found | {f"{name}, {MIRRORED}": ([name], name) for name in mirrored}


def read(view: View, names: Sequence[str], means: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return what a head reads: the directions in each view, and of their sum, ``N x F``."""
    each = [directions(view[name], means[name]) for name in names]
    return np.hstack([*each, directions(np.sum(each, axis=0), np.zeros(each[0].shape[1]))])


def all_distances(fitted: Fitted, probes: View, gallery: View) -> View:
    """Return the distances of every attacker that a fusion may weight, by name."""
    means = fitted.means
    known = {name: directions(each, means[name]) for name, each in gallery.items()}
    found = {}
    for name, (names, wanted) in plans(probes, gallery).items():
        features = read(probes, names, means)
        found[name] = fitted.heads[name].distances(features, known[wanted])
        guess = features[:, -known[wanted].shape[1] :]
        found[name + COSINE] = distances_between(guess, known[wanted])
    direct = directions(probes[TUNED + OBFUSCATED], means[TUNED + OBFUSCATED])
    found[DIRECT] = distances_between(direct, known[CLEAN])
    found[FLIPPED] = found.pop(HEADED + COSINE)
    return found


def fit_heads(
    probes: View, gallery: View, crowd: Crowd, means: Mapping[str, np.ndarray]
) -> dict[str, Head]:
    """Fit the heads to people, each photo to another one of its person; see :func:`fit`."""
    heads = {}
    for name, (names, wanted) in plans(probes, gallery).items():
        partners = directions(gallery[wanted][crowd.partners], means[wanted])
        features, size = read(probes, names, means), partners.shape[1]
        heads[name] = fit_near(features[:, :-size], features[:, -size:], partners, crowd.people)
    return heads


def fit(
    probes: View, gallery: View, strangers: View, crowd: Crowd, mean: np.ndarray
) -> tuple[Fitted, View, np.ndarray]:
    """Fit heads and fusion to held-out people.

    Args:
        probes: how photos of people with several are seen as probes, ``N`` embeddings each.
        gallery: the same photos as faces of a gallery.
        strangers: faces of other people, also in the gallery.
        crowd: whose photos the ``N`` are.
        mean: of clean embeddings, ``D``.

    Returns:
        What is fitted; the distances at each step on the same people, by heads and weights that
        were fitted to others of them, ``P x G``; and the column of each probe's mate, ``P``.
    """
    known, shown, mates = roles(crowd)
    kept = {name: np.concatenate([each[known], strangers[name]]) for name, each in gallery.items()}
    means = {name: each.mean(axis=0) for name, each in probes.items()} | {CLEAN: mean}
    parts: dict[str, np.ndarray] = {}
    for inside, outside in _folds(crowd.people):
        fold = Crowd(crowd.photos[inside], crowd.people[inside])
        taught, wanted = (
            {name: each[inside] for name, each in view.items()} for view in (probes, gallery)
        )
        trial = Fitted(means, fit_heads(taught, wanted, fold, means), {})
        here = np.isin(shown, outside)
        seen = {name: each[shown[here]] for name, each in probes.items()}
        for name, distances in all_distances(trial, seen, kept).items():
            whole = parts.setdefault(name, np.empty((len(shown), distances.shape[1])))
            whole[here] = distances
    weights = fit_weights([*parts.values()], mates)
    chosen = {name: float(weight) for name, weight in zip(parts, weights, strict=True) if weight}
    parts[FUSED] = _fused_by_others([*parts.values()], mates, crowd.people[shown])
    return Fitted(means, fit_heads(probes, gallery, crowd, means), chosen), parts, mates


def _fused_by_others(
    distances: Sequence[np.ndarray], mates: np.ndarray, people: np.ndarray
) -> np.ndarray:
    """Return distances of each half of the people, weighted as suits the other half, ``P x G``."""
    found = np.empty_like(distances[0])
    for here in (people % 2 == 0, people % 2 == 1):
        weights = fit_weights([each[~here] for each in distances], mates[~here])
        found[here] = fused([each[here] for each in distances], weights)
    return found


def roles(crowd: Crowd) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places of a gallery, one photo a person, of probes, and each probe's column."""
    known, columns, counts = np.unique(crowd.people, return_index=True, return_counts=True)[0:3]
    rank = np.arange(len(crowd.people)) - np.repeat(columns, counts)
    shown = np.flatnonzero((rank > 0) & (rank <= MOST_PROBES))
    return columns, shown, np.searchsorted(known, crowd.people[shown])


def _folds(people: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number in range(FOLDS):
        outside = people // 2 % FOLDS == number  # halves of people are told apart by their parity
        if outside.any():
            yield np.flatnonzero(~outside), np.flatnonzero(outside)
