"""Who is named, and how surely: identification, verification, and how far chance could move them.

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
    """A mean over people, and the interval that holds it with a confidence of 95 %."""

    value: float
    low: float
    high: float


def closer_strangers(distances: Tensor, mates: Tensor, seed: int = 0) -> Tensor:
    """Return how many strangers of the gallery look more alike than the probe's own face.

    Args:
        distances: ``P x G``, of each probe to each face of the gallery.
        mates: column of each probe's own person, ``P``.
        seed: of the coins that are thrown where distances are equal, as for faces behind a
            solid box.

    Raises:
        ValueError: a distance is no number.
    """
    if distances.isnan().any():
        raise ValueError("a distance is no number")
    own = distances.gather(1, mates[:, None])
    generator = torch.Generator().manual_seed(seed)
    coins = torch.rand(distances.shape, generator=generator).to(distances.device)
    level = coins < coins.gather(1, mates[:, None])
    closer = (distances < own) | ((distances == own) & level)
    return closer.sum(dim=1)


def chance_to_name(closer: Tensor, strangers: int, gallery: int, rank: int = 1) -> Tensor:
    """Return each probe's chance to be among the ``rank`` best of a smaller gallery, ``P`` float64.

    The smaller gallery holds the probe's person and ``gallery - 1`` of the ``strangers``, drawn
    without replacement: the number of closer ones among them is hypergeometric.

    Args:
        closer: strangers that look more alike, ``P``.
        strangers: how many there are.
        gallery: people in the smaller gallery, at most ``strangers + 1``.
        rank: how many names may be given.
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
    """Return the logarithm of the ways to choose ``k`` of ``n``; of 0 where there is none."""
    n, k = n.double(), k.double()
    ways = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma((n - k).clamp(min=0) + 1)
    return torch.where(k <= n, ways, -torch.inf)


def mean_with_interval(values: Tensor, seed: int = 0) -> Estimate:
    """Return the mean over people, and what it would be for other people of the same kind.

    The bootstrap of B. Efron (1979): people drawn with replacement, percentiles of the means.
    Where all agree it says nothing (no one of 100 was named: it could yet be 3 in 100), so each
    end reaches at least as far as Wilson's interval (1927) does for a share.

    Args:
        values: one a person, from 0 to 1.
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
    """Return Wilson's interval of a share seen in ``count`` cases."""
    z2 = float(torch.special.ndtri(torch.tensor((1 + CONFIDENCE) / 2, dtype=torch.float64))) ** 2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = (z2 * (share * (1 - share) / count + z2 / (4 * count**2))) ** 0.5 / (1 + z2 / count)
    return max(middle - spread, 0.0), min(middle + spread, 1.0)


@dataclass(frozen=True)
class Verification:
    """How well distances tell one person's two faces from those of two people.

    Attributes:
        false_accepts: share of strangers' pairs taken for one person, rising, ``N``.
        true_accepts: share of pairs of one person taken for that, at the same thresholds.
    """

    false_accepts: Tensor
    true_accepts: Tensor

    def true_accepts_at(self, false_accepts: float) -> float:
        """Return the share of true pairs accepted where strangers pass at most so often."""
        allowed = self.true_accepts[self.false_accepts <= false_accepts]
        return float(allowed.max()) if len(allowed) else 0.0

    def equal_error_rate(self) -> float:
        """Return the error where true pairs are refused as often as strangers are accepted."""
        refused = 1 - self.true_accepts
        at = (refused - self.false_accepts).abs().argmin()
        return float((refused[at] + self.false_accepts[at]) / 2)


def verification(distances: Tensor, mates: Tensor) -> Verification:
    """Return the ROC of all pairs of a probe and a face of the gallery.

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
