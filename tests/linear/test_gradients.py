"""Estimates by conjugate gradients in both libraries: against dense algebra and one factor each."""

import numpy as np
import pytest

from tests.linear.test_linear import PRIOR, drawn
from unveil.degradation import AnisotropicGaussian, Disk, GaussianBlur, Motion
from unveil.degradation.operators import obfuscate
from unveil.linear.gradients import conjugate_gradients, estimate_by_gradients
from unveil.linear.spectral import analyse, apply, transfer

NOISE = 1e-4


@pytest.mark.parametrize("operator", [Motion(4.4, 30), AnisotropicGaussian(2.0, 0.7, 40)], ids=str)
@pytest.mark.parametrize("is_white", [True, False])
def test_it_is_the_estimate_of_dense_algebra(operator, is_white, library):
    """The normal equations of all pixels of a colour, borders included."""
    height, width = 7, 9
    power = PRIOR.at(height, width).astype(np.float64)
    slope = np.linspace(1, 1 if is_white else 9, width)
    noise = np.broadcast_to(NOISE * slope, power.shape)
    seen = obfuscate(drawn(1, height, width), operator).astype(np.float64)
    found = library.compute(lambda x: estimate_by_gradients(x, operator, 1 / power, noise), seen)
    units = np.eye(3 * height * width).reshape(-1, 3, height, width)
    analysis = analyse(units).reshape(len(units), -1).T
    blur = obfuscate(units, operator).reshape(len(units), -1).T
    weighed = (analysis @ blur).T / noise.ravel()
    normal = weighed @ analysis @ blur + analysis.T / power.ravel() @ analysis
    expected = np.linalg.solve(normal, weighed @ analysis @ seen.ravel())
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-4)


@pytest.mark.parametrize("operator", [GaussianBlur(), Disk(3.3), Motion(5.5, 90)], ids=str)
def test_where_a_blur_is_one_factor_a_frequency_it_is_the_same(operator, library):
    power, passed = PRIOR.at(31, 40), transfer(operator, 31, 40)
    gains = power * passed / (passed**2 * power + NOISE)
    seen = obfuscate(drawn(2, 31, 40), operator)
    noise = np.full_like(power, NOISE)
    found = library.compute(lambda x: estimate_by_gradients(x, operator, 1 / power, noise), seen)
    np.testing.assert_allclose(found, apply(operator, gains[None], seen), atol=2e-4)


def test_systems_of_other_axes_are_solved_side_by_side(library):
    draws = np.random.default_rng(0)
    root, right = draws.standard_normal((6, 6)), draws.standard_normal((3, 2, 6))
    right[1] = 0  # nothing to find: no division by zero
    matrix = root @ root.T + np.eye(6)
    expected = np.linalg.solve(matrix, right[..., None])[..., 0]

    def solve(given: np.ndarray, iterations: int) -> np.ndarray:
        matrix_there = library(matrix)
        return library.compute(
            lambda x: conjugate_gradients(lambda y: y @ matrix_there, x, iterations, (-1,)), given
        )

    np.testing.assert_allclose(solve(right, 12), expected, atol=1e-8)
    # Before they are solved, they would show each other.
    np.testing.assert_allclose(solve(right, 3)[:1, :1], solve(right[:1, :1], 3), atol=1e-12)


def test_all_axes_are_one_system():
    matrix, right = np.diag([1.0, 2.0, 4.0]), np.ones((2, 3))
    found = conjugate_gradients(lambda y: y @ matrix, right, 3)
    np.testing.assert_allclose(found, right @ np.linalg.inv(matrix), atol=1e-12)
