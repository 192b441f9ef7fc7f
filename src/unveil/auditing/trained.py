"""The trained attacker: predicts clean embeddings from obfuscated ones, learnt on other people.

A linear map (ridge regression) from the embeddings of an obfuscated face, before and after each
restorer, to the embedding of another, clean photo of the same person; faces are compared by the
likelihood ratio of "same person", as in probabilistic linear discriminant analysis (S. Prince and
J. Elder, 2007).
"""

from dataclasses import dataclass

import numpy as np

from unveil.faces.embedder import distances_between

RIDGES = tuple(10.0**exponent for exponent in range(-4, 3))
"""Ridge penalties to choose from, in units of the features' mean variance."""

SHRINK = 0.05
"""Weight of a multiple of the identity in every covariance."""

NEAR_RIDGE, NEAR_SHRINK = 30.0, 0.5
"""Both, where a head is fitted to a few hundred photos only (:func:`fit_near`)."""


@dataclass(frozen=True)
class Head:
    """A fitted attacker; all float64.

    Attributes:
        mean: of the features, ``F``.
        weights: features to clean embedding, ``F x D``.
        offset: mean clean embedding, ``D``.
        error: covariance of the prediction error, ``D x D``.
        spread: covariance of clean embeddings, ``D x D``.
    """

    mean: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    error: np.ndarray
    spread: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the predicted clean embeddings, ``B x D``."""
        expected: np.ndarray = (features - self.mean) @ self.weights + self.offset
        return expected

    def distances(self, features: np.ndarray, gallery: np.ndarray) -> np.ndarray:
        """Return the negative log-likelihood ratio of "same person", times 2, ``B x G``.

        The likelihood of the clean face given the features, over its likelihood for anyone; without
        the second term, faces near the average would match every probe.

        Args:
            features: of the probes, ``B x F``.
            gallery: clean embeddings, ``G x D``.
        """
        to_white = np.linalg.inv(np.linalg.cholesky(self.error)).T
        apart = distances_between(self.predict(features) @ to_white, gallery @ to_white) ** 2
        centred = gallery - self.offset
        rare = (centred @ np.linalg.inv(self.spread) * centred).sum(axis=1)
        odds: np.ndarray = apart - rare
        return odds


def fit_head(features: np.ndarray, clean: np.ndarray, people: np.ndarray) -> Head:
    """Fit the attacker to faces of people who are not in the audit.

    Args:
        features: embeddings of obfuscated faces, all views concatenated, ``N x F``.
        clean: embeddings of clean photos of the same people, ``N x D``.
        people: their identities, ``N``: errors are measured on people left out of the fit.
    """
    features, clean = features.astype(np.float64), clean.astype(np.float64)
    left_out = people % 2 == 0
    errors = [_errors_left_out(features, clean, left_out, ridge) for ridge in RIDGES]
    best = min(range(len(RIDGES)), key=lambda at: float((errors[at] ** 2).mean()))
    mean, offset = features.mean(axis=0), clean.mean(axis=0)
    weights = _ridge(features - mean, clean - offset, RIDGES[best])
    return Head(mean, weights, offset, covariance(errors[best]), covariance(clean - offset))


def fit_near(
    features: np.ndarray, guess: np.ndarray, wanted: np.ndarray, people: np.ndarray
) -> Head:
    """Fit a head that departs from a guess only as far as a few photos insist.

    Args:
        features: embeddings of obfuscated faces, ``N x F``.
        guess: at what is wanted, ``N x D``.
        wanted: embeddings of other photos of the same people, ``N x D``.
        people: their identities, ``N``.

    Returns:
        The head; it reads features and guess side by side.
    """
    scale = (guess * wanted).sum() / (guess**2).sum()
    left_out = people % 2 == 0
    errors = _errors_left_out(features, wanted - scale * guess, left_out, NEAR_RIDGE)
    mean, offset = np.hstack([features, guess]).mean(axis=0), wanted.mean(axis=0)
    centred = features - features.mean(axis=0)
    missed = wanted - offset - scale * (guess - guess.mean(axis=0))
    own = scale * np.eye(guess.shape[1])
    weights = np.vstack([_ridge(centred, missed, NEAR_RIDGE), own])
    error, spread = (covariance(each, NEAR_SHRINK) for each in (errors, wanted - offset))
    return Head(mean, weights, offset, error, spread)


def _errors_left_out(
    features: np.ndarray, clean: np.ndarray, left_out: np.ndarray, ridge: float
) -> np.ndarray:
    """Return the errors on each half of the people of a fit to the other half, ``N x D``."""
    errors = np.empty_like(clean)
    for part in (left_out, ~left_out):
        mean, offset = features[~part].mean(axis=0), clean[~part].mean(axis=0)
        weights = _ridge(features[~part] - mean, clean[~part] - offset, ridge)
        errors[part] = clean[part] - offset - (features[part] - mean) @ weights
    return errors


def _ridge(features: np.ndarray, targets: np.ndarray, ridge: float) -> np.ndarray:
    gram = features.T @ features
    penalty = ridge * gram.diagonal().mean() + 1e-12
    return np.linalg.solve(gram + penalty * np.eye(len(gram)), features.T @ targets)


def covariance(centred: np.ndarray, shrink: float = SHRINK) -> np.ndarray:
    """Return the covariance of rows, ``D x D``, shrunk towards a multiple of the identity.

    O. Ledoit and M. Wolf, "A well-conditioned estimator", 2004, with a fixed share.
    """
    found = centred.T @ centred / len(centred)
    identity = np.eye(len(found))
    shrunk: np.ndarray = (1 - shrink) * found + (
        shrink * found.diagonal().mean() + 1e-12
    ) * identity
    return shrunk
