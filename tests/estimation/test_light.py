"""In which light a blur was made, and what its edge tells: blurs by OpenCV, of photos it ships not.

The kernels are drawn here; neither they nor the filter are unveil's.
"""

import io
import math

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from unveil.estimation.jpeg_history import find_jpeg
from unveil.estimation.light import fit_light
from unveil.images.light import AS_KEPT, LINEAR, from_light, to_light

PHOTOS = {"cat": data.chelsea()[:256, 100:356], "astronaut": data.astronaut()[:256, 120:376]}
FINE = 9


def averaged(fine: np.ndarray) -> np.ndarray:
    side = len(fine) // FINE
    kernel = fine.reshape(side, FINE, side, FINE).mean((1, 3))
    return kernel / kernel.sum()


def disk(radius: float) -> np.ndarray:
    at = (np.arange(21 * FINE) + 0.5) / FINE - 10.5
    return averaged((np.hypot(at[:, None], at) <= radius).astype(float))


def line(length: float, degrees: float) -> np.ndarray:
    at = (np.arange(31 * FINE) + 0.5) / FINE - 15.5
    turn = math.radians(degrees)
    along = at * math.cos(turn) + at[:, None] * math.sin(turn)
    beside = at[:, None] * math.cos(turn) - at * math.sin(turn)
    return averaged(((abs(along) <= length / 2) & (abs(beside) <= 0.5)).astype(float))


def fading(sigma: float) -> np.ndarray:
    """Half a Gaussian along a row, as ImageMagick has it."""
    taps = np.exp(-(np.arange(-30, 31) ** 2) / (2 * sigma**2)) * (np.arange(-30, 31) >= 0)
    return (taps / taps.sum())[None]


def gaussian(sigma: float) -> np.ndarray:
    taps = cv2.getGaussianKernel(6 * math.ceil(sigma) + 1, sigma)
    return taps @ taps.T


def blurred(pixels: np.ndarray, kernel: np.ndarray, *, in_light: bool) -> np.ndarray:
    view = to_light(pixels / 255) if in_light else pixels / 255
    done = cv2.filter2D(view, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.rint(255 * (from_light(done) if in_light else done)).astype(np.uint8)


def sent(pixels: np.ndarray, quality: int | None) -> np.ndarray:
    if quality is None:
        return pixels
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def fit(pixels: np.ndarray, width: float):
    return fit_light(pixels, find_jpeg(pixels), 1.0, width)


EDGED = {
    "box": (np.full((9, 9), 1 / 81), 9 / math.sqrt(12), 0.0),
    "disk": (disk(4), 2.0, 0.0),
    "motion": (line(15, 30), 15 / math.sqrt(12), 30.0),
}


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("in_light", [False, True])
@pytest.mark.parametrize("quality", [None, 90])
@pytest.mark.parametrize("kind", EDGED)
def test_kind_size_and_light_of_a_blur_with_an_edge(kind, quality, in_light, name):
    kernel, width, angle = EDGED[kind]
    pixels = sent(blurred(PHOTOS[name], kernel, in_light=in_light), quality)
    light, edged = fit(pixels, 1.2 * width)
    assert light is (LINEAR if in_light else AS_KEPT)
    assert edged.kind == kind
    assert edged.width_px == pytest.approx(width, rel=0.03)
    if kind == "motion":
        assert edged.angle_deg == pytest.approx(angle, abs=2.5)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("in_light", [False, True])
def test_a_gaussian_has_no_edge_and_is_never_said_to_be_in_the_other_light(in_light, name):
    light, edged = fit(blurred(PHOTOS[name], gaussian(2.5), in_light=in_light), 2.2)
    assert edged is None
    assert light in ((LINEAR, None) if in_light else (None,))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("sigma", [2.5, 4.0])
def test_a_gaussian_that_is_cut_short_is_no_box(sigma, name):
    """The study's is 9 pixels wide, of sigma 4."""
    taps = cv2.getGaussianKernel(9, sigma)
    pixels = blurred(PHOTOS[name], taps @ taps.T, in_light=False)
    assert fit(pixels, 2.3).edged is None


@pytest.mark.parametrize("name", PHOTOS)
def test_what_has_no_edge(name):
    """Sharp photos, medians, and lines whose beginning does not show."""
    photo = np.ascontiguousarray(PHOTOS[name])
    for pixels in (photo, sent(photo, 75), cv2.medianBlur(photo, 7)):
        assert fit(pixels, 2.0).edged is None
    assert fit(blurred(photo, fading(5.0), in_light=False), 3.0).edged is None
    assert fit(blurred(photo, fading(8.0), in_light=False), 4.0).edged is None


def test_a_short_line_may_as_well_fade():
    photo = np.ascontiguousarray(PHOTOS["astronaut"])
    assert fit(blurred(photo, line(5, 30), in_light=False), 1.5) == (None, None)
    assert fit(blurred(photo, line(8, 30), in_light=False), 2.2).edged.kind == "motion"


def test_a_short_line_that_is_not_the_likeliest_says_nothing_of_the_light():
    """Of a Gaussian that is wider one way the likeliest line is short, but no line is likeliest."""
    kernel = cv2.getGaussianKernel(9, 0.6) @ cv2.getGaussianKernel(13, 1.7).T
    pixels = blurred(PHOTOS["astronaut"], kernel, in_light=True)
    assert fit(pixels, 1.7) == (LINEAR, None)


def test_of_a_large_picture_all_counts():
    """A sharp corner contradicts a blur of all of it."""
    photo = np.ascontiguousarray(data.astronaut())
    moved = blurred(photo, line(15, 30), in_light=False)
    assert fit(moved, 4.0).edged.kind == "motion"
    moved[:160, :160] = photo[:160, :160]
    assert fit(moved, 4.0).edged is None
