"""Operators that nothing undoes: against SciPy, known answers and the laws of their noise.

In both libraries.
"""

import dataclasses
import math

import numpy as np
import pytest
from scipy import ndimage, stats

from tests.conftest import library_named
from unveil.degradation import (
    Degradation,
    Downscale,
    DpPix,
    Median,
    Noise,
    Operator,
    Pixelate,
    Poisson,
    Solid,
    Unchanged,
    parse_operator,
)
from unveil.degradation.operators import block_means, obfuscate
from unveil.errors import UsageError
from unveil.restoration.choice import model_for

NONLINEAR = [
    *(Median(3), Downscale(2.5), Solid(51), Noise(20), Poisson(30), DpPix(4, 2), Unchanged()),
]


def images(batch: int = 2, height: int = 37, width: int = 45) -> np.ndarray:
    return np.random.default_rng(0).random((batch, 3, height, width), dtype=np.float32)


@pytest.fixture
def apply(library):
    """Return a function that obfuscates numpy's images in each library."""

    def apply(x: np.ndarray, operator: Operator) -> np.ndarray:
        return library.compute(lambda images: obfuscate(images, operator), x)

    return apply


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [(37, 45), (8, 16), (1, 9), (2, 3)], ids=str)
@pytest.mark.parametrize("operator", NONLINEAR, ids=str)
def test_shape_and_type_are_kept_and_the_input_as_well(operator, size, dtype, library):
    clean = images(2, *size).astype(dtype)
    x = library(clean.copy())
    result = obfuscate(x, operator)
    assert (type(result), result.dtype) == (type(x), x.dtype)
    assert result.shape == (2, 3, *size)
    np.testing.assert_array_equal(x, clean)


@pytest.mark.parametrize("kernel", [1, 3, 9])
def test_the_median_is_scipys(kernel, apply):
    clean = images()
    expected = ndimage.median_filter(clean, size=(1, 1, kernel, kernel), mode="mirror")
    levels = apply(clean, Median(kernel)) * 255
    np.testing.assert_array_equal(levels.round(), (expected * 255).round())
    assert np.abs(levels - levels.round()).max() < 1e-4


def test_downscaling_keeps_a_flat_picture_and_what_is_slow(apply):
    flat = np.full((1, 3, 40, 40), 0.3, np.float32)
    np.testing.assert_allclose(apply(flat, Downscale(8)), flat, atol=1e-6)
    ramp = np.broadcast_to(np.linspace(0, 1, 64), (1, 3, 64, 64))
    inner = (..., slice(12, -12))
    np.testing.assert_allclose(apply(ramp, Downscale(4))[inner], ramp[inner], atol=0.01)


@pytest.mark.parametrize("factor", [1, 1.7, 4, 6.5, 100])
def test_downscaling_is_torchs_adaptive_pooling_and_bicubic_enlargement(factor, apply):
    torch = pytest.importorskip("torch")
    clean = torch.from_numpy(images())
    sizes = [max(round(size / factor), 1) for size in clean.shape[-2:]]
    small = torch.nn.functional.adaptive_avg_pool2d(clean, sizes)
    large = torch.nn.functional.interpolate(small, clean.shape[-2:], mode="bicubic")
    np.testing.assert_allclose(apply(images(), Downscale(factor)), large.clamp(0, 1), atol=2e-6)


def test_downscaling_by_one_changes_nothing(apply):
    np.testing.assert_allclose(apply(images(), Downscale(1)), images(), atol=1e-6)


def test_downscaling_forgets_what_is_inside_a_pixel(apply):
    """Two photos of equal block means cannot be told apart."""
    clean = images(1, 32, 32)
    mixed = np.flip(clean.reshape(1, 3, 8, 4, 8, 4), (3, 5)).reshape(clean.shape)
    np.testing.assert_allclose(apply(clean, Downscale(4)), apply(mixed, Downscale(4)), atol=1e-6)


def test_solid_is_solid(apply):
    assert (apply(images(), Solid(51)) == np.float32(0.2)).all()


def test_noise_has_the_deviation_it_says_and_a_seed_repeats_it(apply):
    grey = np.full((4, 3, 64, 64), 0.5, np.float32)
    noisy = apply(grey, Noise(20, seed=0))
    assert (noisy - grey).std() == pytest.approx(20 / 255, rel=0.02)
    np.testing.assert_array_equal(noisy, apply(grey, Noise(20, seed=0)))
    assert not np.array_equal(noisy, apply(grey, Noise(20, seed=1)))
    assert not np.array_equal(noisy[0], noisy[1])


