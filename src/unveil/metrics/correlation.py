"""Whether two measures order the same things alike."""

import numpy as np

from unveil.arrays import Array, to_numpy


def rank_correlation(one: Array, other: Array) -> np.ndarray:
    """Return Spearman's rank correlation along the first axis; equal values share their mean rank.

    Args:
        one: ``N``, or ``N x K`` for ``K`` correlations.
        other: of the same shape.

    Returns:
        float64, a number or ``K``, from -1 to 1; NaN where a series is constant or holds NaN.
    """
    one, other = _centred_ranks(to_numpy(one)), _centred_ranks(to_numpy(other))
    variances = (one**2).sum(axis=0) * (other**2).sum(axis=0)
    with np.errstate(invalid="ignore"):  # a constant series: 0 / 0
        correlation: np.ndarray = (one * other).sum(axis=0) / np.sqrt(variances)
    return correlation


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    below = (values[None] < values[:, None]).sum(axis=1)
    equal = (values[None] == values[:, None]).sum(axis=1)
    ranks = np.where(np.isnan(values), np.nan, below + (equal - 1) / 2)
    centred: np.ndarray = ranks - ranks.mean(axis=0)
    return centred
