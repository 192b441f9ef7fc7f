"""What people prefer, from choices between two pictures: scores, and which metric chooses alike."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from unveil.errors import UsageError
from unveil.metrics.shares import CONFIDENCE, wilson

MAX_CHANGE = 1e-10
"""Change of the scores in a round at which they have settled."""

MAX_ROUNDS = 100_000


@dataclass(frozen=True)
class PreferenceScores:
    """Scores of what was compared, float64 ``K`` each; their mean is 0.

    A difference of d: preferred with a chance of ``1 / (1 + exp(-d))``; 1.1 is three times in four.

    Attributes:
        values: the scores.
        low: lower ends of their 95 % intervals.
        high: upper ends.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Agreement:
    """Share of the choices that a metric makes alike, with its 95 % interval.

    Attributes:
        share: of ``choices``; where the metric sees no difference it counts as one half.
        low: lower end of Wilson's interval.
        high: upper end.
        choices: number of choices, those without a preference left out.
    """

    share: float
    low: float
    high: float
    choices: int


def count_wins(first: np.ndarray, second: np.ndarray, preferred: np.ndarray) -> np.ndarray:
    """Return how often each of K was preferred over each other, ``K x K`` float64.

    A choice without a preference is half a win for either.

    Args:
        first: numbers from 0 to K - 1 of one picture's maker in each choice, ``N``.
        second: of the other's.
        preferred: 1 where the first was preferred, -1 where the second, 0 where neither was.

    Examples:
        >>> count_wins(np.array([0, 0]), np.array([1, 1]), np.array([1, 0])).tolist()
        [[0.0, 1.5], [0.5, 0.0]]
    """
    many = int(max(first.max(), second.max())) + 1
    wins = np.zeros((many, many))
    np.add.at(wins, (first, second), (1 + preferred) / 2)
    np.add.at(wins, (second, first), (1 - preferred) / 2)
    return wins


def comparable_groups(wins: np.ndarray) -> list[list[int]]:
    """Return the groups inside which each was preferred over each other, directly or by others.

    One group: there are scores. More: some were never compared, or one side won every time, so that
    the distance between the groups may be anything (L. R. Ford, 1957).

    Args:
        wins: of :func:`count_wins`.

    Examples:
        >>> comparable_groups(np.array([[0, 2, 3], [1, 0, 0], [0, 0, 0]]))
        [[0, 1], [2]]
    """
    reached = (wins > 0) | np.eye(len(wins), dtype=bool)
    for middle in range(len(wins)):
        reached |= np.outer(reached[:, middle], reached[middle])
    mutual = reached & reached.T
    return [np.flatnonzero(row).tolist() for at, row in enumerate(mutual) if row.argmax() == at]


def bradley_terry(wins: np.ndarray) -> PreferenceScores:
    """Return the scores that make the choices likeliest.

    R. A. Bradley and M. E. Terry, "Rank analysis of incomplete block designs", 1952, by the
    iterations of D. R. Hunter, "MM algorithms for generalized Bradley-Terry models", 2004. The
    intervals are those of a normal distribution with the inverse of Fisher's information; with few
    choices they are too narrow. They take choices as independent: of several by one person, or
    on one photo, count on wider ones.

    Args:
        wins: of :func:`count_wins`.

    Raises:
        UsageError: the scores have no common scale (:func:`comparable_groups`).

    Examples:
        >>> bradley_terry(np.array([[0, 3], [1, 0]])).values.round(4).tolist()
        [0.5493, -0.5493]
    """
    if len(comparable_groups(wins)) != 1:
        raise UsageError("the choices give no common scale; see comparable_groups.")
    games, won = wins + wins.T, wins.sum(axis=1)
    scores = np.zeros(len(wins))
    for _ in range(MAX_ROUNDS):
        strengths = np.exp(scores)
        updated = np.log(won) - np.log((games / np.add.outer(strengths, strengths)).sum(axis=1))
        updated -= updated.mean()
        change = np.abs(updated - scores).max()
        scores = updated
        if change < MAX_CHANGE:
            break
    reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * _standard_errors(scores, games)
    return PreferenceScores(scores, scores - reach, scores + reach)


def _standard_errors(scores: np.ndarray, games: np.ndarray) -> np.ndarray:
    chance = 1 / (1 + np.exp(np.subtract.outer(scores, scores)))
    weights = games * chance * chance.T
    information = np.diag(weights.sum(axis=1)) - weights
    # The mean of the scores is fixed; the pseudo-inverse leaves that direction out.
    errors: np.ndarray = np.sqrt(np.linalg.pinv(information).diagonal())
    return errors


def agreement(preferred: np.ndarray, differences: np.ndarray) -> Agreement:
    """Return how often a metric prefers what people preferred.

    Args:
        preferred: 1 where the first picture was preferred, -1 where the second, 0 where neither
            was, ``N``.
        differences: the metric of the first minus that of the second, ``N``; of a distance,
            negated.

    Raises:
        UsageError: no choice has a preference.

    Examples:
        >>> agreement(np.array([1, 1, -1, 0]), np.array([2.0, -1.0, -3.0, 1.0])).choices
        3
    """
    told = preferred != 0
    count = int(told.sum())
    if count == 0:
        raise UsageError("no choice has a preference.")
    alike = (1 + preferred[told] * np.sign(differences[told])) / 2
    share = math.fsum(alike) / count
    return Agreement(share, *wilson(share, count), count)
