"""Blurs are diagonal in the cosine basis: against SciPy's DCT and the blur itself.

In both libraries.
"""

import numpy as np
import pytest
from scipy import fft

from unveil.degradation import AnisotropicGaussian, BoxBlur, Disk, GaussianBlur, Motion, Window
from unveil.degradation.kernels import planar_kernel
from unveil.degradation.operators import obfuscate
from unveil.linear.spectral import (
    OPPONENT,
    analyse,
    analyse_adjoint,
    apply,
    grid,
    synthesise,
    synthesise_adjoint,
    to_opponent,
    to_rgb,
    transfer,
)

SIZES = [(112, 112), (37, 50), (2, 3), (1, 1), (1, 9)]
BLURS = [GaussianBlur(), GaussianBlur(3, 0.5), GaussianBlur(31, 9.5), BoxBlur(), BoxBlur(1)]
BLURS += [Window((4, 3, 1)), Window((1, 1), (3, 0, 2, 0.5)), Disk(0.4), Disk(4.7)]
BLURS += [AnisotropicGaussian(3.0, 1.0, 90), AnisotropicGaussian(2.0, 2.0, 30)]
BLURS += [Motion(5), Motion(7.3, 90)]
SLANTED = [AnisotropicGaussian(3.0, 1.0, 30), Motion(9.5, 35)]


def images(height: int, width: int) -> np.ndarray:
    draws = np.random.default_rng(height * 1000 + width)
    return draws.random((2, 3, height, width), dtype=np.float32)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_synthesis_undoes_analysis(size, dtype, library):
    found = library.compute(lambda x: synthesise(analyse(x)), images(*size).astype(dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, images(*size), atol=1e-5)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("forward", "back"), [(synthesise, synthesise_adjoint), (analyse, analyse_adjoint)]
)
def test_the_adjoints_give_the_same_inner_products(size, forward, back, library):
    x, y = np.random.default_rng(0).random((2, 1, 3, *size))
    inner = (library.compute(forward, x) * y).sum()
    assert inner == pytest.approx((x * library.compute(back, y)).sum(), rel=1e-12)


@pytest.mark.parametrize("operator", BLURS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_blur_is_one_factor_a_frequency(operator, size, library):
    """Windows larger than the image too: mirrored again and again."""
    expected = obfuscate(images(*size).astype(np.float64), operator)
    factors = transfer(operator, *size)[:, None]
    found = library.compute(lambda x: apply(operator, factors, x), images(*size))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("operator", SLANTED, ids=str)
def test_a_slanted_windows_factors_are_numpys(operator):
    """Of a picture that wraps around: half of the row frequencies, and those of the other sign."""
    window, side = planar_kernel(operator), 64
    wrapped = np.zeros((side, side))
    wrapped[: len(window), : len(window)] = window
    wrapped = np.roll(wrapped, 2 * [-(len(window) // 2)], (0, 1))
    expected = np.fft.fft2(wrapped).real
    same, other = transfer(operator, side // 2 + 1, side // 2 + 1)
    np.testing.assert_allclose(same, expected[:33, :33], atol=1e-6)
    np.testing.assert_allclose(other[1:-1], expected[:32:-1, :33], atol=1e-6)
    assert np.abs(same - other).max() > 0.1


@pytest.mark.parametrize("operator", SLANTED, ids=str)
def test_a_slanted_blur_is_its_factors_where_borders_do_not_count(operator, library):
    picture = np.zeros((1, 3, 90, 81), np.float32)
    picture[..., 30:-30, 30:-30] = images(30, 21)[:1]
    factors = transfer(operator, *grid(operator, 90, 81))[:, None]
    found = library.compute(lambda x: apply(operator, factors, x), picture)
    np.testing.assert_allclose(found, obfuscate(picture, operator), atol=1e-5)


def test_the_basis_is_scipys(library):
    plane = images(12, 7)[:1]
    ours = library.compute(analyse, plane)[0]
    opponent = np.einsum("oc,chw->ohw", np.array(OPPONENT), plane[0])
    halved = [np.r_[0.5**0.5, np.ones(size - 2), 0.5**0.5] for size in (12, 7)]
    dct = fft.dctn(opponent, type=1, axes=(1, 2))
    scale = np.sqrt(2 * 11 * 2 * 6) * np.outer(1 / halved[0], 1 / halved[1])
    np.testing.assert_allclose(ours, dct / scale, atol=1e-5)


def test_white_noise_is_white_in_every_colour():
    noise = np.random.default_rng(0).standard_normal((400, 3, 16, 16), dtype=np.float32)
    variance = analyse(noise).var(axis=0)[:, 1:-1, 1:-1]
    borders = (1 - 1 / 15) ** 2  # pixels at the border count half
    np.testing.assert_allclose(variance.mean(axis=(1, 2)), borders, atol=0.01)
    np.testing.assert_allclose(variance, borders, atol=0.3)


def test_opponent_colours_are_orthonormal(library):
    axes = np.array(OPPONENT)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-15)
    found = library.compute(lambda x: to_rgb(to_opponent(x)), images(5, 6))
    np.testing.assert_allclose(found, images(5, 6), atol=1e-6)


def test_gray_has_no_colour(library):
    gray = images(8, 8)[:, :1].repeat(3, axis=1)
    assert np.abs(library.compute(to_opponent, gray)[:, 1:]).max() < 1e-6
