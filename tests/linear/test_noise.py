"""The storage's noise: against rounding by chance and against the real codec."""

import numpy as np
import pytest

from unveil.degradation import GaussianBlur, Storage
from unveil.degradation.degrade import store
from unveil.degradation.operators import obfuscate
from unveil.linear.noise import ROUNDING_8BIT, rounding_error, storage_noise
from unveil.linear.prior import Prior, read_prior
from unveil.linear.spectral import analyse, synthesise, transfer

PRIOR: Prior = read_prior()


@pytest.mark.parametrize("ratio", [0.05, 0.3, 1.0, 3.0, 30.0])
def test_rounding_error_is_that_of_laplacian_numbers(ratio):
    step = 0.7
    numbers = np.random.default_rng(0).laplace(scale=step * ratio / 2**0.5, size=1_000_000)
    measured = np.square(numbers - (numbers / step).round() * step).mean()
    found = rounding_error(np.square(numbers).mean(), step)
    assert found == pytest.approx(measured, rel=0.02)


def test_a_coarse_step_loses_the_signal_and_a_fine_one_a_twelfth():
    variance, step = np.array(1.0), np.array(1e-3)
    assert rounding_error(variance, step) == pytest.approx(1e-6 / 12)
    assert rounding_error(variance, step * 1e6) == pytest.approx(1.0, rel=0.01)


def test_8_bits_are_white_noise_of_a_twelfth():
    images = np.random.default_rng(0).random((200, 3, 24, 24), dtype=np.float32)
    error = np.square(analyse(store(images, Storage("8bit")) - images)).mean(axis=0)
    assert error[:, 1:-1, 1:-1].mean() == pytest.approx(ROUNDING_8BIT, rel=0.1)


@pytest.mark.parametrize("quality", [50, 75, 90, 98])
def test_jpegs_noise_is_the_real_codecs(quality):
    """Within a factor of 2.5 in every band of frequency, over seven decades of power."""
    size, blur = 96, GaussianBlur(9, 2.0)
    white = np.random.default_rng(0).standard_normal((60, 3, size, size), dtype=np.float32)
    clean = synthesise(white * np.sqrt(PRIOR.at(size, size)))
    stored = obfuscate((clean * 0.6 + 0.2).clip(0, 1), blur)
    error = np.square(analyse(store(stored, Storage("jpeg", quality)) - stored)).mean(axis=0)
    spectrum = np.square(analyse(stored)).mean(axis=0)
    foreseen = storage_noise(Storage("jpeg", quality), spectrum)
    for low, high in [(1, 6), (6, 16), (16, 40), (40, 95)]:
        band = (0, slice(low, high), slice(low, high))
        ratio = error[band].mean() / foreseen[band].mean()
        assert 0.4 < ratio < 2.5, (low, high, ratio)


def test_float_has_almost_none():
    spectrum = PRIOR.power * np.square(transfer(GaussianBlur(), 112, 112))
    assert storage_noise(Storage("float"), spectrum).max() < 1e-12
