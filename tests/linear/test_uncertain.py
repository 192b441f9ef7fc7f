"""Blurs that are known roughly, against laws and direct sums."""

import numpy as np
import pytest
from scipy import ndimage

from unveil.degradation import BoxBlur, Disk, GaussianBlur, Unchanged
from unveil.linear.uncertain import transfers

SIZE = 60, 72
BLURS = [GaussianBlur(13, 2.0), BoxBlur(5), Disk(3.2)]


def noise_picture() -> np.ndarray:
    """Return white noise, which has all frequencies."""
    return np.random.default_rng(0).normal(size=SIZE).astype(np.float32)


@pytest.mark.parametrize("operator", BLURS, ids=str)
def test_a_transfer_is_the_blur_of_a_picture_that_wraps_around(operator):
    """SciPy's convolution agrees."""
    known = transfers([(1.0, operator)], *SIZE)
    picture = noise_picture()
    ours = np.fft.irfft2(np.fft.rfft2(picture) * known.mean, SIZE)
    point = np.zeros(SIZE)
    point[30, 36] = 1
    kernel = np.fft.irfft2(np.fft.rfft2(point) * known.mean, SIZE)[15:46, 21:52]
    theirs = ndimage.convolve(picture.astype(float), kernel, mode="wrap")
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert known.variance.max() == pytest.approx(0, abs=1e-5)


def test_the_variance_is_that_of_the_transfers():
    known = transfers([(0.25, BLURS[0]), (0.25, BLURS[1]), (0.5, Unchanged())], *SIZE)
    sampled = np.concatenate([known.each[:2], np.repeat(known.each[2:], 2, axis=0)])
    np.testing.assert_allclose(known.variance, sampled.var(axis=0), atol=1e-5)


def test_the_expected_gain_is_what_is_gained_on_pictures_of_that_power():
    """Pictures of the prior's power, each blurred by one of two, undone by the estimate."""
    rng = np.random.default_rng(1)
    plausible = [(0.5, GaussianBlur(13, 1.6)), (0.5, GaussianBlur(13, 2.4))]
    known = transfers(plausible, *SIZE)
    rows, columns = np.fft.fftfreq(SIZE[0])[:, None], np.fft.rfftfreq(SIZE[1])
    power = (1 / (0.01 + rows**2 + columns**2))[None].astype(np.float32)
    noise = np.full_like(power, 4.0)
    gain = np.conj(known.mean) * power[0]
    gain /= (np.abs(known.mean) ** 2 + known.variance) * power[0] + noise[0]
    before = after = 0.0
    for number in range(200):
        white = np.fft.rfft2(rng.normal(size=SIZE), norm="ortho")
        photo = white * np.sqrt(power[0])
        added = np.fft.rfft2(rng.normal(size=SIZE), norm="ortho") * 2
        seen = photo * known.each[number % 2] + added
        before += (np.fft.irfft2(seen - photo, SIZE, norm="ortho") ** 2).sum()
        after += (np.fft.irfft2(gain * seen - photo, SIZE, norm="ortho") ** 2).sum()
    count = 200 * SIZE[0] * SIZE[1]
    # ``rfft2`` leaves out the mirror image of most columns, but not of all.
    wanted = pytest.approx((before / count, after / count), rel=0.01)
    assert known.mean_squares(power, noise, noise) == wanted


def test_an_estimate_is_never_expected_to_be_worse_than_the_input():
    """Leaving the picture as it is is one of the filters among which it is the best."""
    power, noise = np.full((1, 60, 37), 5.0, np.float32), np.full((1, 60, 37), 1e3, np.float32)
    for sigma in (0.5, 2, 6):
        known = transfers([(0.9, Unchanged()), (0.1, GaussianBlur(25, sigma))], *SIZE)
        before, after = known.mean_squares(power, noise, noise)
        assert after < before * (1 + 1e-6)


def test_the_estimate_is_the_best_of_all_filters_however_much_the_blurs_differ():
    """Wiener's error in closed form; a filter for the mean blur alone is worse by a third."""
    plausible = [(0.5, GaussianBlur(3, 0.4)), (0.5, GaussianBlur(41, 6.0))]
    known = transfers(plausible, *SIZE)
    power = np.full((1, *known.mean.shape), 100.0, np.float32)
    noise = np.full_like(power, 0.01)
    mean, seen = known.mean, (known.mean**2 + known.variance) * power + noise
    wanted = (power - (mean * power) ** 2 / seen).mean()
    assert known.mean_squares(power, noise, noise)[1] == pytest.approx(wanted, rel=1e-3)
