"""The measured noise is the noise that was added, in levels, and its spectrum is its own."""

import cv2
import numpy as np
import pytest
from skimage import data

from tests.estimation.test_jpeg_history import kept
from unveil.estimation.noise import find_noise

SIDE_PX = 256


def noisy(levels: float, sigma_px: float = 0) -> np.ndarray:
    """Return a slope with white noise, or noise that was blurred, rounded to whole levels."""
    slope = np.linspace(80, 170, SIDE_PX)[None] + np.zeros((SIDE_PX, 1))
    noise = np.random.default_rng(0).normal(0, levels, slope.shape)
    noise = cv2.GaussianBlur(noise, (0, 0), sigma_px) if sigma_px else noise
    return np.rint(slope + noise).astype(np.float32)


@pytest.mark.parametrize("levels", [1, 2, 5, 12])
def test_white_noise_has_its_level_in_every_ring(levels):
    noise = find_noise(noisy(levels))
    assert noise is not None
    assert noise.levels == pytest.approx(levels, rel=0.05)
    assert noise.rings == pytest.approx([levels] * 4, rel=0.05)


def test_blurred_noise_falls():
    noise = find_noise(noisy(10, sigma_px=0.7))
    assert noise is not None
    assert list(noise.rings) == sorted(noise.rings, reverse=True)
    assert noise.rings[0] > 3 * noise.rings[-1]


def test_noise_on_a_photo():
    photo = data.camera().astype(np.float32)[:400, :400]
    added = np.random.default_rng(0).normal(0, 8, photo.shape)
    noise = find_noise(np.rint(photo + added).clip(0, 255).astype(np.float32))
    assert noise is not None
    assert noise.levels == pytest.approx(8, rel=0.1)


def test_a_codec_takes_it_away():
    gray = noisy(4)
    coded = kept(np.repeat(gray[..., None].astype(np.uint8), 3, axis=2), "JPEG", quality=50)
    before, after = find_noise(gray), find_noise(coded[..., 0].astype(np.float32))
    assert before is not None
    assert after is not None
    assert after.levels < 0.2 * before.levels


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (24, 24)])
def test_too_few_blocks_say_nothing(shape):
    assert find_noise(np.random.default_rng(0).normal(128, 9, shape).astype(np.float32)) is None


def test_one_colour_and_clipped_pictures_say_nothing():
    assert find_noise(np.full((SIDE_PX, SIDE_PX), 90, np.float32)) is None
    assert find_noise(noisy(3) + 60) is not None
    assert find_noise((noisy(3) + 170).clip(0, 255)) is None


@pytest.mark.parametrize(("wave", "ring"), [((2, 2), 0), ((3, 3), 1), ((4, 3), 1), ((5, 5), 2)])
def test_a_wave_is_in_the_ring_of_its_row_and_column(wave, ring):
    rows, columns = (np.cos(np.pi * (np.arange(8) + 0.5) * order / 8) for order in wave)
    noise = find_noise(np.tile(128 + 20 * np.outer(rows, columns), (16, 16)).astype(np.float32))
    assert noise is not None
    assert [held > 0.1 for held in noise.rings] == [place == ring for place in range(4)]
