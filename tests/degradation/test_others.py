"""Operators that nothing undoes: against SciPy, known answers and the laws of their noise."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from unveil.degradation import (
    Degradation,
    Downscale,
    DpPix,
    Median,
    Noise,
    Poisson,
    Solid,
    Unchanged,
    parse_operator,
)
from unveil.degradation.operators import block_means, obfuscate
from unveil.errors import UsageError
from unveil.restoration.choice import model_for


def images(batch: int = 2, height: int = 37, width: int = 45) -> torch.Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kernel", [1, 3, 9])
def test_the_median_is_scipys(kernel):
    clean = images()
    expected = ndimage.median_filter(clean.numpy(), size=(1, 1, kernel, kernel), mode="mirror")
    levels = obfuscate(clean, Median(kernel)).numpy() * 255
    assert np.array_equal(levels.round(), (expected * 255).round())
    assert np.abs(levels - levels.round()).max() < 1e-4


def test_downscaling_keeps_a_flat_picture_and_what_is_slow():
    flat = torch.full((1, 3, 40, 40), 0.3)
    assert torch.allclose(obfuscate(flat, Downscale(8)), flat, atol=1e-6)
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    inner = slice(12, -12)
    found = obfuscate(ramp, Downscale(4))
    assert torch.allclose(found[..., inner], ramp[..., inner], atol=0.01)


def test_downscaling_by_one_changes_nothing():
    assert torch.allclose(obfuscate(images(), Downscale(1)), images(), atol=1e-6)


def test_downscaling_forgets_what_is_inside_a_pixel():
    """Two photos of equal block means cannot be told apart."""
    clean = images(1, 32, 32)
    mixed = clean.view(1, 3, 8, 4, 8, 4).flip(3, 5).reshape_as(clean)
    assert torch.allclose(obfuscate(clean, Downscale(4)), obfuscate(mixed, Downscale(4)), atol=1e-6)


def test_solid_is_solid():
    assert torch.equal(obfuscate(images(), Solid(51)), torch.full_like(images(), 0.2))


def test_noise_has_the_deviation_it_says_and_is_the_same_each_time():
    grey = torch.full((4, 3, 64, 64), 0.5)
    noisy = obfuscate(grey, Noise(20))
    assert float((noisy - grey).std()) == pytest.approx(20 / 255, rel=0.02)
    assert torch.equal(noisy, obfuscate(grey, Noise(20)))
    assert not torch.equal(noisy, obfuscate(grey, Noise(20, seed=1)))
    assert not torch.equal(noisy[0], noisy[1])


@pytest.mark.parametrize("photons", [2, 30, 1000])
@pytest.mark.parametrize("level", [0.05, 0.4])
def test_shot_noise_is_scipys_poisson(photons, level):
    """Every count is as frequent as it should be; clipping at white is far enough away."""
    noisy = obfuscate(torch.full((1, 3, 256, 256), level), Poisson(photons))
    counts = (noisy * photons).round().flatten().numpy()
    np.testing.assert_allclose(noisy.flatten().numpy() * photons, counts, atol=1e-3)
    dark = counts[counts < photons]  # of white, more is cut off
    expected = stats.poisson(level * photons)
    found = np.bincount(dark.astype(int), minlength=photons)[:photons] / len(counts)
    likely = expected.pmf(np.arange(photons))
    np.testing.assert_allclose(found, likely, atol=5 / math.sqrt(len(counts)))


def test_shot_noise_is_the_same_each_time_and_new_for_each_image():
    grey = torch.full((2, 3, 64, 64), 0.5)
    noisy = obfuscate(grey, Poisson(30))
    assert torch.equal(noisy, obfuscate(grey, Poisson(30)))
    assert not torch.equal(noisy, obfuscate(grey, Poisson(30, seed=1)))
    assert not torch.equal(noisy[0], noisy[1])
    assert not obfuscate(torch.zeros(1, 3, 9, 9), Poisson(30)).any()


def test_none_changes_nothing():
    assert torch.equal(obfuscate(images(), Unchanged()), images())


def test_dp_pix_adds_laplacian_noise_of_the_papers_scale():
    grey = torch.full((1, 3, 800, 800), 0.5)
    operator = DpPix(block=8, epsilon=8, pixels=16)
    noise = (block_means(obfuscate(grey, operator), 8) - 0.5).flatten()
    scale = 16 / (8**2 * 8)
    assert stats.kstest(noise.double().numpy(), stats.laplace(scale=scale).cdf).pvalue > 1e-3
    assert float(noise.abs().mean()) == pytest.approx(scale, rel=0.03)


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
    with pytest.raises(UsageError, match="restorers know gaussian"):
        _ = Degradation(parse_operator(text)).linear
    with pytest.raises(UsageError, match="nothing that is told"):
        model_for(Degradation(parse_operator(text)))


def test_values_stay_in_range():
    for operator in (Noise(200), Poisson(1), DpPix(4, 0.1), Downscale(3), Median(5), Solid(255)):
        found = obfuscate(images(), operator)
        assert 0 <= float(found.min()) <= float(found.max()) <= 1
        assert math.isfinite(float(found.sum()))
