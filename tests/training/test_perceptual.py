"""The study's further metrics, against their definitions written out in SciPy, and their laws."""

from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d

from unveil.config import RuntimeConfig
from unveil.degradation.operators import gaussian_blur, pixelate
from unveil.metrics.nlpd import nlpd
from unveil.metrics.quality import LOWER_IS_BETTER, colour_shift
from unveil.networks.torch_engine import choose_runtime
from unveil.training.perceptual import LPIPS_BACKBONE, measures, ms_ssim, vif
from unveil.training.vgg import VggFeatures

WANG_2003 = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
SCALES = {16: 1, 21: 1, 22: 2, 32: 2, 43: 2, 44: 3, 48: 3, 87: 3, 99: 4, 112: 4}
"""How many scales an image of so many pixels a side has: each needs the 11-pixel window."""

FORMULAS = {"ms_ssim": ms_ssim, "vif": vif, "nlpd": nlpd, "colour_shift": colour_shift}
CVVDP = ("cvvdp",) if find_spec("pycvvdp") else ()
"""ColorVideoVDP, where it is installed."""


def photos(side_px=64, count=4):
    """Return photo-like images of uneven difficulty, in [0,1]."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(count, 3, side_px, side_px, generator=generator)
    sigmas = (0.5, 1, 2, 4)[:count]
    clean = torch.cat(
        [gaussian_blur(one[None], 9, sigma) for one, sigma in zip(noise, sigmas, strict=True)]
    )
    low, high = clean.amin(dim=(1, 2, 3), keepdim=True), clean.amax(dim=(1, 2, 3), keepdim=True)
    return (clean - low) / (high - low)


def noisy(clean, level):
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    return (clean + level * noise).clamp(0, 1)


@pytest.fixture(scope="module")
def pair():
    return gaussian_blur(photos(), 9, 1.5), photos()


def ms_ssim_by_scipy(x, y, weights):
    """Return it for one image, ``3 x H x W`` float64: contrast of each scale, whole of the last."""
    smooth = partial(gaussian_filter, sigma=1.5, truncate=3.5, mode="mirror", axes=(1, 2))
    c1, c2 = 0.01**2, 0.03**2
    values = []
    for _ in weights:
        mean_x, mean_y = smooth(x), smooth(y)
        variances = smooth(x * x) - mean_x**2 + smooth(y * y) - mean_y**2
        contrast = (2 * (smooth(x * y) - mean_x * mean_y) + c2) / (variances + c2)
        luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        values.append(contrast[:, 5:-5, 5:-5].mean())
        x, y = halved(x), halved(y)
    values[-1] = (luminance * contrast).mean()
    return np.prod(np.array(values) ** weights)


def halved(image):
    _, height, width = image.shape
    image = image[:, : height // 2 * 2, : width // 2 * 2]
    return image.reshape(3, height // 2, 2, width // 2, 2).mean(axis=(2, 4))


def vif_by_scipy(x, y):
    """Return it for one channel, ``H x W`` float64 in 0..255; ``y`` is the clean one."""
    kept, there = 0.0, 0.0
    for size in (17, 9, 5, 3):
        place = np.arange(size) - size // 2
        line = np.exp(-0.5 * (place / (size / 5)) ** 2)
        window = np.outer(line, line) / line.sum() ** 2
        smooth = partial(convolve2d, in2=window, mode="valid")
        if size < 17:
            x, y = smooth(x)[::2, ::2], smooth(y)[::2, ::2]
        mean_x, mean_y = smooth(x), smooth(y)
        var_x, var_y = smooth(x * x) - mean_x**2, smooth(y * y) - mean_y**2
        covariance = smooth(x * y) - mean_x * mean_y
        gain = np.maximum(covariance / (var_y + 1e-10), 0)
        lost = np.where(covariance < 0, var_x, var_x - gain * covariance)
        kept += np.log10(1 + gain**2 * var_y / (np.maximum(lost, 1e-10) + 2)).sum()
        there += np.log10(1 + var_y / 2).sum()
    return kept / there


@pytest.mark.parametrize("side_px", SCALES)
def test_ms_ssim_is_its_definition_over_as_many_scales_as_fit(side_px):
    clean = photos(side_px)
    weights = WANG_2003[: SCALES[side_px]]
    for restored in (gaussian_blur(clean, 9, 1.5), noisy(clean, 0.1)):
        expected = [
            ms_ssim_by_scipy(x, y, weights / weights.sum())
            for x, y in zip(restored.double().numpy(), clean.double().numpy(), strict=True)
        ]
        np.testing.assert_allclose(ms_ssim(restored, clean), expected, atol=2e-5)


@pytest.mark.parametrize("side_px", [88, 96, 98])
def test_ms_ssim_takes_every_side(side_px):
    clean = photos(side_px, 1)
    assert ms_ssim(gaussian_blur(clean, 9, 1.5), clean).shape == (1,)


def test_the_shorter_side_decides_how_many_scales_fit():
    clean = photos(112)[..., :48]
    restored = gaussian_blur(clean, 9, 1.5)
    weights = WANG_2003[:3] / WANG_2003[:3].sum()
    expected = [
        ms_ssim_by_scipy(x, y, weights)
        for x, y in zip(restored.double().numpy(), clean.double().numpy(), strict=True)
    ]
    np.testing.assert_allclose(ms_ssim(restored, clean), expected, atol=2e-5)


@pytest.mark.parametrize("side_px", [41, 112])
def test_vif_is_its_definition(side_px):
    clean = photos(side_px)
    for restored in (gaussian_blur(clean, 9, 1.5), noisy(clean, 0.1), clean.flip(3)):
        expected = [
            np.mean([vif_by_scipy(*channels) for channels in zip(x, y, strict=True)])
            for x, y in zip(
                255 * restored.double().numpy(), 255 * clean.double().numpy(), strict=True
            )
        ]
        np.testing.assert_allclose(vif(restored, clean), expected, rtol=2e-3, atol=1e-5)


def test_vif_refuses_images_smaller_than_its_windows():
    clean = photos(40)
    with pytest.raises(ValueError, match="41x41"):
        vif(clean, clean)


@pytest.mark.parametrize("metric", [ms_ssim, vif])
class TestLaws:
    def test_identical_images_give_one(self, metric, pair):
        np.testing.assert_allclose(metric(pair[1], pair[1]), np.ones(4), atol=1e-4)

    def test_a_worse_image_scores_worse(self, metric, pair):
        clean = pair[1][:2]
        for worsen, levels in (
            (partial(gaussian_blur, clean, 15), (0.7, 1.5, 3.0)),
            (partial(noisy, clean), (0.02, 0.1, 0.3)),
            (partial(pixelate, clean), (2, 4, 8)),
        ):
            scores = torch.stack([metric(worsen(level), clean) for level in levels])
            assert (scores[:-1] > scores[1:]).all(), worsen
            assert (scores < 1).all()

    def test_one_value_an_image_whatever_the_batch(self, metric, pair):
        alone = torch.cat([metric(x[None], y[None]) for x, y in zip(*pair, strict=True)])
        assert alone.shape == (4,)
        assert alone.unique().numel() == 4
        torch.testing.assert_close(metric(*pair), alone)

    def test_it_is_a_full_float32_number_whatever_it_is_given(self, metric, pair):
        found = metric(pair[0].double(), pair[1].double())
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, metric(*pair))

    def test_autocast_does_not_change_it(self, metric, pair):
        with torch.autocast("cpu", torch.bfloat16):
            inside = metric(*pair)
        torch.testing.assert_close(inside, metric(*pair))


def names(absent):
    return {line.partition(":")[0] for line in absent}


class TestWhichThereAre:
    @pytest.fixture(autouse=True)
    def hub(self, tmp_path, monkeypatch):
        """Give torch.hub an empty folder, never the user's own."""
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        return tmp_path

    @pytest.fixture
    def runtime(self):
        return choose_runtime(RuntimeConfig(device="cpu", precision="fp32"))

    def test_what_needs_weights_is_named_as_absent(self, runtime):
        found, absent = measures(runtime, None)
        assert list(found) == [*FORMULAS, *CVVDP]
        assert names(absent) == {"cvvdp", "lpips", "vgg_relu2_2"} - {*CVVDP}
        assert any("--vgg-weights" in line for line in absent)
        assert any(LPIPS_BACKBONE in line for line in absent)

    def test_they_take_arrays_of_numpy_too(self, runtime, pair):
        found, _ = measures(runtime, VggFeatures("relu2_2"))
        for name, metric in found.items():
            torch.testing.assert_close(metric(*(part.numpy() for part in pair)), metric(*pair))
            if name in FORMULAS:
                torch.testing.assert_close(metric(*pair), FORMULAS[name](*pair))

    def test_with_weights_vgg_is_a_metric_like_the_others(self, runtime, pair):
        torch.manual_seed(0)
        features = VggFeatures("relu2_2")
        found, absent = measures(runtime, features)
        assert names(absent) == {"cvvdp", "lpips"} - {*CVVDP}
        values = found["vgg_relu2_2"](*pair)
        torch.testing.assert_close(values, features.distance(*pair))
        assert "vgg_relu2_2" in LOWER_IS_BETTER
        stronger = found["vgg_relu2_2"](gaussian_blur(pair[1], 15, 4.0), pair[1])
        assert (stronger > values).all()

    def test_vgg_runs_in_the_runtimes_precision(self, pair):
        torch.manual_seed(0)
        features, pair = VggFeatures("relu2_2"), [images[..., :24, :24] for images in pair]
        bf16 = choose_runtime(RuntimeConfig(device="cpu", precision="bf16"))
        values, exact = measures(bf16, features)[0]["vgg_relu2_2"](*pair), features.distance(*pair)
        assert values.dtype == torch.float32
        assert not torch.equal(values, exact)
        torch.testing.assert_close(values, exact, rtol=0.02, atol=0)

    def test_the_backbones_file_is_all_that_lpips_waits_for(self, hub, runtime, monkeypatch):
        """The network itself stays out: its weights are 244 MB."""
        (hub / "hub" / "checkpoints").mkdir(parents=True)
        (hub / "hub" / "checkpoints" / LPIPS_BACKBONE).touch()
        monkeypatch.setattr("unveil.training.perceptual._lpips", lambda *_: vif)
        found, absent = measures(runtime, None)
        assert "lpips" in found
        assert "lpips" in LOWER_IS_BETTER
        assert names(absent) == {"cvvdp", "vgg_relu2_2"} - {*CVVDP}

    def test_distances_are_told_from_qualities(self, runtime, pair):
        found, _ = measures(runtime, VggFeatures("relu2_2"))
        worse = gaussian_blur(pair[1], 15, 4.0)
        for name, metric in found.items():
            rises = (metric(worse, pair[1]) > metric(*pair)).all()
            assert rises == (name in LOWER_IS_BETTER), name


