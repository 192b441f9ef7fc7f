"""Kind, width and direction of a blur by likelihood: OpenCV made the blurs."""

import cv2
import numpy as np
import pytest
from scipy.special import j1
from skimage import data

from unveil.estimation.blur_kinds import bessel_1, fit_kinds
from unveil.estimation.motion import fit_motion
from unveil.estimation.polar import polar_spectrum
from unveil.estimation.spectra import spectrum

PLACE = np.s_[40:180, 150:290]


def luma() -> np.ndarray:
    """Return the brightness of a photo."""
    return (data.astronaut() @ np.array([0.299, 0.587, 0.114])).astype(np.float32)


def fits(blurred: np.ndarray):
    """Return what is likely of the middle of a photo, rounded to 8 bits."""
    return fit_kinds(polar_spectrum(np.rint(blurred)[PLACE], None)).kinds


def likeliest(blurred: np.ndarray) -> str:
    found = fits(blurred)
    return max(found, key=lambda kind: found[kind].gain_nats)


@pytest.mark.parametrize("sigma", [2.0, 4.0, 6.0])
def test_a_gaussian(sigma):
    blurred = cv2.GaussianBlur(luma(), (0, 0), sigma)
    assert likeliest(blurred) in ("gaussian", "tailed")
    assert np.exp(fits(blurred)["gaussian"].log_width) == pytest.approx(sigma, rel=0.12)


@pytest.mark.parametrize("side", [7, 13, 21])
def test_a_box(side):
    blurred = cv2.blur(luma(), (side, side))
    assert likeliest(blurred) == "box"
    assert np.exp(fits(blurred)["box"].log_width) == pytest.approx(side / np.sqrt(12), rel=0.1)


@pytest.mark.parametrize("radius", [3, 6, 9])
def test_a_disk(radius):
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    blurred = cv2.filter2D(luma(), -1, kernel / kernel.sum())
    assert likeliest(blurred) == "disk"
    assert 2 * np.exp(fits(blurred)["disk"].log_width) == pytest.approx(radius, rel=0.15)


def test_a_clean_photo_gains_little_by_any_blur():
    found = fits(luma())
    assert max(fit.gain_nats for fit in found.values()) < 0.05 * 140**2 / 4


@pytest.mark.parametrize("angle", [0, 30, 90, 120])
@pytest.mark.parametrize("length", [9, 17])
def test_length_and_angle_of_a_motion(length, angle):
    side = length + 4
    line = np.zeros((side * 8, side * 8), np.float32)
    reach = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * length * 4
    ends = [tuple(np.rint(side * 4 + sign * reach).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(line, ends[0], ends[1], 1, 4)
    kernel = cv2.resize(line, (side, side), interpolation=cv2.INTER_AREA)
    blurred = cv2.filter2D(luma(), -1, kernel / kernel.sum())
    found = fit_motion(spectrum(np.rint(blurred)[PLACE], None), 5, 30)
    assert found.length_px == pytest.approx(length, rel=0.15)
    assert abs((found.angle_deg - angle + 90) % 180 - 90) < 5


def test_bessels_function():
    z = np.linspace(0.001, 60, 2000)
    np.testing.assert_allclose(bessel_1(z), j1(z), atol=1e-7)
