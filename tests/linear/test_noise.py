"""The storage's noise: against rounding by chance and against the real codec."""

import pytest
import torch

from unveil.degradation import GaussianBlur, Storage
from unveil.degradation.degrade import store
from unveil.degradation.operators import obfuscate
from unveil.linear.noise import ROUNDING_8BIT, rounding_error, storage_noise
from unveil.linear.prior import Prior, read_prior
from unveil.linear.spectral import analyse, synthesise, transfer

PRIOR: Prior = read_prior()


@pytest.mark.parametrize("ratio", [0.05, 0.3, 1.0, 3.0, 30.0])
def test_rounding_error_is_that_of_laplacian_numbers(ratio):
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(1_000_000, generator=generator, dtype=torch.float64) - 0.5
    step = torch.tensor(0.7, dtype=torch.float64)
    spread = float(step) * ratio / 2**0.5
    numbers = -spread * uniform.sign() * (1 - 2 * uniform.abs()).log()
    measured = (numbers - (numbers / step).round() * step).square().mean()
    found = rounding_error(numbers.square().mean(), step)
    assert float(found) == pytest.approx(float(measured), rel=0.02)


def test_a_coarse_step_loses_the_signal_and_a_fine_one_a_twelfth():
    variance, step = torch.tensor(1.0, dtype=torch.float64), torch.tensor(1e-3).double()
    assert float(rounding_error(variance, step)) == pytest.approx(1e-6 / 12)
    assert float(rounding_error(variance, step * 1e6)) == pytest.approx(1.0, rel=0.01)


def test_8_bits_are_white_noise_of_a_twelfth():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(200, 3, 24, 24, generator=generator)
    error = analyse(store(images, Storage("8bit")) - images).square().mean(dim=0)
    assert float(error[:, 1:-1, 1:-1].mean()) == pytest.approx(ROUNDING_8BIT, rel=0.1)


@pytest.mark.parametrize("quality", [50, 75, 90, 98])
def test_jpegs_noise_is_the_real_codecs(quality):
    """Within a factor of 2.5 in every band of frequency, over seven decades of power."""
    generator = torch.Generator().manual_seed(0)
    size, blur = 96, GaussianBlur(9, 2.0)
    power = PRIOR.at(size, size)
    clean = synthesise(torch.randn(60, 3, size, size, generator=generator) * power.sqrt())
    clean = (clean * 0.6 + 0.2).clamp(0, 1)
    stored = obfuscate(clean, blur)
    error = analyse(store(stored, Storage("jpeg", quality)) - stored).square().mean(dim=0)
    spectrum = analyse(stored).square().mean(dim=0)
    foreseen = storage_noise(Storage("jpeg", quality), spectrum)
    for low, high in [(1, 6), (6, 16), (16, 40), (40, 95)]:
        band = (0, slice(low, high), slice(low, high))
        ratio = float(error[band].mean() / foreseen[band].mean())
        assert 0.4 < ratio < 2.5, (low, high, ratio)


def test_float_has_almost_none():
    spectrum = PRIOR.power * transfer(GaussianBlur(), 112, 112).square()
    assert storage_noise(Storage("float"), spectrum).max() < 1e-12
