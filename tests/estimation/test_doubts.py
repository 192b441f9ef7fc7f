"""Pictures that say too little are left alone, with the reason."""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.degradation import BoxBlur, Disk, GaussianBlur, Linear, Storage
from unveil.degradation.operators import obfuscate
from unveil.estimation.doubts import is_sharp_somewhere, too_little
from unveil.estimation.inspection import inspect
from unveil.images.pixels import brightness
from unveil.linear.prior import read_prior

ACROSS, DOWN = np.meshgrid(np.linspace(0, 1, 240), np.linspace(0, 1, 180))


def astronaut() -> np.ndarray:
    """Return scikit-image's astronaut, of 255 levels."""
    return brightness(data.astronaut())


@pytest.mark.parametrize(
    "levels",
    [
        255 * ACROSS,
        40 + 90 * ACROSS + 60 * DOWN,
        255 * ACROSS * DOWN,
        200 * np.hypot(ACROSS - 0.5, DOWN - 0.5) ** 2,
        np.full((180, 240), 93.0),
    ],
)
def test_slopes_are_too_plain(levels: np.ndarray) -> None:
    """Rounded to levels their steps stand in a grid, which looks like a codec's."""
    assert too_little(np.rint(levels).astype(np.float32)) == "too plain to tell"


def test_noise_is_too_little() -> None:
    """White noise, of any strength."""
    noise = np.random.default_rng(0).normal(128, 20, (90, 120)).astype(np.float32)
    assert "noise" in str(too_little(noise))
    assert too_little(cv2.GaussianBlur(noise, (0, 0), 2)) is None


@pytest.mark.parametrize("side", [1, 2, 8, 15])
def test_tiny_pictures_are_too_small(side: int) -> None:
    """Whatever they show."""
    assert too_little(astronaut()[:side, :200]) == "too small to tell"


def test_photos_and_pages_are_enough() -> None:
    """Sharp, blurred by far, or text."""
    assert too_little(astronaut()) is None
    assert too_little(cv2.GaussianBlur(astronaut(), (0, 0), 25)) is None
    assert too_little(data.page().astype(np.float32)) is None


@pytest.mark.parametrize("sigma", [1.5, 4, 10])
@pytest.mark.parametrize("border", [cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE])
def test_a_blur_to_the_edge_has_no_other_rim(sigma: float, border: int) -> None:
    """Mirrored or repeated borders."""
    blurred = cv2.GaussianBlur(astronaut(), (0, 0), sigma, borderType=border)
    assert not is_sharp_somewhere(np.rint(blurred))


@pytest.mark.parametrize("side", range(4))
def test_one_sharp_side_is_another_rim(side: int) -> None:
    """Eight rows or columns that were not blurred."""
    sharp = np.rot90(astronaut(), side).copy()
    blurred = cv2.GaussianBlur(sharp, (0, 0), 5)
    blurred[:8] = sharp[:8]
    assert is_sharp_somewhere(np.rint(blurred))


def test_a_sharp_rim_is_no_exact_blur() -> None:
    """A whole blur could be undone exactly; all but a rim cannot."""
    sharp = data.astronaut()
    blurred = cv2.GaussianBlur(sharp, (0, 0), 5)
    for rim in (np.s_[:8], np.s_[-8:], np.s_[:, :8], np.s_[:, -8:]):
        blurred[rim] = sharp[rim]
    image = blurred.transpose(2, 0, 1)[None].astype(np.float32) / 255
    assert inspect(image, Storage("8bit"), read_prior()).degradation is None


def test_a_gradient_has_no_history() -> None:
    """It was called a blur of 26 pixels kept as JPEG 36, with 86 %."""
    levels = np.rint(255 * ACROSS).astype(np.float32) / 255
    found = inspect(np.stack([levels] * 3)[None], Storage("8bit"), read_prior())
    assert found.is_clean
    assert found.reason == "too plain to tell"
    assert str(found.storage) == "8bit"


@pytest.mark.parametrize("operator", [Disk(4), GaussianBlur(13, 2.0), BoxBlur(7)], ids=str)
def test_a_whole_blur_is_found_where_the_segmenter_sees_half_of_it(operator: Linear) -> None:
    """Half of scikit-image's cat is soft fur: likelihood decides, not the share of hidden cells."""
    image = data.chelsea().transpose(2, 0, 1)[None].astype(np.float32) / 255
    blurred = np.rint(obfuscate(image, operator) * 255).astype(np.float32) / 255
    found = inspect(blurred, Storage("8bit"), read_prior())
    assert type(found.operator) is type(operator)
    assert found.box is None
    assert found.degradation is not None
    assert inspect(image, Storage("8bit"), read_prior()).is_clean


def test_a_picture_in_doubt_is_not_called_clean_without_a_reason() -> None:
    """A cup of coffee before a soft background is near what looks hidden: 40 or 50 % sure."""
    image = data.coffee().transpose(2, 0, 1)[None].astype(np.float32) / 255
    found = inspect(image, Storage("8bit"), read_prior())
    assert found.kind == "none"
    assert (found.confidence or 1) < 0.6
    assert "in doubt about" in str(found.reason)


@pytest.mark.parametrize("seed", range(3))
def test_a_colour_wheel_is_not_blurred(seed: int) -> None:
    """It is smooth, but nothing was done to it."""
    y, x = np.mgrid[-1:1:320j, -1:1:320j]
    hue = (np.arctan2(y, x) / (2 * np.pi) + seed / 3) % 1
    wheel = np.stack([hue * 179, 255 * np.hypot(y, x).clip(0, 1), np.full_like(hue, 230)], -1)
    pixels = cv2.cvtColor(wheel.astype(np.uint8), cv2.COLOR_HSV2RGB)
    pixels[np.hypot(y, x) > 1] = 255
    found = inspect(
        pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255, Storage("8bit"), read_prior()
    )
    assert found.is_clean
