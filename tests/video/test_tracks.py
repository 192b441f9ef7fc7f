"""Faces of a clip from sight to sight: none is lost between two, none appears uncovered."""

import pytest

from unveil.images.box import Box
from unveil.video.tracks import HOLD_S, Track, link


def box(left: int, top: int = 50, side: int = 40) -> Box:
    return Box(left, top, side, side)


def test_between_two_sights_the_face_is_wherever_it_may_have_been():
    (track,) = link([(0.0, [box(10)]), (0.2, [box(40)])])
    assert track.at(0.1) == box(10).hull(box(40)) == Box(10, 50, 70, 40)


def test_a_face_that_is_missed_for_a_while_stays_one_face():
    (track,) = link([(0.0, [box(10)]), (0.2, []), (0.4, []), (0.6, [box(20)])])
    assert track.at(0.3) == Box(10, 50, 50, 40)


def test_a_face_is_held_before_its_first_sight_and_after_its_last():
    (track,) = link([(5.0, [box(10)])])
    assert track.at(5.0 - HOLD_S) == track.at(5.0 + HOLD_S) == box(10)
    assert track.at(5.0 - HOLD_S - 0.01) is None
    assert track.at(5.0 + HOLD_S + 0.01) is None


def test_a_face_that_goes_on_as_it_went_is_covered_beyond_its_last_sight():
    (track,) = link([(0.0, [box(10)]), (0.2, [box(30)]), (0.4, [box(50)])])
    for at in (0.5, 0.7, 1.2):
        goes_on = box(round(50 + 100 * (at - 0.4)))
        assert track.at(at).hull(goes_on) == track.at(at)
        assert track.at(at).hull(box(50)) == track.at(at)
    assert track.at(-0.3).hull(box(10 - 30)) == track.at(-0.3)


def test_two_faces_stay_two_when_they_pass_each_other():
    shown = [(n / 5, [box(10 + 20 * n), box(200 - 20 * n, top=160)]) for n in range(10)]
    tracks = link(shown)
    assert [len(track.boxes) for track in tracks] == [10, 10]
    assert {track.boxes[0].top for track in tracks} == {50, 160}
    assert all(len({one.top for one in track.boxes}) == 1 for track in tracks)


@pytest.mark.parametrize("other", [box(400), box(10, side=100)], ids=["far", "large"])
def test_what_cannot_be_the_same_face_is_another(other):
    tracks = link([(0.0, [box(10)]), (0.2, [other])])
    assert len(tracks) == 2
    assert tracks[0].at(0.2) == box(10)
    assert tracks[1].at(0.0) == other


def test_one_sight_holds_a_face_once():
    assert len(link([(0.0, [box(10), box(12)])])) == 2


def test_who_comes_back_after_long_is_not_covered_meanwhile():
    tracks = link([(0.0, [box(10)]), (10.0, [box(10)])])
    assert len(tracks) == 2
    assert all(track.at(5.0) is None for track in tracks)


def test_a_track_answers_at_any_time():
    track = Track([1.0, 1.2, 1.4], [box(0), box(10), box(30)])
    boxes = [track.at(at / 100) for at in range(241)]
    assert all(shown is not None for shown in boxes)
