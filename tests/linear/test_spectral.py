"""Blurs are diagonal in the cosine basis: against SciPy's DCT and the blur itself."""

import numpy as np
import pytest
import torch
from scipy import fft

from unveil.degradation import AnisotropicGaussian, BoxBlur, Disk, GaussianBlur, Window
from unveil.degradation.kernels import planar_kernel
from unveil.degradation.operators import obfuscate
from unveil.linear.spectral import (
    OPPONENT,
    analyse,
    apply,
    grid,
    synthesise,
    to_opponent,
    to_rgb,
    transfer,
)

SIZES = [(112, 112), (37, 50), (2, 3), (1, 1), (1, 9)]
BLURS = [GaussianBlur(), GaussianBlur(3, 0.5), GaussianBlur(31, 9.5), BoxBlur(), BoxBlur(1)]
BLURS += [Window((4, 3, 1)), Window((1, 1), (3, 0, 2, 0.5)), Disk(0.4), Disk(4.7)]
BLURS += [AnisotropicGaussian(3.0, 1.0, 90), AnisotropicGaussian(2.0, 2.0, 30)]
SLANTED = AnisotropicGaussian(3.0, 1.0, 30)


def images(height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    return torch.rand(2, 3, height, width, generator=generator)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_synthesis_undoes_analysis(size):
    torch.testing.assert_close(synthesise(analyse(images(*size))), images(*size), atol=1e-5, rtol=0)


@pytest.mark.parametrize("operator", BLURS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_blur_is_one_factor_a_frequency(operator, size):
    """Windows larger than the image too: mirrored again and again."""
    expected = obfuscate(images(*size).double(), operator).float()
    found = apply(operator, transfer(operator, *size)[:, None], images(*size))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_slanted_windows_factors_are_numpys():
    """Of a picture that wraps around: half of the row frequencies, and those of the other sign."""
    window, side = planar_kernel(SLANTED).numpy(), 64
    wrapped = np.zeros((side, side))
    wrapped[: len(window), : len(window)] = window
    wrapped = np.roll(wrapped, 2 * [-(len(window) // 2)], (0, 1))
    expected = np.fft.fft2(wrapped).real
    same, other = transfer(SLANTED, side // 2 + 1, side // 2 + 1).numpy()
    np.testing.assert_allclose(same, expected[:33, :33], atol=1e-6)
    np.testing.assert_allclose(other[1:-1], expected[:32:-1, :33], atol=1e-6)
    assert np.abs(same - other).max() > 0.1


def test_a_slanted_blur_is_its_factors_where_borders_do_not_count():
    picture = torch.zeros(1, 3, 90, 81)
    picture[..., 30:-30, 30:-30] = images(30, 21)[:1]
    factors = transfer(SLANTED, *grid(SLANTED, 90, 81))[:, None]
    found = apply(SLANTED, factors, picture)
    torch.testing.assert_close(found, obfuscate(picture, SLANTED), atol=1e-5, rtol=0)


def test_the_basis_is_scipys():
    plane = images(12, 7)[:1]
    ours = analyse(plane)[0]
    opponent = np.einsum("oc,chw->ohw", np.array(OPPONENT), plane[0].numpy())
    halved = [np.r_[0.5**0.5, np.ones(size - 2), 0.5**0.5] for size in (12, 7)]
    dct = fft.dctn(opponent, type=1, axes=(1, 2))
    scale = np.sqrt(2 * 11 * 2 * 6) * np.outer(1 / halved[0], 1 / halved[1])
    np.testing.assert_allclose(ours, dct / scale, atol=1e-5)


def test_white_noise_is_white_in_every_colour():
    noise = torch.randn(400, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    variance = analyse(noise).var(dim=0)[:, 1:-1, 1:-1]
    borders = (1 - 1 / 15) ** 2  # pixels at the border count half
    expected = torch.full((3, 14, 14), borders)
    torch.testing.assert_close(variance.mean(dim=(1, 2)), expected[:, 0, 0], atol=0.01, rtol=0)
    torch.testing.assert_close(variance, expected, atol=0.3, rtol=0)


def test_opponent_colours_are_orthonormal():
    axes = torch.tensor(OPPONENT)
    torch.testing.assert_close(axes @ axes.T, torch.eye(3))
    torch.testing.assert_close(to_rgb(to_opponent(images(5, 6))), images(5, 6))


def test_gray_has_no_colour():
    gray = images(8, 8)[:, :1].expand(-1, 3, -1, -1)
    assert to_opponent(gray)[:, 1:].abs().max() < 1e-6
