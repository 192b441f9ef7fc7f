"""The normalised Laplacian pyramid distance, against its authors' steps by SciPy; and its laws."""

from functools import partial

import numpy as np
import pytest
from scipy import ndimage

from tests.linear.test_linear import drawn
from unveil.degradation.operators import gaussian_blur, pixelate
from unveil.errors import UsageError
from unveil.metrics.nlpd import LEVELS, nlpd, pyramid

LOW_PASS = np.outer([0.05, 0.25, 0.4, 0.25, 0.05], [0.05, 0.25, 0.4, 0.25, 0.05])
SIGMAS = (0.0248, 0.0185, 0.0179, 0.0191, 0.0220, 0.2782)
AROUND = [
    [[0, 0, 0.1011, 0, 0], [0, 0.1493, 0, 0.1460, 0.0072], [0, 0, 0.1015, 0, 0]],
    [[0, 0, 0.0757, 0, 0], [0, 0.1986, 0, 0.1846, 0], [0, 0, 0.0837, 0, 0]],
    [[0, 0, 0.0477, 0, 0], [0, 0.2138, 0, 0.2243, 0], [0, 0, 0.0467, 0, 0]],
    [[0, 0, 0, 0, 0], [0, 0.2503, 0, 0.2616, 0], [0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0], [0, 0.2598, 0, 0.2552, 0], [0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0], [0, 0.2215, 0, 0.0717, 0], [0, 0, 0, 0, 0]],
]


def levels_by_scipy(plane):
    """The steps of the authors' NLP_dist.m, one after another, on ``H x W``."""
    for level in range(LEVELS):
        coarser = plane
        if level < LEVELS - 1:
            coarser = ndimage.convolve(plane, LOW_PASS, mode="reflect")[::2, ::2]
            spread = np.zeros([2 * side + 4 for side in coarser.shape])
            spread[::2, ::2] = 4 * np.pad(coarser, 1, mode="edge")
            height, width = plane.shape
            smooth = ndimage.convolve(spread, LOW_PASS, mode="constant")
            plane = plane - smooth[2 : 2 + height, 2 : 2 + width]
        around = ndimage.convolve(abs(plane), np.array(AROUND[level]), mode="constant")
        yield plane / (SIGMAS[level] + around)
        plane = coarser


def nlpd_by_scipy(restored, clean):
    lumas = (np.tensordot([0.299, 0.587, 0.114], x.astype(float), 1) for x in (restored, clean))
    both = zip(*map(levels_by_scipy, lumas), strict=True)
    return np.mean([np.sqrt(np.mean((x - y) ** 2)) for x, y in both])


def test_each_level_is_the_authors():
    planes = drawn(1, 50, 64)[:, :1]
    for level, expected in zip(pyramid(planes), levels_by_scipy(planes[0, 0]), strict=True):
        np.testing.assert_allclose(level[0, 0], expected, atol=1e-4)


@pytest.mark.parametrize("size", [(112, 112), (33, 70), (32, 32)])
def test_it_is_the_authors_steps_at_any_size(size, library):
    clean = drawn(3, *size)
    for restored in (gaussian_blur(clean, 9, 1.5), pixelate(clean, 4), clean[..., ::-1].copy()):
        expected = [nlpd_by_scipy(x, y) for x, y in zip(restored, clean, strict=True)]
        found = library.compute(nlpd, restored, clean)
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        assert found.dtype == np.float32


def test_identical_images_are_exactly_0_apart():
    assert nlpd(drawn(2), drawn(2)).tolist() == [0, 0]


def test_a_worse_image_is_farther():
    clean = drawn(2, 64, 64)
    noise = np.random.default_rng(1).standard_normal(clean.shape, np.float32)
    for worsen, amounts in (
        (partial(gaussian_blur, clean, 15), (0.7, 1.5, 3.0)),
        (partial(pixelate, clean), (2, 4, 8)),
        (lambda std: clean + std * noise, (0.02, 0.1, 0.3)),
    ):
        scores = np.stack([nlpd(worsen(amount), clean) for amount in amounts])
        assert (scores[1:] > scores[:-1]).all()


def test_an_error_counts_less_where_there_is_much_contrast():
    """Why it is not a mean squared error: contrast masks."""
    wave = np.zeros((1, 3, 64, 64), np.float32) + np.tile([0.0, 0.2], 32)
    flat = np.full_like(wave, 0.5)
    error = 0.05 * np.tile([1.0, -1.0], 32)
    assert nlpd(wave + 0.3 + error, wave + 0.3) < nlpd(flat + error, flat) / 2


def test_colour_alone_does_not_count():
    clean = drawn(1, 64, 64)
    shifted = clean.copy()
    shifted[:, 0] += 0.114
    shifted[:, 2] -= 0.299
    assert nlpd(shifted, clean) < 1e-3


@pytest.mark.parametrize("size", [(31, 64), (64, 31)])
def test_smaller_images_are_refused(size):
    with pytest.raises(UsageError, match="32x32"):
        nlpd(drawn(1, *size), drawn(1, *size))
