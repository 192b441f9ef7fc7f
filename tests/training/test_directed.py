"""Directed blurs and stored photos that networks are trained on: what is drawn is what is told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from unveil.degradation.kernels import planar_kernel
from unveil.linear.prior import read_prior
from unveil.training.journeys.directed import DIRECTED, as_told, widest_px
from unveil.training.journeys.stored import MIN_CHANGE_LEVELS, draw_stored


def moments(kernel: np.ndarray) -> np.ndarray:
    """The covariance of where a kernel spreads light, across and down."""
    rows, columns = np.mgrid[: len(kernel), : len(kernel)].astype(float)
    weights = kernel / kernel.sum()
    places = np.stack([columns.ravel(), rows.ravel()])
    away = places - (places * weights.ravel()).sum(axis=1, keepdims=True)
    return (away * weights.ravel()) @ away.T


@pytest.mark.parametrize("kind", DIRECTED)
@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_spreads_light_as_the_kernel_does(kind, seed):
    """As far along the longer axis, which points the same way; a path may be wider across."""
    kernel, blur = DIRECTED[kind](np.random.default_rng(seed))
    assert kernel.min() >= 0
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    (_, drawn), ways = np.linalg.eigh(moments(kernel))
    (_, told), told_ways = np.linalg.eigh(moments(planar_kernel(blur)))
    assert np.sqrt(told) == pytest.approx(np.sqrt(drawn), rel=0.06)
    assert abs(ways[:, 1] @ told_ways[:, 1]) > 0.99
    assert widest_px(blur) == pytest.approx(np.sqrt(drawn), rel=0.1)


@pytest.mark.parametrize("kind", DIRECTED)
def test_a_picture_that_was_scaled_is_told_a_wider_blur(kind):
    rng = np.random.default_rng(1)
    _, blur = DIRECTED[kind](rng)
    wide = np.mean([widest_px(as_told(blur, 1.5, rng)) for _ in range(40)])
    assert wide == pytest.approx(1.5 * widest_px(blur), rel=0.02)


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()[:250, 100:350]).save(path)
    return path


def test_a_stored_picture_is_drawn_again_by_its_seed_and_lost_something(photo):
    prior = read_prior()
    for seed in range(6):
        one, again = (draw_stored([photo], np.random.default_rng(seed), prior) for _ in range(2))
        np.testing.assert_array_equal(one.planes, again.planes)
        levels = one.planes[:3] * 255
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
        assert np.abs(levels - one.clean).mean() >= MIN_CHANGE_LEVELS
        assert one.changes.all()
