"""Fills of one colour are found to the pixel in photos, and nowhere else."""

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from unveil.degradation import Solid, Storage
from unveil.estimation.fill import find_fills
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.images.box import Box
from unveil.linear.prior import read_prior

SKY = Box(450, 60, 120, 80)
"""Of scikit-image's rocket: a plain sky, where a fill looks like more of the same."""


def found_in(pixels: np.ndarray) -> list[Finding]:
    """Return the fills of a picture."""
    return find_fills(pixels, Storage("8bit"))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_box_before_a_plain_sky_is_found_to_the_pixel(level: int) -> None:
    """It was called clean at 78 %."""
    pixels = data.rocket().copy()
    pixels[SKY.place] = level
    image = pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255
    found = inspect(image, Storage("8bit"), read_prior())
    assert (found.box, found.kind, found.operator) == (SKY, "solid", Solid(level))
    assert found.degradation is None
    assert not found.others


def test_ellipses_and_several_fills_are_found_by_their_pixels() -> None:
    """The larger one first."""
    drawn = np.zeros(data.astronaut().shape[:2], np.uint8)
    cv2.ellipse(drawn, (300, 120), (60, 40), 30, 0, 360, 1, -1)
    cv2.rectangle(drawn, (40, 300), (90, 340), 2, -1)
    pixels = data.astronaut().copy()
    pixels[drawn == 1], pixels[drawn == 2] = (200, 30, 40), (0, 90, 0)
    ellipse, box = found_in(pixels)
    assert ellipse.mask is not None
    assert np.array_equal(ellipse.mask, drawn == 1)
    assert (box.mask, str(box.box)) == (None, "40,300,51,41")


def test_a_colour_is_told_by_its_brightness() -> None:
    """Of 255 levels, as ``solid`` takes it."""
    pixels = data.astronaut().copy()
    pixels[50:100, 60:130] = (200, 30, 40)
    (fill,) = found_in(pixels)
    assert fill.operator == Solid(round(0.299 * 200 + 0.587 * 30 + 0.114 * 40))


@pytest.mark.parametrize(
    "name", ["astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry"]
)
def test_a_clean_photo_has_none(name: str) -> None:
    """Nor has one that clips."""
    pixels = getattr(data, name)()
    assert not found_in(pixels)
    assert not found_in((pixels.astype(int) * 2).clip(0, 255).astype(np.uint8))


def test_blocks_of_a_mosaic_are_no_fills() -> None:
    """Each has one colour and a hard border, too."""
    part = Image.fromarray(data.astronaut()).crop((120, 40, 320, 240))
    pixels = data.astronaut().copy()
    pixels[40:240, 120:320] = part.resize((8, 8), Image.Resampling.BOX).resize(
        (200, 200), Image.Resampling.NEAREST
    )
    assert not found_in(pixels)


def test_a_drawing_has_none() -> None:
    """Its areas are of one colour because they were drawn so: buttons, bars, pages."""
    pixels = np.full((300, 400, 3), 240, np.uint8)
    cv2.rectangle(pixels, (60, 60), (180, 100), (20, 90, 200), -1)
    assert not found_in(pixels)


def test_what_touches_the_border_is_none() -> None:
    """Bars of a film, and corners that a rotation left black."""
    for place in (np.s_[:60], np.s_[-60:], np.s_[:90, :60], np.s_[200:300, -50:]):
        pixels = data.astronaut().copy()
        pixels[place] = 90
        assert not found_in(pixels)


def test_a_soft_spot_of_one_colour_is_none() -> None:
    """The sun in a photo clips, and its rim is soft."""
    spot = np.zeros(data.astronaut().shape[:2], np.float32)
    cv2.circle(spot, (250, 200), 60, 2.0, -1)
    share = cv2.GaussianBlur(spot, (0, 0), 12).clip(0, 1)[..., None]
    pixels = np.rint(data.astronaut() * (1 - share) + 255 * share).astype(np.uint8)
    assert (pixels[160:240, 210:290] == 255).all()
    assert not found_in(pixels)
