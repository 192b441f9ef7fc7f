"""How much of a restored frame is shown: nothing pops or flickers within a scene."""

from itertools import count

import numpy as np
import pytest

from unveil.video.fading import AHEAD_FRAMES, FADE_FRAMES, GAP_FRAMES, Answer, faded, mixed, shares
from unveil.video.neighbours import neighbours
from unveil.video.stream.layout import Picture


def frame(level, pts=0):
    return Picture(pts, 1, tuple(np.full((4, 4), level, np.uint8) for _ in range(3)))


def levels(shown, scenes=None):
    """Return the levels of frames of level 0, of which 200 is the restored one."""
    answers = (
        Answer(scene, frame(0, n), frame(200, n), is_shown=is_shown)
        for n, (is_shown, scene) in enumerate(zip(shown, scenes or [0] * len(shown), strict=True))
    )
    pictures = list(faded(answers))
    assert [one.pts for one in pictures] == list(range(len(shown)))
    return [int(one.planes[0][0, 0]) for one in pictures]


def test_what_appears_and_disappears_is_faded():
    assert levels([False] * 9 + [True] * 12 + [False] * 9) == [
        *[0] * 9,
        *(50, 100, 150),
        *[200] * 6,
        *(150, 100, 50),
        *[0] * 9,
    ]


def test_at_a_cut_nothing_is_faded():
    shown, scenes = [True] * 9 + [False] * 9, [0] * 9 + [1] * 9
    assert levels(shown, scenes) == [200] * 9 + [0] * 9


def test_frames_that_do_not_agree_between_others_do_not_flicker():
    gap = [True] * 9 + [False] * GAP_FRAMES + [True] * 9
    assert levels(gap) == [200] * len(gap)
    longer = [True] * 9 + [False] * (GAP_FRAMES + 1) + [True] * 9
    assert min(levels(longer)) == 0


def test_a_frame_alone_hardly_shows():
    assert max(levels([False] * 9 + [True] + [False] * 9)) == 200 // (FADE_FRAMES + 1)


def test_shares_of_a_stream_are_those_of_the_whole():
    shown = np.random.default_rng(0).random(200) < 0.7
    assert levels(shown.tolist()) == (200 * shares(shown)).round().astype(int).tolist()


def test_a_mixed_frame_changes_only_what_differs():
    one = Picture(3, 1, tuple(np.arange(16, dtype=np.uint16).reshape(4, 4) for _ in range(3)))
    other = Picture(3, 1, tuple(plane.copy() for plane in one.planes))
    other.planes[0][1, 1] = 1023
    half = mixed(one, other, 0.5)
    assert half.planes[0][1, 1] == 514
    assert half.planes[0].dtype == np.uint16
    half.planes[0][1, 1] = one.planes[0][1, 1]
    for first, second in zip(half.planes, one.planes, strict=True):
        assert np.array_equal(first, second)
    assert mixed(one, other, 0) is one
    assert mixed(one, other, 1) is other


@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 0), (0, 2), (2, 3), (9, 9)])
def test_neighbours_are_those_around(before, after):
    items = list(range(7))
    seen = [(list(near), near[place]) for near, place in neighbours(iter(items), before, after)]
    assert seen == [(items[max(n - before, 0) : n + after + 1], n) for n in items]


def test_a_few_frames_are_read_ahead():
    taken = count()

    def endless():
        while True:
            yield Answer(0, frame(0, next(taken)), frame(1), is_shown=True)

    next(faded(endless()))
    assert next(taken) == AHEAD_FRAMES + 1
