"""A blurred part that is followed: where it is between what the segmenter says of each frame."""

import numpy as np

from unveil.images.box import Box
from unveil.video.sighting import Place, about, averaged


def place(left, width=40, fills=True):
    return Place(Box(left, 20, width, 30), np.full((30, width), fills))


def test_a_place_is_the_mean_of_those_around_it():
    box, mask = averaged([place(10), place(13), place(19, 43)])
    assert box == Box(14, 20, 41, 30)
    assert mask.shape == (30, 41)
    assert mask.all()


def test_a_shape_is_that_of_most_frames():
    ellipse = np.zeros((30, 40), bool)
    ellipse[5:25, 5:35] = True
    seen = [Place(Box(left, 20, 40, 30), ellipse) for left in (0, 4)]
    box, mask = averaged([*seen, place(8)])
    assert box == Box(4, 20, 40, 30)
    assert np.array_equal(mask, ellipse)


def test_as_many_places_before_as_after_are_averaged():
    one, two, three, four = places = [place(left) for left in (0, 2, 4, 6)]
    assert about(places, 0) == [one]
    assert {id(near) for near in about(places, 1)} == {id(one), id(two), id(three)}
    assert about([one, None, three, four], 2) == [three]
    assert about([one, two, three, None], 2) == [three]
