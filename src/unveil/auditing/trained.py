"""The trained attacker: what obfuscation does to embeddings, learnt from other people's faces.

A linear map from what the embedders see of an obfuscated face (as it is, and restored) to what
they would see of another, clean photo of the same person; faces are then compared by how likely
they are the same person's, as linear discriminant analysis does (S. Prince and J. Elder, 2007).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

RIDGES = tuple(10.0**exponent for exponent in range(-4, 3))
"""Penalties that are tried, in units of the features' mean variance."""

SHRINK = 0.05
"""How far covariances are drawn towards a multiple of the identity."""


@dataclass(frozen=True)
class Head:
    """A fitted attacker; all float64.

    Attributes:
        mean: of the features, ``F``.
        weights: features to clean embedding, ``F x D``.
        offset: mean clean embedding, ``D``.
        error: covariance of what the map gets wrong, ``D x D``.
        spread: covariance of clean embeddings, ``D x D``.
    """

    mean: Tensor
    weights: Tensor
    offset: Tensor
    error: Tensor
    spread: Tensor

    def predict(self, features: Tensor) -> Tensor:
        """Return the clean embeddings to be expected, ``B x D``."""
        expected: Tensor = (features.double() - self.mean) @ self.weights + self.offset
        return expected

    def distances(self, features: Tensor, gallery: Tensor) -> Tensor:
        """Return how much less likely than a stranger's each clean face is, ``B x G``.

        Twice the negative logarithm of: how often this face goes with these features, over how
        often it is seen at all. Without the second part faces of no character would be taken
        for everyone.

        Args:
            features: of the probes, ``B x F``.
            gallery: clean embeddings, ``G x D``.
        """
        to_white = torch.linalg.inv(torch.linalg.cholesky(self.error)).T
        expected, known = self.predict(features) @ to_white, gallery.double() @ to_white
        apart = torch.cdist(expected, known).square()
        centred = gallery.double() - self.offset
        rare = (centred @ torch.linalg.inv(self.spread) * centred).sum(dim=1)
        odds: Tensor = apart - rare
        return odds


def fit_head(features: Tensor, clean: Tensor, people: Tensor) -> Head:
    """Fit the attacker to faces of people who are not in the audit.

    Args:
        features: embeddings of obfuscated faces, side by side, ``N x F``.
        clean: embeddings of clean photos of the same people, ``N x D``.
        people: who they are, ``N``: the errors are measured on people left out of the fit.
    """
    features, clean = features.double(), clean.double()
    left_out = people % 2 == 0
    errors = [_errors_left_out(features, clean, left_out, ridge) for ridge in RIDGES]
    best = min(range(len(RIDGES)), key=lambda at: float(errors[at].square().mean()))
    mean, offset = features.mean(dim=0), clean.mean(dim=0)
    weights = _ridge(features - mean, clean - offset, RIDGES[best])
    return Head(mean, weights, offset, covariance(errors[best]), covariance(clean - offset))


def _errors_left_out(features: Tensor, clean: Tensor, left_out: Tensor, ridge: float) -> Tensor:
    """Return what a fit to one half of the people gets wrong of the other, for both halves."""
    errors = torch.empty_like(clean)
    for part in (left_out, ~left_out):
        mean, offset = features[~part].mean(dim=0), clean[~part].mean(dim=0)
        weights = _ridge(features[~part] - mean, clean[~part] - offset, ridge)
        errors[part] = clean[part] - offset - (features[part] - mean) @ weights
    return errors


def _ridge(features: Tensor, targets: Tensor, ridge: float) -> Tensor:
    gram = features.T @ features
    penalty = ridge * gram.diagonal().mean() + 1e-12
    identity = torch.eye(len(gram), dtype=gram.dtype)
    weights: Tensor = torch.linalg.solve(gram + penalty * identity, features.T @ targets)
    return weights


def covariance(centred: Tensor) -> Tensor:
    """Return the covariance of rows, ``D x D``, drawn a little towards a sphere.

    O. Ledoit and M. Wolf, "A well-conditioned estimator", 2004, with a fixed share.
    """
    found = centred.T @ centred / len(centred)
    identity = torch.eye(len(found), dtype=found.dtype)
    shrunk: Tensor = (1 - SHRINK) * found + (SHRINK * found.diagonal().mean() + 1e-12) * identity
    return shrunk
