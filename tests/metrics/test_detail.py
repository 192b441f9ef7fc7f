"""The energy of detail: laws on waves whose frequency is known, and on operators."""

import math

import numpy as np
import pytest

from tests.linear.test_linear import drawn
from unveil.degradation import Degradation, Pixelate
from unveil.degradation.degrade import degrade
from unveil.degradation.kernels import gaussian_kernel
from unveil.degradation.operators import gaussian_blur
from unveil.errors import UsageError
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import read_prior
from unveil.metrics.detail import detail


def wave(frequency: float, height: int = 48, width: int = 64) -> np.ndarray:
    """A wave along the rows, around gray: the width holds it whole."""
    line = 0.5 + 0.25 * np.cos(frequency * np.arange(width))
    return np.broadcast_to(line, (1, 3, height, width)).astype(np.float32)


def at(step: int, width: int = 64) -> float:
    return math.pi * step / (width - 1)


def test_a_wave_of_half_the_amplitude_has_a_quarter_of_the_power(library):
    fine = wave(at(30))
    found = library.compute(detail, 0.5 + (fine - 0.5) / 2, fine)
    np.testing.assert_allclose(found, [0.25], rtol=1e-5)
    assert found.dtype == np.float32


def test_only_what_is_finer_than_the_cutoff_counts():
    coarse, fine = wave(at(9)) - 0.5, wave(at(11)) - 0.5
    clean = 0.5 + coarse + fine
    changed = 0.5 + 0.1 * coarse + 2 * fine
    np.testing.assert_allclose(detail(changed, clean, at(10)), [4.0], rtol=1e-4)
    np.testing.assert_allclose(detail(changed, clean, 0.0), [(4 + 0.01) / 2], rtol=1e-4)


def test_either_axis_counts():
    fine = wave(at(30))
    down = fine.transpose(0, 1, 3, 2)
    assert detail(0.5 + (down - 0.5) / 2, down)[0] == pytest.approx(0.25, rel=1e-5)


def test_the_mean_does_not_count_whatever_it_is():
    clean = drawn(2, 64, 64)
    np.testing.assert_allclose(detail(clean + 0.3, clean), np.ones(2), rtol=1e-4)


@pytest.mark.parametrize("step", [8, 20, 30])
def test_a_blur_leaves_the_square_of_what_its_kernel_passes(step):
    kernel = gaussian_kernel(9, 4.0)
    passed = kernel @ np.cos(at(step) * (np.arange(9) - 4))
    fine = wave(at(step))
    found = detail(gaussian_blur(fine, 9, 4.0), fine, 0.0)
    np.testing.assert_allclose(found, [passed**2], rtol=1e-3, atol=1e-6)


def test_noise_is_detail():
    clean = drawn(2, 64, 64)
    noise = np.random.default_rng(0).standard_normal(clean.shape, np.float32)
    assert (detail(clean + 0.1 * noise, clean) > 1).all()


def test_it_does_not_ask_what_the_detail_shows():
    clean = drawn(2, 64, 64)
    np.testing.assert_allclose(detail(clean[..., ::-1].copy(), clean), np.ones(2), rtol=1e-4)


def test_the_edges_of_a_mosaic_are_detail_and_go_when_it_is_interpolated():
    clean, known = drawn(4, 64, 64), Degradation(Pixelate(8))
    mosaic = degrade(clean, known)
    smooth = restore_closed_form("bicubic", read_prior(), mosaic, known)
    assert (detail(smooth, clean) < 0.3 * detail(mosaic, clean)).all()


@pytest.mark.parametrize("cutoff", [-0.1, 3.2])
def test_cutoffs_that_are_no_frequency_are_refused(cutoff):
    with pytest.raises(UsageError, match="0 to pi"):
        detail(drawn(1), drawn(1), cutoff)


def test_plain_images_have_no_detail():
    plain, clean = np.full((1, 3, 32, 32), 0.3, np.float32), drawn(1, 32, 32)
    assert detail(plain, clean)[0] < 1e-6
    assert detail(clean, plain)[0] > 1e6
