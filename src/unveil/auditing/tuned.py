"""The tuned attacker on one operator: its distances, step by step, and how they are fitted.

tuned
    compares what its network, trained on other people's obfuscated faces, says of the probe with
    clean embeddings of the gallery.
tuned, flips
    the same of the probe and its mirror image.
tuned, head
    a linear map and a likelihood ratio on that (:mod:`unveil.auditing.trained`).
tuned, restored
    a head on both networks' embeddings of the probe as it is and by each restorer.
fused
    the weighted sum of all of these and of those who obfuscate the gallery too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from unveil.auditing.attack import CLEAN, MIRRORED, OBFUSCATED, View
from unveil.auditing.eyes import FLIPS, PUBLISHED, TUNED
from unveil.auditing.fusion import fit_weights, fused
from unveil.auditing.helpers import Crowd
from unveil.auditing.trained import Head, fit_head
from unveil.faces.embedder import distances_between

DIRECT, FLIPPED, HEADED, RESTORED, FUSED = (
    *("tuned", "tuned, flips", "tuned, head", "tuned, restored", "fused"),
)
"""The attacker's steps."""

JOINT = "joint"
"""Name of the head on all views that predicts the obfuscated gallery."""

FOLDS = 4
"""Parts of the held-out people; heads are tried on those that they were not fitted to."""

MOST_PROBES = 3
"""Most probes of one person in the fit of a fusion."""


@dataclass(frozen=True)
class Fitted:
    """What is fitted to the held-out people for one operator.

    Attributes:
        mean: of clean embeddings, ``D``.
        heads: by name.
        weights: of each attacker in the fusion, by name.
    """

    mean: np.ndarray
    heads: Mapping[str, Head]
    weights: Mapping[str, float]

    def distances(self, probes: View, gallery: View) -> View:
        """Return the distances of probes to the gallery at each step, ``P x G``, by its name.

        Args:
            probes: what :meth:`unveil.auditing.eyes.Eyes.look` returns.
            gallery: what ``clean`` and ``mirror`` return.
        """
        found = plain(probes, gallery, self.mean) | headed(probes, gallery, self)
        joined = fused([found[name] for name in self.weights], np.array([*self.weights.values()]))
        steps = (DIRECT, FLIPPED, HEADED, RESTORED)
        return {name: found[name] for name in steps} | {FUSED: joined}


def directions(embeddings: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return embeddings about the mean, of length 1, ``N x D``."""
    about = embeddings - mean
    scaled: np.ndarray = about / np.maximum(np.linalg.norm(about, axis=1, keepdims=True), 1e-12)
    return scaled


def plain(probes: View, gallery: View, mean: np.ndarray) -> View:
    """Return the distances that need nothing fitted, by name."""
    known = directions(gallery[CLEAN], mean)

    def tuned(name: str) -> np.ndarray:
        return distances_between(directions(probes[name], mean), known)

    found = {DIRECT: tuned(TUNED + OBFUSCATED), FLIPPED: tuned(TUNED + OBFUSCATED + FLIPS)}
    last = mirrored_way(gallery)
    if last != OBFUSCATED:
        found[TUNED + last + FLIPS] = tuned(TUNED + last + FLIPS)
    for name in probes:
        if name.startswith(PUBLISHED):
            found[name] = distances_between(probes[name], gallery[CLEAN])
    seen, mirror = PUBLISHED + last, TUNED + last
    found[f"{seen}, {MIRRORED}"] = distances_between(probes[seen], gallery[seen])
    found[f"{mirror}, {MIRRORED}"] = distances_between(
        *(directions(view[mirror], mean) for view in (probes, gallery))
    )
    return found


def mirrored_way(gallery: View) -> str:
    """Return how the faces of an obfuscated gallery were seen: as they are, or restored."""
    name = next(name for name in gallery if name.startswith(PUBLISHED))
    return name.removeprefix(PUBLISHED)


def features(view: View, name: str, mean: np.ndarray) -> np.ndarray:
    """Return what the head ``name`` reads, ``N x F``."""
    own = [TUNED + OBFUSCATED + FLIPS] if name == HEADED else [n for n in view if n.endswith(FLIPS)]
    theirs = [] if name == HEADED else [n for n in view if n.startswith(PUBLISHED)]
    return np.hstack([directions(view[n], mean) for n in own] + [view[n] for n in theirs])


def targets(gallery: View, name: str, mean: np.ndarray) -> np.ndarray:
    """Return what the head ``name`` predicts, ``N x D``."""
    if name != JOINT:
        return gallery[CLEAN]
    way = mirrored_way(gallery)
    return np.hstack([gallery[PUBLISHED + way], directions(gallery[TUNED + way], mean)])


def headed(probes: View, gallery: View, fitted: "Fitted") -> View:
    """Return the distances by each head, by name."""
    return {
        name: head.distances(
            features(probes, name, fitted.mean), targets(gallery, name, fitted.mean)
        )
        for name, head in fitted.heads.items()
    }


def fit_heads(probes: View, gallery: View, crowd: Crowd, mean: np.ndarray) -> dict[str, Head]:
    """Fit the heads to people, each photo to another one of its person; see :func:`fit`."""
    partners = {name: each[crowd.partners] for name, each in gallery.items()}
    return {
        name: fit_head(features(probes, name, mean), targets(partners, name, mean), crowd.people)
        for name in (HEADED, RESTORED, JOINT)
    }


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
        What is fitted; the distances at each step on the same people, by heads that were fitted to
        others of them, ``P x G``; and the column of each probe's mate, ``P``.
    """
    known, shown, mates = roles(crowd)
    kept = {name: np.concatenate([each[known], strangers[name]]) for name, each in gallery.items()}
    parts: dict[str, np.ndarray] = {}
    for inside, outside in _folds(crowd.people):
        fold = Crowd(crowd.photos[inside], crowd.people[inside])
        taught, wanted = (
            {name: each[inside] for name, each in view.items()} for view in (probes, gallery)
        )
        trial = Fitted(mean, fit_heads(taught, wanted, fold, mean), {})
        here = np.isin(shown, outside)
        seen = {name: each[shown[here]] for name, each in probes.items()}
        for name, distances in (plain(seen, kept, mean) | headed(seen, kept, trial)).items():
            whole = parts.setdefault(name, np.empty((len(shown), distances.shape[1])))
            whole[here] = distances
    weights = fit_weights([*parts.values()], mates)
    heads = fit_heads(probes, gallery, crowd, mean)
    chosen = {name: float(weight) for name, weight in zip(parts, weights, strict=True) if weight}
    parts[FUSED] = fused([parts[name] for name in chosen], np.array([*chosen.values()]))
    return Fitted(mean, heads, chosen), parts, mates


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
