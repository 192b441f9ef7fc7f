"""Faces of a clip from sight to sight: none is lost between two, none appears uncovered."""

import pytest

from unveil.faces.near import Spot
from unveil.images.box import Box
from unveil.video.tracks import GROWTH, HOLD_S, LEAVING_S, MAX_DRIFT, Track, doubts

SIZE = 640, 480


def spot(x, y=200, side=40):
    return Spot(x, y, side)


def track(*sights, begins=0.0, ends=60.0):
    """Return a track of sights: seconds and spot each."""
    made = Track(SIZE, begins, ends=ends)
    for seconds, one in sights:
        made.add(seconds, one)
    return made


def contains(box, inner):
    return box is not None and box.hull(inner) == box


def test_sights_are_kept_in_the_order_of_time_and_the_first_of_two_counts():
    made = track((0.2, spot(20)), (0.0, spot(10)), (0.2, spot(90)))
    assert made.seconds == [0.0, 0.2]
    assert made.seen_at(0.2) == spot(20)
    assert made.seen_at(0.1) is None


def test_at_a_sight_the_face_is_hidden_half_way_to_the_pictures_beside_it():
    made = track((1.0, spot(100)), (1.04, spot(120)), (1.08, spot(130)))
    assert made.at(1.04) == Box(90, 180, 55, 40)


def test_between_two_sights_the_face_is_wherever_it_may_have_been():
    made = track((0.0, spot(100)), (2.0, spot(160)))
    both = Box(80, 180, 100, 40)
    assert contains(made.at(0.1), both)
    grown = round(GROWTH * 1.0 * 40)  # a second from either, where it may be farther away
    assert made.at(1.0) == Box(80 - grown, 180 - grown, 100 + 2 * grown, 40 + 2 * grown)


def test_a_face_is_held_before_its_first_sight_and_after_its_last_ever_larger():
    made = track((5.0, spot(100)))
    for away in (-HOLD_S, HOLD_S):
        assert contains(made.at(5.0 + away), made.at(5.0 + away / 2))
        assert made.at(5.0 + 1.01 * away) is None


def test_a_face_that_goes_on_as_it_went_is_covered_beyond_its_last_sight():
    made = track((0.0, spot(100)), (0.2, spot(120)), (0.4, spot(140)))
    for seconds in (0.5, 0.7, 1.2):
        assert contains(made.at(seconds), spot(140 + 100 * (seconds - 0.4)).box)
        assert contains(made.at(seconds), spot(140).box)
    assert contains(track((5.0, spot(100)), (5.2, spot(120))).at(4.7), spot(70).box)


def test_who_was_fast_is_not_sought_all_over_the_picture():
    made = track((0.0, spot(100)), (0.04, spot(120)))
    assert made.goes_on(-1, 1.0) == Spot(120 + MAX_DRIFT * 40, 200, 40)


def test_a_scene_limits_its_tracks():
    made = track((5.0, spot(100)), begins=4.9, ends=5.1)
    assert made.at(4.9) is not None
    assert made.at(4.88) is made.at(5.12) is None
    assert doubts([made], []) == []


@pytest.mark.parametrize("end", [0, -1])
def test_who_goes_over_the_border_is_hidden_until_it_is_out_and_not_in_doubt(end):
    """12 pixels a second: it needs 3.7 s from where it was last seen."""
    middles = [36 - 12 * n / 25 for n in range(26)]
    seconds = [10 + n / 25 for n in range(26)]
    made = track(*zip(seconds, map(spot, middles if end else middles[::-1]), strict=True))
    way = 1 if end else -1
    assert made.leaves(end)
    assert not made.is_lost(end)
    assert made.at(made.seconds[end] + way * 1.5) is not None
    assert made.at(made.seconds[end] + way * LEAVING_S) is None


def test_who_is_lost_in_the_picture_is_in_doubt_unless_something_else_hides_the_place():
    lost = track((0.0, spot(100)), (1.0, spot(110)))
    (doubt,) = doubts([lost], [])
    assert str(doubt) == "a face is lost at 1.00 s in 90,180,40,40"
    assert doubts([lost], [Box(60, 150, 100, 100)]) == []
    other = track((1.04, spot(112)), (2.0, spot(112)), begins=0.0, ends=2.0)
    assert doubts([lost, track((0.9, spot(112)), (2.0, spot(112)), ends=2.0)], [])[1:] == []
    assert [one.why for one in doubts([other], [])] == ["appears"]


def test_a_track_answers_at_any_time():
    made = track((1.0, spot(100)), (1.2, spot(110)), (1.4, spot(130)))
    assert all(made.at(at / 100) is not None for at in range(241))
