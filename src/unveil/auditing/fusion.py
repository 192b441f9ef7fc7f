"""Scores of several attackers joined: a weighted sum, its weights fitted to other people.

The weights make the mates of those people likeliest among their gallery: conditional logit
(D. McFadden, 1974).
"""

from collections.abc import Sequence

import numpy as np

PENALTY = 1.0
"""Of the squared weights: without it, a few dozen probes would fit any of them."""

ROUNDS, ENOUGH = 100, 1e-8


def spread_of(distances: np.ndarray) -> float:
    """Return how much a probe's distances vary over the gallery, the mean of all probes.

    Args:
        distances: ``P x G``.
    """
    return float(distances.std(axis=1).mean()) + 1e-12


def fit_weights(distances: Sequence[np.ndarray], mates: np.ndarray) -> np.ndarray:
    """Return the weight of each attacker's distances, ``S`` float64, at least 0.

    Args:
        distances: of each attacker, ``P x G``.
        mates: column of each probe's own person, ``P``.

    Examples:
        >>> noise = np.random.default_rng(0).random((40, 30))
        >>> told = noise.copy()
        >>> told[np.arange(40), np.arange(40) % 30] -= 0.5
        >>> weights = fit_weights([noise, told], np.arange(40) % 30)
        >>> bool(weights[1] > 3 * weights[0])
        True
    """
    scales = np.array([spread_of(each) for each in distances])
    closeness = -np.stack([d / s for d, s in zip(distances, scales, strict=True)], axis=2)
    own = np.take_along_axis(closeness, mates[:, None, None], axis=1)
    closeness = closeness - own  # of the mate 0
    used = np.ones(len(scales), bool)
    while True:
        weights = np.zeros(len(scales))
        weights[used] = _newton(closeness[:, :, used])
        if (weights >= 0).all() or used.sum() == 1:
            return np.maximum(weights, 0) / scales
        used[np.argmin(weights)] = False


def _newton(closeness: np.ndarray) -> np.ndarray:
    """Return the weights of the greatest penalised likelihood.

    Args:
        closeness: less that of the mate, ``P x G x S``.
    """
    weights = np.zeros(closeness.shape[2])
    for _ in range(ROUNDS):
        sums = closeness @ weights
        chances = np.exp(sums - sums.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        means = np.einsum("pg,pgs->ps", chances, closeness)
        slope = -means.sum(axis=0) - PENALTY * weights
        bend = np.einsum("pg,pgs,pgt->st", chances, closeness, closeness, optimize=True)
        bend += PENALTY * np.eye(len(weights)) - means.T @ means
        step = np.linalg.solve(bend, slope)
        # Far from the optimum a full step may overshoot.
        weights = weights + step * min(1.0, 2.0 / np.abs(step).max())
        if np.abs(step).max() < ENOUGH:
            break
    return weights


def fused(distances: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Return the weighted sum of distances, ``P x G``."""
    total: np.ndarray = sum(w * d for w, d in zip(weights, distances, strict=True))
    return total
