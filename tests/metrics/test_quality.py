"""Metrics against scikit-image and torchmetrics under the stated settings, and their laws.

In both libraries.
"""

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from unveil.degradation.operators import gaussian_blur, pixelate
from unveil.errors import UsageError
from unveil.metrics.quality import (
    METRICS,
    colour_shift,
    psnr,
    psnr_of_matched_colours,
    ssim,
    ssim_deck,
)


@pytest.fixture(scope="module")
def pair():
    """Photo-like images of uneven difficulty, and blurred versions of them."""
    noise = np.random.default_rng(0).random((4, 3, 48, 64), dtype=np.float32)
    clean = np.stack(
        [gaussian_blur(one[None], 9, s)[0] for one, s in zip(noise, (0.5, 1, 2, 4), strict=True)]
    )
    clean = (clean - clean.min()) / (clean.max() - clean.min())
    return gaussian_blur(clean, 9, 4.0), clean


def each(pair):
    for restored, clean in zip(*pair, strict=True):
        yield restored.transpose(1, 2, 0), clean.transpose(1, 2, 0)


def torchmetrics(name, pair, **settings):
    """Return what torchmetrics' function says of the pair."""
    torch = pytest.importorskip("torch")
    functions = pytest.importorskip("torchmetrics.functional.image")
    images = map(torch.from_numpy, pair)
    return getattr(functions, name)(*images, data_range=1.0, reduction="none", **settings)


def test_psnr_is_scikit_images(pair, library):
    expected = [
        peak_signal_noise_ratio(clean, restored, data_range=1) for restored, clean in each(pair)
    ]
    np.testing.assert_allclose(library.compute(psnr, *pair), expected, rtol=1e-5)


def test_psnr_is_torchmetrics_per_image(pair, library):
    expected = torchmetrics("peak_signal_noise_ratio", pair, dim=(1, 2, 3))
    np.testing.assert_allclose(library.compute(psnr, *pair), expected, atol=1e-5)


def test_ssim_is_scikit_images_with_wangs_settings(pair, library):
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
    np.testing.assert_allclose(library.compute(ssim, *pair), expected, atol=1e-5)


def test_ssim_is_torchmetrics_default(pair, library):
    expected = torchmetrics("structural_similarity_index_measure", pair)
    np.testing.assert_allclose(library.compute(ssim, *pair), expected, atol=1e-5)


def test_ssim_deck_is_scikit_images_default_on_signed_images(pair, library):
    expected = [
        structural_similarity(2 * restored - 1, 2 * clean - 1, data_range=2, channel_axis=2)
        for restored, clean in each(pair)
    ]
    np.testing.assert_allclose(library.compute(ssim_deck, *pair), expected, atol=1e-5)


def test_the_two_ssims_are_not_one(pair):
    assert np.abs(ssim(*pair) - ssim_deck(*pair)).max() > 0.01


@pytest.mark.parametrize(
    ("metric", "value"), [(psnr, math.inf), (ssim, 1.0), (ssim_deck, 1.0)], ids=METRICS
)
def test_identical_images_give_the_documented_value(metric, value, pair, library):
    scores = library.compute(metric, pair[1], pair[1])
    assert scores.tolist() == pytest.approx([value] * 4)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
class TestLaws:
    def test_one_float32_an_image_whatever_the_batch(self, metric, pair, library):
        for dtype in (np.float32, np.float64):
            images = [part.astype(dtype) for part in pair]
            alone = np.concatenate(
                [library.compute(metric, a[None], b[None]) for a, b in zip(*images, strict=True)]
            )
            together = library.compute(metric, *images)
            assert together.dtype == np.float32
            assert together.shape == (4,)
            np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-6)

    def test_more_obfuscation_scores_worse(self, metric, pair, library):
        clean = pair[1][:2]
        for weaker, stronger in (
            (gaussian_blur(clean, 15, 1.0), gaussian_blur(clean, 15, 3.0)),
            (pixelate(clean, 2), pixelate(clean, 8)),
        ):
            scores = [library.compute(metric, images, clean) for images in (weaker, stronger)]
            assert (scores[0] > scores[1]).all()

    def test_it_is_symmetric(self, metric, pair, library):
        scores = library.compute(metric, *pair), library.compute(metric, *reversed(pair))
        np.testing.assert_allclose(*scores, rtol=1e-6)

    def test_autocast_does_not_change_it(self, metric, pair):
        torch = pytest.importorskip("torch")
        images = [torch.from_numpy(part) for part in pair]
        with torch.autocast("cpu", torch.bfloat16):
            inside = metric(*images)
        torch.testing.assert_close(inside, metric(*images))

    def test_a_gradient_passes_through_it(self, metric, pair):
        """Training may take it for its loss: against a difference along the gradient."""
        torch = pytest.importorskip("torch")
        restored, clean = (torch.from_numpy(part[:1]).double() for part in pair)
        score = metric(restored.requires_grad_(), clean).sum()
        (gradient,) = torch.autograd.grad(score, restored)
        step = 1e-3 * gradient / gradient.norm()
        with torch.no_grad():
            found = metric(restored + step, clean) - metric(restored - step, clean)
        assert float(found) == pytest.approx(2 * float((gradient * step).sum()), rel=0.02)

    def test_shapes_that_differ_are_refused(self, metric, pair, library):
        with pytest.raises(UsageError, match="one shape"):
            metric(library(pair[0]), library(pair[1][:2]))


def test_an_image_smaller_than_the_window_is_refused(library):
    tiny = library(np.zeros((1, 3, 6, 20), np.float32))
    with pytest.raises(UsageError, match="at least 7x7"):
        ssim_deck(tiny, tiny)


def test_another_colour_for_all_pixels_shifts_by_it_and_detail_by_nothing(pair, library):
    clean = pair[1]
    tint = np.float32([[3], [-4], [12]])[None, ..., None] / 255
    detail = clean - clean.mean(axis=(2, 3), keepdims=True)
    changed = library(clean + tint + detail / 2), library(clean)
    np.testing.assert_allclose(colour_shift(*changed), (169 / 3) ** 0.5, atol=1e-3)


def test_an_error_is_of_the_mean_colour_or_of_what_remains(pair):
    restored, clean = pair
    tinted = restored + np.float32([[3], [-4], [12]])[None, ..., None] / 255
    matched = tinted - (tinted - clean).mean(axis=(2, 3), keepdims=True)
    found = zip(psnr(tinted, clean), colour_shift(tinted, clean), strict=True)
    each = [psnr_of_matched_colours(float(db), float(shift)) for db, shift in found]
    np.testing.assert_allclose(each, psnr(matched, clean), atol=1e-3)
    assert psnr_of_matched_colours(20.0, 255 / 10) == math.inf
