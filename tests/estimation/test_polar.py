"""The spectrum in rings and sectors: laws of power, and kernels that other programs made."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy.signal import lfilter
from skimage import data

from unveil.estimation.blur_kinds import FINE, SIGMAS_PX, KindFits, _recursive, fit_kinds
from unveil.estimation.polar import (
    OCTANTS,
    RINGS,
    SECTORS,
    frequencies,
    polar_spectrum,
)

PLACE = np.s_[40:180, 150:290]


@pytest.mark.parametrize("shape", [(140, 140), (90, 160), (31, 47)])
def test_white_noise_has_its_variance_in_every_ring(shape):
    rng = np.random.default_rng(0)
    spectra = [polar_spectrum(rng.normal(0, 5, shape), None).merged(1) for _ in range(40)]
    held = np.sum([one.held for one in spectra], axis=0)
    mean = np.sum([one.power * one.held for one in spectra], axis=0)[held > 2000]
    np.testing.assert_allclose(mean / held[held > 2000], 25, rtol=0.1)


@pytest.mark.parametrize("sectors", [1, OCTANTS])
def test_merging_keeps_all_power(sectors):
    rng = np.random.default_rng(1)
    whole = polar_spectrum(rng.normal(0, 5, (80, 120)), None)
    merged = whole.merged(sectors)
    assert merged.held.sum() == whole.held.sum()
    assert (merged.power * merged.held).sum() == pytest.approx((whole.power * whole.held).sum())


def test_a_wave_lies_in_the_sector_of_its_direction():
    y, x = np.mgrid[:128, :128]
    for sector in range(SECTORS):
        angle = sector * np.pi / SECTORS
        wave = 50 * np.cos(2 * np.pi * 0.15 * (x * np.cos(angle) + y * np.sin(angle)))
        spectrum = polar_spectrum(wave, None)
        total = (spectrum.power * spectrum.held).reshape(RINGS, SECTORS).sum(axis=0)
        assert total.argmax() == sector


def test_bins_hold_the_frequencies_of_their_octant():
    where = frequencies(OCTANTS)
    angle = np.degrees(np.arctan2(where.down, where.across)).mean(axis=1).reshape(RINGS, OCTANTS)
    np.testing.assert_allclose(angle[0], [0, 15, 30, 45], atol=0.1)


def luma() -> np.ndarray:
    return (data.astronaut() @ np.array([0.299, 0.587, 0.114])).astype(np.float32)


def fits(blurred: np.ndarray) -> KindFits:
    return fit_kinds(polar_spectrum(np.rint(blurred)[PLACE], None))


@pytest.mark.parametrize("sigma", [4, 6])
def test_pillows_three_boxes_are_as_wide_as_they_say(sigma):
    image = Image.fromarray(np.rint(luma()).astype(np.uint8))
    found = fits(np.asarray(image.filter(ImageFilter.GaussianBlur(sigma)), np.float32))
    assert np.exp(found.gaussian.log_width) == pytest.approx(sigma, rel=0.08)


@pytest.mark.parametrize("reach", [6, 11])
def test_a_stack_blur_is_a_triangle(reach):
    blurred = cv2.stackBlur(luma(), (2 * reach - 1, 2 * reach - 1))
    found = fits(blurred)
    width = np.sqrt((reach**2 - 1) / 6)
    assert found.kinds["triangle"].gain_nats == max(fit.gain_nats for fit in found.kinds.values())
    assert np.exp(found.kinds["triangle"].log_width) == pytest.approx(width, rel=0.06)


def test_the_recursive_filter_is_exponentials_forth_and_back():
    sigma = float(SIGMAS_PX[20])
    share = sigma**2 / 6
    decay = (1 + 2 * share - np.sqrt(1 + 4 * share)) / (2 * share)
    line = np.zeros(1001)
    line[500] = 1
    for _ in range(3):
        line = lfilter([1 - decay], [1, -decay], line)
        line = lfilter([1 - decay], [1, -decay], line[::-1])[::-1]
    transfer = np.abs(np.exp(-2j * np.pi * np.outer(FINE, np.arange(1001))) @ line)
    np.testing.assert_allclose(_recursive(sigma), transfer, atol=1e-6)
