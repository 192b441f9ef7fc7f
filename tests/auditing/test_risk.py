"""Identification and verification against counting by hand, SciPy and what chance must give."""

import numpy as np
import pytest
from scipy import stats

from unveil.auditing.risk import (
    chance_to_name,
    closer_strangers,
    mean_with_interval,
    verification,
)


def distances(probes: int, gallery: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((probes, gallery))


def test_closer_strangers_are_counted():
    found = closer_strangers(np.array([[0.3, 0.1, 0.9], [0.2, 0.5, 0.1]]), np.array([0, 2]))
    assert found.tolist() == [1, 0]


def test_equal_distances_are_decided_by_chance():
    """Behind a solid box everyone looks the same: each place in the order is as likely."""
    closer = closer_strangers(np.ones((4000, 20)), np.arange(4000) % 20)
    counts = np.bincount(closer, minlength=20)
    assert len(counts) == 20
    assert stats.chisquare(counts).pvalue > 1e-3
    named = chance_to_name(closer, 19, 20)
    assert float(named.mean()) == pytest.approx(1 / 20, abs=0.01)


def test_a_distance_that_is_no_number_is_refused():
    broken = np.array([[0.1, np.nan]])
    with pytest.raises(ValueError, match="a distance is NaN"):
        closer_strangers(broken, np.array([0]))


@pytest.mark.parametrize("rank", [1, 5])
@pytest.mark.parametrize("gallery", [1, 2, 10, 100, 150])
def test_smaller_galleries_agree_with_scipy(gallery, rank):
    closer = np.array([0, 1, 2, 7, 60, 149])
    found = chance_to_name(closer, 149, gallery, rank)
    expected = stats.hypergeom(149, closer, gallery - 1).cdf(rank - 1)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_smaller_galleries_agree_with_drawing_them():
    table, mates = distances(200, 40), np.arange(200) % 40
    rng, named = np.random.default_rng(1), []
    for _ in range(400):
        for row, mate in zip(table[::20], mates[::20], strict=True):
            others = rng.permutation(40)
            strangers = others[others != mate][:9]
            named.append(bool((row[strangers] > row[mate]).all()))
    drawn = sum(named) / len(named)
    expected = chance_to_name(closer_strangers(table, mates), 39, 10)[::20].mean()
    assert drawn == pytest.approx(float(expected), abs=0.02)


def test_a_gallery_larger_than_the_people_is_refused():
    with pytest.raises(ValueError, match="cannot be drawn"):
        chance_to_name(np.array([0]), 9, 11)


def test_the_interval_is_scipys_bootstrap():
    values = (distances(1, 300)[0] < 0.3).astype(float)
    found = mean_with_interval(values)
    other = stats.bootstrap(
        (values,), lambda x, axis: x.mean(axis=axis), method="percentile", rng=0
    ).confidence_interval
    assert found.value == pytest.approx(float(values.mean()))
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.01)


def test_nobody_named_is_no_proof_of_nobody():
    found = mean_with_interval(np.zeros(100))
    assert (found.value, found.low) == (0, 0)
    assert 0.02 < found.high < 0.05


def test_the_roc_agrees_with_counting():
    table, mates = distances(30, 12), np.arange(30) % 12
    found = verification(table, mates)
    same = table[np.arange(30), mates]
    other = np.concatenate([row[np.arange(12) != m] for row, m in zip(table, mates, strict=True)])
    for limit in (0.1, 0.3, 0.5):
        best = max(
            (same <= t).mean()
            for t in [-1.0, *table.flatten().tolist()]
            if (other <= t).mean() <= limit
        )
        assert found.true_accepts_at(limit) == pytest.approx(best)


def test_perfect_and_blind_distances():
    """Known answers: no error where strangers are further, one half where there is no telling."""
    mates = np.arange(50)
    perfect = verification(1 - np.eye(50), mates)
    assert perfect.equal_error_rate() == 0
    assert perfect.true_accepts_at(1e-3) == 1
    blind = verification(distances(400, 50), np.arange(400) % 50)
    assert blind.equal_error_rate() == pytest.approx(0.5, abs=0.05)
