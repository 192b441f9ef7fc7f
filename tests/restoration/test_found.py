"""What is found, not stated, is never known exactly: a near blur must not be undone to rounding."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

import unveil
from unveil.degradation import Degradation, GaussianBlur, Operator, Pixelate, Storage
from unveil.estimation.finding import Finding
from unveil.linear.prior import read_prior
from unveil.restoration.blurred import Attempt
from unveil.restoration.checks import NO_BLOCKS
from unveil.restoration.restorers import load
from unveil.restoration.stated import undo_checked


def images_of(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]).astype(np.float32) / 255


def tried(pixels: np.ndarray, operator: Operator, kept: Storage, sure: float | None) -> Attempt:
    """Return what comes of a whole picture of which an operator was found; None: was stated."""
    known, closed = Degradation(operator, kept), load("lmmse")
    finding = Finding(operator, kept, sure)

    def exact(box: object, images: np.ndarray) -> tuple[np.ndarray, None]:
        return closed.restore(images, known), None

    return undo_checked(images_of(pixels), finding, known, None, exact, read_prior())


def mean_square(images: np.ndarray, clean: np.ndarray) -> float:
    return float(np.square(images - images_of(clean)).mean())


def test_a_box_that_was_taken_for_a_gaussian_is_not_made_worse():
    """A Gaussian as wide explains a box of 24 pixels to rounding, and cost 11 dB."""
    clean = data.astronaut()[:250, 100:350]
    blurred = cv2.blur(clean, (24, 24))[9:231, 19:233]
    done = tried(blurred, GaussianBlur(33, 10.0), Storage("8bit"), 0.99)
    clean = clean[9:231, 19:233]
    assert mean_square(done.images, clean) < 1.02 * mean_square(images_of(blurred), clean)


def test_a_smooth_jpeg_is_no_mosaic_unless_that_is_stated():
    """Many blocks of a JPEG of low quality have one colour."""
    file = io.BytesIO()
    smooth = cv2.medianBlur(np.ascontiguousarray(data.coffee()), 17)
    Image.fromarray(smooth).save(file, "JPEG", quality=50)
    pixels = np.asarray(Image.open(file))
    assert tried(pixels, Pixelate(8), Storage("jpeg", 50), 0.8).reason == NO_BLOCKS
    assert tried(pixels, Pixelate(8), Storage("jpeg", 50), None).reason is None


@pytest.mark.parametrize("quality", [50, 90])
def test_a_mosaic_on_the_grid_of_a_jpeg_is_undone(quality):
    clean = data.chelsea()[:296, :448]
    mosaic = unveil.obfuscate(images_of(clean), Pixelate(8))[0].transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(np.rint(mosaic * 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    pixels = np.asarray(Image.open(file))
    done = tried(pixels, Pixelate(8), Storage("jpeg", quality), 0.9)
    assert mean_square(done.images, clean) < 0.8 * mean_square(images_of(pixels), clean)
