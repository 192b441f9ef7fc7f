"""Identification and verification rates with their confidence intervals.

All on tensors. A *probe* is a face to be named; the *gallery* holds one known face of each
person, the probe's own (its *mate*) among them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

BOOTSTRAPS = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over people, and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def closer_strangers(distances: Tensor, mates: Tensor, seed: int = 0) -> Tensor:
    """Return the number of strangers in the gallery that are closer than the mate, ``P``.

    Args:
        distances: ``P x G``, of each probe to each face of the gallery.
        mates: column of each probe's own person, ``P``.
        seed: of the random order of equal distances, as of faces behind a solid box.

    Raises:
        ValueError: a distance is NaN.
    """
    if distances.isnan().any():
        raise ValueError("a distance is NaN")
    own = distances.gather(1, mates[:, None])
    generator = torch.Generator().manual_seed(seed)
    coins = torch.rand(distances.shape, generator=generator).to(distances.device)
    level = coins < coins.gather(1, mates[:, None])
    closer = (distances < own) | ((distances == own) & level)
    return closer.sum(dim=1)


def chance_to_name(closer: Tensor, strangers: int, gallery: int, rank: int = 1) -> Tensor:
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
    total = _log_choose(torch.tensor(strangers), torch.tensor(drawn))
    chance = torch.zeros(len(closer), dtype=torch.float64)
    for among in range(min(rank, gallery)):
        inside = _log_choose(closer, torch.tensor(among))
        outside = _log_choose(strangers - closer, torch.tensor(drawn - among))
        chance += (inside + outside - total).exp()
    return chance.clamp(max=1)


def _log_choose(n: Tensor, k: Tensor) -> Tensor:
    """Return the logarithm of the binomial coefficient; -inf where ``k > n``."""
    n, k = n.double(), k.double()
    ways = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma((n - k).clamp(min=0) + 1)
    return torch.where(k <= n, ways, -torch.inf)


def mean_with_interval(values: Tensor, seed: int = 0) -> Estimate:
    """Return the mean over people with its 95 % interval.

    The bootstrap of B. Efron (1979): percentiles of the means of people drawn with replacement.
    Where all values are equal it has no width (0 of 100 identified: the true share may be 3 %), so
    each end extends at least as far as Wilson's interval for a share (1927).

    Args:
        values: one per person, in [0,1].
        seed: of the draws.
    """
    count = len(values)
    generator = torch.Generator().manual_seed(seed)
    picks = torch.randint(count, (BOOTSTRAPS, count), generator=generator)
    means = values.double()[picks].mean(dim=1)
    tail = (1 - CONFIDENCE) / 2
    ends = means.quantile(torch.tensor([tail, 1 - tail], dtype=torch.float64))
    mean = float(values.double().mean())
    low, high = wilson(mean, count)
    return Estimate(mean, min(float(ends[0]), low), max(float(ends[1]), high))


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of ``count`` cases."""
    z2 = float(torch.special.ndtri(torch.tensor((1 + CONFIDENCE) / 2, dtype=torch.float64))) ** 2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = (z2 * (share * (1 - share) / count + z2 / (4 * count**2))) ** 0.5 / (1 + z2 / count)
    return max(middle - spread, 0.0), min(middle + spread, 1.0)


@dataclass(frozen=True)
class Verification:
    """Receiver operating characteristic of "same person or not".

    Attributes:
        false_accepts: share of pairs of two people accepted as one, ascending, ``N`` float64.
        true_accepts: share of pairs of one person accepted, at the same thresholds.
    """

    false_accepts: Tensor
    true_accepts: Tensor

    def true_accepts_at(self, false_accepts: float) -> float:
        """Return the true accept rate at a false accept rate of at most ``false_accepts``."""
        allowed = self.true_accepts[self.false_accepts <= false_accepts]
        return float(allowed.max()) if len(allowed) else 0.0

    def equal_error_rate(self) -> float:
        """Return the error where the false reject rate equals the false accept rate."""
        refused = 1 - self.true_accepts
        at = (refused - self.false_accepts).abs().argmin()
        return float((refused[at] + self.false_accepts[at]) / 2)


def verification(distances: Tensor, mates: Tensor) -> Verification:
    """Return the ROC over all pairs of a probe and a face of the gallery.

    Args:
        distances: ``P x G``.
        mates: column of each probe's own person, ``P``.
    """
    is_mate = torch.zeros_like(distances, dtype=torch.bool).scatter_(1, mates[:, None], value=True)
    same, other = distances[is_mate].sort().values, distances[~is_mate].sort().values
    thresholds = torch.cat([same, other]).sort().values
    accepted = [
        torch.searchsorted(part, thresholds, right=True).double() / len(part)
        for part in (other, same)
    ]
    start = torch.zeros(1, dtype=torch.float64)
    return Verification(*(torch.cat([start, part]) for part in accepted))
