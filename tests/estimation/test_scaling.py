"""The factor of scaling up is found from pixels; no other journey looks like one."""

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.estimation.test_jpeg_history import kept
from unveil.estimation.scaling import PREDICTORS, find_scaling, flat_share, middle
from unveil.images.pixels import brightness

PILLOW = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def drawn(side: int = 240, fall: float = 1.1, seed: int = 0) -> np.ndarray:
    """Return a picture whose amplitudes fall like a photo's, up to the highest frequency."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    waves = np.fft.fft2(noise) / np.maximum(radius, 1 / side) ** fall
    waves[0, 0] = 0
    field = np.fft.ifft2(waves).real
    levels = (128 + 40 * field / field.std()).clip(0, 255)
    return np.repeat(np.rint(levels).astype(np.uint8)[..., None], 3, axis=2)


def scaled(pixels: np.ndarray, factor: float, resampling: Image.Resampling) -> np.ndarray:
    side = round(factor * len(pixels))
    return np.asarray(Image.fromarray(pixels).resize((side, side), resampling))


def own_size(photo: str) -> np.ndarray:
    """Return the corner of a photo of scikit-image's that was not resampled."""
    pixels = getattr(data, photo)()[:256, :256]
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def found(pixels: np.ndarray) -> float | None:
    return find_scaling(brightness(pixels))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("factor", [1.3, 1.45, 1.55])
def test_a_picture_scaled_up(factor, seed):
    pixels = scaled(drawn(seed=seed), factor, PILLOW["lanczos"])
    assert found(pixels) == pytest.approx(factor, rel=0.01)


@pytest.mark.parametrize("is_jpeg", [False, True])
def test_what_is_said_of_photos_scaled_up_is_right(is_jpeg):
    said = []
    for photo in ("camera", "coffee", "brick", "grass", "moon"):
        pixels = own_size(photo)
        pixels = kept(pixels, "JPEG", quality=85) if is_jpeg else pixels
        for resampling in PILLOW.values():
            for factor in (1.18, 1.3, 1.55, 1.7, 2.3):
                answer = found(scaled(pixels, factor, resampling))
                said.append(None if answer is None else abs(answer / factor - 1))
    errors = np.array([error for error in said if error is not None])
    assert len(errors) > (0.3 if is_jpeg else 0.1) * len(said)
    assert (errors > 0.01).sum() <= 1


def test_a_scaled_picture_kept_as_jpeg():
    pixels = kept(scaled(drawn(), 1.55, PILLOW["lanczos"]), "JPEG", quality=95)
    assert found(pixels) == pytest.approx(1.55, rel=0.01)


@pytest.mark.parametrize("photo", ["camera", "coffee", "brick", "drawn"])
@pytest.mark.parametrize(
    ("suffix", "options"),
    [("PNG", {}), *(("JPEG", {"quality": q}) for q in (50, 75, 95)), ("WEBP", {}), ("AVIF", {})],
)
@pytest.mark.parametrize("sigma_px", [0, 1.5])
def test_a_picture_of_its_own_size_says_nothing(photo, suffix, options, sigma_px):
    pixels = drawn() if photo == "drawn" else own_size(photo)
    if sigma_px:
        pixels = cv2.GaussianBlur(pixels, (0, 0), sigma_px)
    assert found(kept(pixels, suffix, **options)) is None


@pytest.mark.parametrize("factor", [0.6, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("resampling", PILLOW)
def test_scaling_down_is_not_taken_for_scaling_up(resampling, factor):
    assert found(scaled(drawn(400), factor, PILLOW[resampling])) is None


def test_drawings_and_small_pictures_say_nothing():
    page = np.asarray(Image.fromarray(data.page()).resize((600, 300), Image.Resampling.NEAREST))
    assert flat_share(page.astype(np.float32)) > 0.5
    assert find_scaling(page.astype(np.float32)) is None
    assert found(scaled(drawn(40), 1.5, PILLOW["lanczos"])) is None
    for side in (1, 8, 95):
        assert find_scaling(np.zeros((side, side), np.float32)) is None


def test_of_a_large_picture_the_middle():
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert middle(rows, 2).tolist() == [[1, 2], [5, 6]]


@pytest.mark.parametrize("predictor", PREDICTORS, ids=len)
def test_nothing_is_left_of_a_polynomial_of_the_predictors_degree(predictor):
    places = np.arange(len(predictor))
    for degree in range(len(predictor) - 1):
        assert np.dot(predictor, places**degree) == 0
    assert np.dot(predictor, places ** (len(predictor) - 1)) != 0
