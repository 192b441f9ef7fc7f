"""Metrics against scikit-image and torchmetrics under the stated settings, and their laws."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import (
    peak_signal_noise_ratio as torchmetrics_psnr,
)
from torchmetrics.functional.image import (
    structural_similarity_index_measure as torchmetrics_ssim,
)

from unveil.degradation.operators import gaussian_blur, pixelate
from unveil.errors import UsageError
from unveil.metrics.quality import METRICS, psnr, ssim, ssim_deck


@pytest.fixture(scope="module")
def pair():
    """Photo-like images of uneven difficulty, and blurred versions of them."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(4, 3, 48, 64, generator=generator)
    clean = torch.stack(
        [gaussian_blur(one[None], 9, s)[0] for one, s in zip(noise, (0.5, 1, 2, 4), strict=True)]
    )
    clean = (clean - clean.amin()) / (clean.amax() - clean.amin())
    return gaussian_blur(clean, 9, 4.0), clean


def each(pair):
    for restored, clean in zip(*pair, strict=True):
        yield restored.permute(1, 2, 0).numpy(), clean.permute(1, 2, 0).numpy()


def test_psnr_is_scikit_images(pair):
    expected = [
        peak_signal_noise_ratio(clean, restored, data_range=1) for restored, clean in each(pair)
    ]
    np.testing.assert_allclose(psnr(*pair), expected, rtol=1e-5)


def test_psnr_is_torchmetrics_per_image(pair):
    expected = torchmetrics_psnr(*pair, data_range=1.0, reduction="none", dim=(1, 2, 3))
    torch.testing.assert_close(psnr(*pair), expected)


def test_ssim_is_scikit_images_with_wangs_settings(pair):
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    border = ((5, 5), (5, 5), (0, 0))  # scikit-image scores only where the window fits
    expected = [
        structural_similarity(
            np.pad(restored, border, "reflect"),
            np.pad(clean, border, "reflect"),
            data_range=1,
            channel_axis=2,
            **settings,
        )
        for restored, clean in each(pair)
    ]
    np.testing.assert_allclose(ssim(*pair), expected, atol=1e-5)


def test_ssim_is_torchmetrics_default(pair):
    expected = torchmetrics_ssim(*pair, data_range=1.0, reduction="none")
    torch.testing.assert_close(ssim(*pair), expected, atol=1e-5, rtol=0)


def test_ssim_deck_is_scikit_images_default_on_signed_images(pair):
    expected = [
        structural_similarity(2 * restored - 1, 2 * clean - 1, data_range=2, channel_axis=2)
        for restored, clean in each(pair)
    ]
    np.testing.assert_allclose(ssim_deck(*pair), expected, atol=1e-5)


def test_the_two_ssims_are_not_one(pair):
    assert (ssim(*pair) - ssim_deck(*pair)).abs().max() > 0.01


@pytest.mark.parametrize(
    ("metric", "value"), [(psnr, math.inf), (ssim, 1.0), (ssim_deck, 1.0)], ids=METRICS
)
def test_identical_images_give_the_documented_value(metric, value, pair):
    scores = metric(pair[1], pair[1])
    assert scores.tolist() == pytest.approx([value] * 4)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
class TestLaws:
    def test_one_value_an_image_whatever_the_batch(self, metric, pair):
        alone = torch.cat([metric(a[None], b[None]) for a, b in zip(*pair, strict=True)])
        torch.testing.assert_close(metric(*pair), alone)

    def test_more_obfuscation_scores_worse(self, metric, pair):
        clean = pair[1][:2]
        for weaker, stronger in (
            (gaussian_blur(clean, 15, 1.0), gaussian_blur(clean, 15, 3.0)),
            (pixelate(clean, 2), pixelate(clean, 8)),
        ):
            assert (metric(weaker, clean) > metric(stronger, clean)).all()

    def test_it_is_symmetric(self, metric, pair):
        torch.testing.assert_close(metric(*pair), metric(*reversed(pair)))

    def test_autocast_does_not_change_it(self, metric, pair):
        with torch.autocast("cpu", torch.bfloat16):
            inside = metric(*pair)
        torch.testing.assert_close(inside, metric(*pair))

    def test_shapes_that_differ_are_refused(self, metric, pair):
        with pytest.raises(UsageError, match="one shape"):
            metric(pair[0], pair[1][:2])


def test_an_image_smaller_than_the_window_is_refused():
    tiny = torch.zeros(1, 3, 6, 20)
    with pytest.raises(UsageError, match="at least 7x7"):
        ssim_deck(tiny, tiny)
