"""What a network is told of a part that linear algebra undid."""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.degradation import Degradation, Pixelate, Storage, UnevenPixelate
from unveil.degradation.operators import obfuscate
from unveil.estimation.plausible import Width, blur_of
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.networks.interface import conditions
from unveil.restoration.blurred import outlined, told
from unveil.restoration.nearly import LEAST_ERROR, Nearly, blur_nearly, mosaic_nearly, planes

STORAGE, PLACE = Storage("8bit"), np.s_[60:140, 60:150]


def astronaut() -> np.ndarray:
    """Return the face, ``1 x 3 x 200 x 210`` in [0,1]."""
    return data.astronaut()[:200, 120:330].transpose(2, 0, 1)[None].astype(np.float32) / 255


def inside() -> np.ndarray:
    """Return a rectangle of it, ``H x W`` bool."""
    mask = np.zeros((200, 210), bool)
    mask[PLACE] = True
    return mask


def undone(error: float = 0.05) -> tuple[np.ndarray, Nearly]:
    """Return the face, a rectangle of it blurred by OpenCV and outlined, and what came of that."""
    images = astronaut()
    pixels = np.ascontiguousarray(images[0].transpose(1, 2, 0))
    blurred = cv2.GaussianBlur(pixels, (25, 25), 4).transpose(2, 0, 1)[None]
    file = np.where(inside(), np.rint(blurred * 255) / 255, images).astype(np.float32)
    blurs = [(1.0, blur_of("gaussian", 4.0))]
    width = Width(4.0, error)
    return file, blur_nearly(file, outlined(inside()), STORAGE, blurs, width, 12, read_prior())


def test_the_estimate_is_nearer_where_it_is_sure_and_the_input_elsewhere():
    file, nearly = undone()
    clean, sure = astronaut(), nearly.share == 1
    before, after = (np.square(one - clean)[..., sure].mean() for one in (file, nearly.images))
    assert after < before / 1.5
    np.testing.assert_array_equal(nearly.images[..., ~nearly.changes], file[..., ~nearly.changes])


def test_errors_are_those_that_are_made():
    """Less inside than at the rim, where the input stays; none beside the part."""
    nearly = undone()[1]
    error = np.sqrt(np.square(nearly.images - astronaut()).mean(axis=(0, 1)))
    sure, rim = nearly.share == 1, nearly.changes & (nearly.share == 0)
    assert nearly.error[sure].mean() < nearly.error[rim].mean()
    assert 0.5 < np.sqrt(np.square(error[sure]).mean()) / nearly.error[sure].mean() < 2
    assert set(nearly.error[~nearly.changes]) == {np.float32(LEAST_ERROR)}


def test_what_is_not_sure_is_told():
    """An error of 5 % counts as 0, one of 20 % as 1."""
    assert undone(0.05)[1].told[1].max() == pytest.approx(0, abs=1e-6)
    assert undone(0.2)[1].told[1].min() == pytest.approx(1, abs=1e-6)


def test_places_in_blocks_are_those_of_whole_blocks():
    """A fractional pitch that is none: the planes of the networks for whole blocks."""
    images, box = astronaut(), Box(0, 0, 210, 200)
    even, uneven = Pixelate(9, 4, 7), UnevenPixelate(9.0, 9.0, 4.0, 7.0)
    file = obfuscate(images, even)
    part = told(np.ones(images.shape[-2:], np.float32))
    nearly = mosaic_nearly(file, part, box, Degradation(uneven, STORAGE), read_prior())
    wanted = conditions(Degradation(even, STORAGE), 200, 210)
    np.testing.assert_allclose(nearly.told[[0, 2, 3, 4]], wanted[[0, 2, 3, 4]], atol=1e-5)


def test_a_mosaic_beside_clean_pixels_comes_nearer():
    images = astronaut()
    grid = UnevenPixelate(8.3, 7.9, 2.0, 1.0)
    file = np.where(inside(), obfuscate(images, grid), images)
    box = Box(60, 60, 90, 80)
    local = UnevenPixelate(8.3, 7.9, (2.0 - 60) % 8.3, (1.0 - 60) % 7.9)
    known = Degradation(local, STORAGE)
    nearly = mosaic_nearly(file, told(inside().astype(np.float32)), box, known, read_prior())
    before, after = (np.square(one - images)[..., inside()].mean() for one in (file, nearly.images))
    assert after < before / 1.2


def test_planes_are_in_the_order_of_the_network():
    file, nearly = undone()
    found = planes(file, nearly)
    assert found.shape == (1, 12, 200, 210)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, :3], file)
    np.testing.assert_array_equal(found[0, 6], nearly.error)
