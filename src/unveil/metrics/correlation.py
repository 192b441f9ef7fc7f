"""Whether two measures order the same things alike."""

import torch
from torch import Tensor


def rank_correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return Spearman's rank correlation along the first axis; equal values share their mean rank.

    Args:
        one: ``N``, or ``N x K`` for ``K`` correlations.
        other: of the same shape.

    Returns:
        float64, a number or ``K``, from -1 to 1; NaN where a series is constant or holds NaN.
    """
    one, other = _centred_ranks(one), _centred_ranks(other)
    variances = one.square().sum(dim=0) * other.square().sum(dim=0)
    correlation: Tensor = (one * other).sum(dim=0) / variances.sqrt()
    return correlation


def _centred_ranks(values: Tensor) -> Tensor:
    below = (values[None] < values[:, None]).sum(dim=1)
    equal = (values[None] == values[:, None]).sum(dim=1)
    ranks = (below + (equal - 1) / 2).double().where(~values.isnan(), torch.nan)
    return ranks - ranks.mean(dim=0)