def test_noise_is_numpys_in_levels_of_255(apply):
    """To the last digit: a hundredth more is another setting."""
    grey = np.full((1, 3, 16, 24), 0.5, np.float32)
    drawn = np.random.default_rng(3).standard_normal(grey.shape, dtype=np.float32)
    noisy = apply(grey, Noise(12.75, seed=3))
    np.testing.assert_allclose(noisy, 0.5 + 0.05 * drawn, atol=1e-6)
    assert Noise(51).strength(112) == 0.2


@pytest.mark.parametrize("photons", [2, 30, 1000])
@pytest.mark.parametrize("level", [0.05, 0.4])
def test_shot_noise_is_scipys_poisson(photons, level, apply):
    """Every count is as frequent as it should be; clipping at white is far enough away."""
    noisy = apply(np.full((1, 3, 256, 256), level, np.float32), Poisson(photons)).flatten()
    counts = (noisy * photons).round()
    np.testing.assert_allclose(noisy * photons, counts, atol=1e-3)
    dark = counts[counts < photons]  # of white, more is cut off
    expected = stats.poisson(level * photons)
    found = np.bincount(dark.astype(int), minlength=photons)[:photons] / len(counts)
    likely = expected.pmf(np.arange(photons))
    np.testing.assert_allclose(found, likely, atol=5 / math.sqrt(len(counts)))


def test_a_seed_repeats_shot_noise_which_is_new_for_each_image(apply):
    grey = np.full((2, 3, 64, 64), 0.5, np.float32)
    noisy = apply(grey, Poisson(30, seed=0))
    np.testing.assert_array_equal(noisy, apply(grey, Poisson(30, seed=0)))
    assert not np.array_equal(noisy, apply(grey, Poisson(30, seed=1)))
    assert not np.array_equal(noisy[0], noisy[1])
    assert not apply(np.zeros((1, 3, 9, 9), np.float32), Poisson(30)).any()


@pytest.mark.parametrize("operator", [Noise(20, 0), Poisson(30, 0), DpPix(4, 2, seed=0)], ids=str)
def test_one_seed_draws_the_same_in_both_libraries(operator):
    drawn = [
        library_named(name).compute(lambda x: obfuscate(x, operator), images())
        for name in ("numpy", "torch")
    ]
    np.testing.assert_allclose(*drawn, atol=1e-6)


def test_none_changes_nothing(apply):
    np.testing.assert_array_equal(apply(images(), Unchanged()), images())


def test_dp_pix_adds_laplacian_noise_of_the_papers_scale(apply):
    grey = np.full((1, 3, 800, 800), 0.5)
    operator = DpPix(block=8, epsilon=8, pixels=16)
    noise = (block_means(apply(grey, operator), Pixelate(8)) - 0.5).flatten()
    scale = 16 / (8**2 * 8)
    assert stats.kstest(noise, stats.laplace(scale=scale).cdf).pvalue > 1e-3
    assert np.abs(noise).mean() == pytest.approx(scale, rel=0.03)
    drawn = np.random.default_rng(3).laplace(scale=scale, size=(1, 3, 100, 100))
    noisy = block_means(apply(grey, dataclasses.replace(operator, seed=3)), Pixelate(8))
    np.testing.assert_allclose(noisy, (0.5 + drawn).clip(0, 1), atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        *("median:kernel=5", "downscale:factor=6.5", "solid:level=128", "noise:std=12.5"),
        *("none", "poisson:photons=30", "poisson:photons=0.5,seed=7"),
        *("noise:std=40,seed=3", "dppix:block=12,epsilon=0.1", "dppix:block=8,epsilon=2,pixels=4"),
    ],
)
def test_the_text_form_reads_back(text):
    assert str(parse_operator(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("median:kernel=4", "downscale:factor=0.5", "solid:level=300", "noise:std=0"),
        *("poisson:photons=0", "poisson:photons=nan", "poisson:photons=2e6", "poisson:seed=-1"),
        *("noise:std=nan", "dppix:epsilon=-1", "dppix:block=0", "dppix:pixels=0", "noise:seed=-1"),
    ],
)
def test_values_out_of_range_are_refused(text):
    with pytest.raises(UsageError, match=text.partition(":")[0]):
        parse_operator(text)


@pytest.mark.parametrize(
    "text", ["median", "downscale", "solid", "noise", "poisson", "dppix", "none"]
)
def test_nothing_claims_to_undo_them(text):
    with pytest.raises(UsageError, match="restorers undo gaussian"):
        _ = Degradation(parse_operator(text)).linear
    with pytest.raises(UsageError, match="no restorer undoes"):
        model_for(Degradation(parse_operator(text)))


def test_values_stay_in_range(apply):
    for operator in (Noise(200), Poisson(1), DpPix(4, 0.1), Downscale(3), Median(5), Solid(255)):
        found = apply(images(), operator)
        assert 0 <= found.min() <= found.max() <= 1
        assert np.isfinite(found).all()
