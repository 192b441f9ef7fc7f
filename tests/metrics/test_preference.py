"""Scores of preference: closed forms, drawn choices, SciPy; and who cannot be compared."""

import itertools

import numpy as np
import pytest
from scipy import optimize

from unveil.errors import UsageError
from unveil.metrics.preference import agreement, bradley_terry, comparable_groups, count_wins
from unveil.metrics.shares import wilson

TRUE = np.array([0.9, 0.2, -0.3, -0.8])
PAIRS = np.array(list(itertools.combinations(range(len(TRUE)), 2)))


def drawn_choices(each: int, seed: int, ties: float = 0.0):
    """Choices between all pairs of ``TRUE``, drawn by the model; some without a preference."""
    draws = np.random.default_rng(seed)
    first, second = np.repeat(PAIRS, each, axis=0).T
    chance = 1 / (1 + np.exp(TRUE[second] - TRUE[first]))
    preferred = np.where(draws.random(len(first)) < chance, 1, -1)
    preferred[draws.random(len(first)) < ties] = 0
    return first, second, preferred


def test_wins_are_counted_by_pair_and_a_tie_is_half_a_win_for_either():
    first, second = np.array([0, 1, 0, 2]), np.array([1, 0, 1, 0])
    wins = count_wins(first, second, np.array([1, 1, 0, -1]))
    assert wins.tolist() == [[0, 1.5, 1], [1.5, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(("won", "lost"), [(3, 1), (50, 50), (0.5, 8)])
def test_of_two_the_strengths_are_as_their_wins(won, lost):
    found = bradley_terry(np.array([[0, won], [lost, 0]]))
    assert np.exp(found.values[0] - found.values[1]) == pytest.approx(won / lost)
    # The variance of a log odds is 1 / won + 1 / lost; each score is half of it.
    reach = 1.959964 * np.sqrt(1 / won + 1 / lost) / 2
    np.testing.assert_allclose(found.high - found.values, [reach, reach], rtol=1e-5)
    np.testing.assert_allclose(found.values - found.low, [reach, reach], rtol=1e-5)


def test_they_are_the_likeliest_scores_by_another_search():
    wins = count_wins(*drawn_choices(12, seed=3, ties=0.1))

    def surprise(scores):
        return (wins * np.log1p(np.exp(-np.subtract.outer(scores, scores)))).sum()

    searched = optimize.minimize(surprise, np.zeros(4), tol=1e-10).x
    np.testing.assert_allclose(bradley_terry(wins).values, searched - searched.mean(), atol=1e-4)


def test_what_was_not_compared_directly_is_compared_through_others():
    wins = np.zeros((3, 3))
    wins[0, 1], wins[1, 0], wins[1, 2], wins[2, 1] = 3, 1, 6, 2
    steps = -np.diff(bradley_terry(wins).values)
    np.testing.assert_allclose(np.exp(steps), [3, 3])


def test_many_choices_find_the_scores_that_they_were_drawn_by():
    found = bradley_terry(count_wins(*drawn_choices(20_000, seed=0)))
    np.testing.assert_allclose(found.values, TRUE, atol=0.03)


def test_the_intervals_hold_the_truth_as_often_as_they_say():
    held = []
    for seed in range(150):
        found = bradley_terry(count_wins(*drawn_choices(40, seed)))
        held.append((found.low <= TRUE) & (found.high >= TRUE))
    low, high = wilson(float(np.mean(held)), 150)
    assert low <= 0.95 <= high


def test_ties_bring_the_scores_together():
    first, second, preferred = drawn_choices(200, seed=1)
    apart = bradley_terry(count_wins(first, second, preferred)).values
    preferred[::2] = 0
    assert np.ptp(bradley_terry(count_wins(first, second, preferred)).values) < np.ptp(apart)


@pytest.mark.parametrize(
    ("wins", "groups"),
    [
        ([[0, 1], [1, 0]], [[0, 1]]),
        ([[0, 5], [0, 0]], [[0], [1]]),  # one won every time
        ([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], [[0, 1], [2, 3]]),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [[0, 1, 2]]),  # in a circle
        ([[0, 2, 3], [1, 0, 4], [0, 0, 0]], [[0, 1], [2]]),
    ],
)
def test_who_can_be_compared(wins, groups):
    wins = np.array(wins, float)
    assert comparable_groups(wins) == groups
    if len(groups) > 1:
        with pytest.raises(UsageError, match="no common scale"):
            bradley_terry(wins)


def test_a_metric_agrees_where_it_prefers_the_same():
    preferred = np.array([1, 1, -1, -1, 0, 1])
    found = agreement(preferred, np.array([0.5, -0.1, -2.0, 3.0, 9.0, 0.0]))
    assert (found.share, found.choices) == (0.5, 5)  # two alike, two not, one undecided
    assert (found.low, found.high) == wilson(0.5, 5)


def test_a_coin_agrees_half_of_the_time_and_the_truth_as_often_as_the_model_says():
    first, second, preferred = drawn_choices(3000, seed=5)
    coin = agreement(preferred, np.random.default_rng(0).standard_normal(len(preferred)))
    assert coin.low < 0.5 < coin.high
    apart = abs(TRUE[first] - TRUE[second])
    told = agreement(preferred, TRUE[first] - TRUE[second])
    assert told.low < (1 / (1 + np.exp(-apart))).mean() < told.high


def test_without_a_preference_there_is_no_agreement():
    with pytest.raises(UsageError, match="no choice"):
        agreement(np.zeros(3), np.ones(3))
