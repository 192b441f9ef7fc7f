"""Rank correlation, against SciPy."""

import numpy as np
from scipy import stats

from unveil.metrics.correlation import rank_correlation


def series(count: int = 40, *shape: int) -> np.ndarray:
    """Return whole numbers, so that many are equal."""
    return np.random.default_rng(0).integers(9, size=(2, count, *shape)).astype(float)


def test_it_is_scipys_with_many_equal_values():
    one, other = series()
    expected = stats.spearmanr(one, other).statistic
    np.testing.assert_allclose(rank_correlation(one, other), expected, rtol=1e-12)


def test_several_are_each_by_itself():
    one, other = series(12, 7)
    expected = [stats.spearmanr(one[:, n], other[:, n]).statistic for n in range(7)]
    np.testing.assert_allclose(rank_correlation(one, other), expected, rtol=1e-12)


def test_the_same_order_is_exactly_one():
    values = np.unique(series()[0])
    assert rank_correlation(values, np.exp(values)) == 1
    assert rank_correlation(values, -values) == -1


def test_constant_series_and_nan_have_none():
    one, other = series()
    assert np.isnan(rank_correlation(one, np.ones(40)))
    one[3] = np.nan
    assert np.isnan(rank_correlation(one, other))
