"""Identification and verification rates with their confidence intervals.

A *probe* is a face to be named; the *gallery* holds one known face of each
person, the probe's own (its *mate*) among them.
"""

import math
from dataclasses import dataclass

import numpy as np

from unveil.metrics.shares import CONFIDENCE, wilson

BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean over people, and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def closer_strangers(distances: np.ndarray, mates: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the number of strangers in the gallery that are closer than the mate, ``P``.

    Args:
        distances: ``P x G``, of each probe to each face of the gallery.
        mates: column of each probe's own person, ``P``.
        seed: of the random order of equal distances, as of faces behind a solid box.

    Raises:
        ValueError: a distance is NaN.
    """
    if np.isnan(distances).any():
        raise ValueError("a distance is NaN")
    own = np.take_along_axis(distances, mates[:, None], axis=1)
    coins = np.random.default_rng(seed).random(distances.shape, np.float32)
    level = coins < np.take_along_axis(coins, mates[:, None], axis=1)
    closer: np.ndarray = ((distances < own) | ((distances == own) & level)).sum(axis=1)
    return closer


def chance_to_name(closer: np.ndarray, strangers: int, gallery: int, rank: int = 1) -> np.ndarray:
    """Return each probe's probability of a rank up to ``rank`` in a smaller gallery, ``P`` float64.

    The smaller gallery holds the mate and ``gallery - 1`` of the ``strangers``, drawn without
    replacement: the number of closer ones among them is hypergeometric.

    Args:
        closer: number of strangers that are closer than the mate, ``P``.
        strangers: number of strangers.
        gallery: people in the smaller gallery, at most ``strangers + 1``.
        rank: number of guesses.
    """
    drawn = gallery - 1
    if not 0 <= drawn <= strangers:
        raise ValueError(f"a gallery of {gallery} cannot be drawn from {strangers} strangers")
    log_factorial = np.array([math.lgamma(n + 1) for n in range(strangers + 1)])

    def log_choose(n: np.ndarray, k: int) -> np.ndarray:
        """Return the logarithm of the binomial coefficient; -inf where ``k > n``."""
        ways = log_factorial[n] - log_factorial[k] - log_factorial[np.maximum(n - k, 0)]
        return np.where(k <= n, ways, -np.inf)

    total = log_choose(np.array(strangers), drawn)
    chance = np.zeros(len(closer))
    for among in range(min(rank, gallery)):
        inside = log_choose(closer, among)
        outside = log_choose(strangers - closer, drawn - among)
        chance += np.exp(inside + outside - total)
    return np.minimum(chance, 1)


def mean_with_interval(values: np.ndarray, seed: int = 0) -> Estimate:
    """Return the mean over people with its 95 % interval.

    The bootstrap of B. Efron (1979): percentiles of the means of people drawn with replacement.
    Where all values are equal it has no width (0 of 100 identified: the true share may be 3 %), so
    each end extends at least as far as Wilson's interval for a share (1927).

    Args:
        values: one per person, in [0,1].
        seed: of the draws.
    """
    count = len(values)
    picks = np.random.default_rng(seed).integers(count, size=(BOOTSTRAPS, count))
    means = values.astype(np.float64)[picks].mean(axis=1)
    tail = (1 - CONFIDENCE) / 2
    ends = np.quantile(means, [tail, 1 - tail])
    mean = float(values.mean(dtype=np.float64))
    low, high = wilson(mean, count)
    return Estimate(mean, min(float(ends[0]), low), max(float(ends[1]), high))


@dataclass(frozen=True)
class Verification:
    """Receiver operating characteristic of "same person or not".

    Attributes:
        false_accepts: share of pairs of two people accepted as one, ascending, ``N`` float64.
        true_accepts: share of pairs of one person accepted, at the same thresholds.
    """

    false_accepts: np.ndarray
    true_accepts: np.ndarray

    def true_accepts_at(self, false_accepts: float) -> float:
        """Return the true accept rate at a false accept rate of at most ``false_accepts``."""
        allowed = self.true_accepts[self.false_accepts <= false_accepts]
        return float(allowed.max()) if len(allowed) else 0.0

    def equal_error_rate(self) -> float:
        """Return the error where the false reject rate equals the false accept rate."""
        refused = 1 - self.true_accepts
        at = np.abs(refused - self.false_accepts).argmin()
        return float((refused[at] + self.false_accepts[at]) / 2)


def verification(distances: np.ndarray, mates: np.ndarray) -> Verification:
    """Return the ROC over all pairs of a probe and a face of the gallery.

    Args:
        distances: ``P x G``.
        mates: column of each probe's own person, ``P``.
    """
    is_mate = np.zeros(distances.shape, bool)
    np.put_along_axis(is_mate, mates[:, None], values=True, axis=1)
    same, other = np.sort(distances[is_mate]), np.sort(distances[~is_mate])
    thresholds = np.sort(np.concatenate([same, other]))
    accepted = [
        np.searchsorted(part, thresholds, side="right") / len(part) for part in (other, same)
    ]
    return Verification(*(np.concatenate([[0.0], part]) for part in accepted))
