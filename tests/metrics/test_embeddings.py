"""Cosines and the Fréchet distance, against SciPy and closed forms."""

import numpy as np
import pytest
from scipy import linalg
from scipy.spatial import distance

from unveil.errors import UsageError
from unveil.metrics.embeddings import cosine, frechet_distance


def sets(count: int = 60, width: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of correlated embeddings with other means and spreads."""
    draws = np.random.default_rng(0)
    one, other = draws.standard_normal((2, count, width))
    return one @ draws.random((width, width)), 0.3 + other @ draws.random((width, width))


def test_cosines_are_scipys():
    one, other = sets()
    expected = [1 - distance.cosine(x, y) for x, y in zip(one, other, strict=True)]
    np.testing.assert_allclose(cosine(one.astype(np.float32), other), expected, atol=1e-6)


def test_the_length_of_an_embedding_does_not_count():
    one, other = sets()
    np.testing.assert_allclose(cosine(one, 5 * one), np.ones(60))
    np.testing.assert_allclose(cosine(one, -other), -cosine(one, other))
    assert cosine(np.zeros((1, 3)), np.ones((1, 3))).tolist() == [0]


@pytest.mark.parametrize("count", [60, 5], ids=["many", "fewer than dimensions"])
def test_frechet_is_the_formula_by_scipys_matrix_root(count):
    one, other = sets(count)
    first, second = (np.cov(rows, rowvar=False) for rows in (one, other))
    means = one.mean(axis=0) - other.mean(axis=0)
    root = linalg.sqrtm(first @ second).real
    expected = means @ means + np.trace(first + second - 2 * root)
    np.testing.assert_allclose(frechet_distance(one, other), expected, rtol=1e-3)
    np.testing.assert_allclose(frechet_distance(one, other), frechet_distance(other, one))


def test_without_correlation_it_is_the_distance_of_means_and_deviations():
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], float)
    moved = corners * [2, 5] + [3, 0]
    deviation = np.sqrt(4 / 3)
    expected = 9 + (deviation * (2 - 1)) ** 2 + (deviation * (5 - 1)) ** 2
    assert frechet_distance(corners, moved) == pytest.approx(expected)


def test_the_order_of_a_set_does_not_count_and_equal_sets_are_0_apart():
    one, _ = sets()
    assert frechet_distance(one, one[::-1]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("metric", "shapes"),
    [
        (cosine, ((3, 2), (4, 2))),
        (cosine, ((3,), (3,))),
        (frechet_distance, ((3, 2), (3, 4))),
        (frechet_distance, ((1, 2), (3, 2))),
    ],
)
def test_other_shapes_are_refused(metric, shapes):
    with pytest.raises(UsageError, match="embeddings are N x D"):
        metric(*map(np.ones, shapes))
