"""The grid and quality of an earlier JPEG are found from pixels; nothing else looks like one."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data, transform

from unveil.estimation.jpeg_history import find_jpeg, log_odds_of_part
from unveil.images.box import Box
from unveil.images.pixels import brightness


def astronaut(side: int = 240) -> np.ndarray:
    """Return a photo that was never a JPEG at this size."""
    photo = transform.resize(data.astronaut()[:480, :480], (side, side), anti_aliasing=True)
    return np.rint(photo * 255).astype(np.uint8)


def kept(pixels: np.ndarray, suffix: str, **options: object) -> np.ndarray:
    """Return pixels after a codec of Pillow."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, suffix, **options)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("quality", [45, 60, 75, 90])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 6)])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_quality_and_grid_of_an_earlier_jpeg(quality, top, left, subsampling):
    pixels = kept(astronaut(), "JPEG", quality=quality, subsampling=subsampling)[top:, left:]
    found = find_jpeg(pixels)
    assert found is not None
    assert (found.top, found.left) == (-top % 8, -left % 8)
    assert abs(found.quality - quality) <= 1


def test_a_blurred_jpeg_still_tells():
    blurred = np.asarray(Image.fromarray(astronaut()).resize((60, 60)).resize((240, 240)))
    found = find_jpeg(kept(blurred, "JPEG", quality=80))
    assert found is not None
    assert abs(found.quality - 80) <= 1


@pytest.mark.parametrize("suffix", ["PNG", "WEBP"])
def test_other_codecs_are_no_jpeg(suffix):
    assert find_jpeg(kept(astronaut(), suffix, quality=70)) is None


def test_a_scaled_jpeg_has_no_grid_any_more():
    pixels = kept(astronaut(), "JPEG", quality=70)
    scaled = np.asarray(Image.fromarray(pixels).resize((200, 200), Image.Resampling.BICUBIC))
    assert find_jpeg(scaled) is None


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 7, 3), (8, 40, 3), (16, 16, 3)])
def test_small_pictures_say_nothing(shape):
    assert find_jpeg(np.random.default_rng(0).integers(0, 256, shape, np.uint8)) is None


PART = Box(83, 60, 90, 75)


def odds_of_part(pixels: np.ndarray) -> float:
    """Return what the pixels of ``PART`` say of the compression of their picture."""
    history = find_jpeg(pixels)
    assert history is not None
    return log_odds_of_part(brightness(pixels[PART.place]), PART, history)


@pytest.mark.parametrize("quality", [50, 75, 90])
def test_a_part_was_compressed_with_its_picture(quality):
    assert odds_of_part(kept(astronaut(), "JPEG", quality=quality)[3:, 6:]) > 100


@pytest.mark.parametrize("quality", [50, 75])
@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_a_part_that_was_blurred_afterwards_was_not(quality, sigma):
    pixels = kept(astronaut(), "JPEG", quality=quality).copy()
    blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma))
    pixels[PART.place] = np.asarray(blurred)[PART.place]
    assert odds_of_part(pixels) < -100


def test_a_part_without_anything_in_it_says_nothing():
    pixels = kept(astronaut(), "JPEG", quality=70).copy()
    pixels[PART.place] = 90
    assert odds_of_part(pixels) == 0