@pytest.mark.slow
@pytest.mark.skipif(not CVVDP, reason="ColorVideoVDP is not installed")
class TestColorVideoVdp:
    @pytest.fixture(scope="class")
    def cvvdp(self):
        return measures(choose_runtime(RuntimeConfig(device="cpu")), None)[0]["cvvdp"]

    def test_identical_images_have_the_best_quality(self, cvvdp, pair):
        assert cvvdp(pair[1], pair[1]).tolist() == [10] * 4

    def test_a_worse_image_scores_worse(self, cvvdp, pair):
        scores = torch.stack([cvvdp(noisy(pair[1], level), pair[1]) for level in (0.02, 0.1, 0.3)])
        assert (scores[:-1] > scores[1:]).all()

    def test_one_value_an_image_whatever_the_batch(self, cvvdp, pair):
        alone = torch.cat([cvvdp(x[None], y[None]) for x, y in zip(*pair, strict=True)])
        assert alone.shape == (4,)
        torch.testing.assert_close(cvvdp(*pair), alone, rtol=1e-4, atol=1e-4)

    def test_colour_counts(self, cvvdp):
        gray = torch.full((1, 3, 64, 64), 0.5)
        tinted = gray + torch.tensor([0.1, -0.05, 0.0]).view(3, 1, 1)
        assert cvvdp(tinted, gray) < 9.9 < cvvdp(gray + 1e-4, gray)
