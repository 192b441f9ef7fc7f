"""Runs of frames: they end at cuts, and what two of them say of a frame is crossfaded."""

import numpy as np
import pytest

from unveil.images.box import Box
from unveil.video.runs import Sight, View, in_runs, overlap_of, shared
from unveil.video.sharing import alone
from unveil.video.stream.layout import Picture

GRAY = tuple(np.full((2, 2), 128, np.uint8) for _ in range(3))


class Window:
    """Writes the first number of what is restored into the frame."""

    def put(self, picture, images):
        return Picture(picture.pts, 1, (images, images, images))


def views(scenes, hidden=None):
    for n, scene in enumerate(scenes):
        images = np.full((1, 3, 2, 2), float(n))
        sight = Sight(Window(), images, Box(0, 0, 2, 2))
        yield View(scene, Picture(n, 1, GRAY), sight if hidden is None or hidden[n] else None)


def restored(scenes, length, overlap, hidden=None):
    """Return the runs, and what they make of frames: the number of the run's first frame."""
    runs = []

    def undo(sights):
        runs.append([int(one.images[0, 0, 0, 0]) for one in sights])
        return [(np.full((1, 3, 2, 2), float(runs[-1][0])), True) for _ in sights]

    undone = shared(undo, alone)
    answers = list(in_runs(views(scenes, hidden), undone, length, overlap=overlap))
    assert [one.picture.pts for one in answers] == list(range(len(scenes)))
    assert [one.scene for one in answers] == list(scenes)
    return runs, [float(one.restored.planes[0].flat[0]) for one in answers]


def test_a_run_ends_where_a_scene_ends():
    runs, _ = restored([0] * 5 + [1] * 4 + [2], length=4, overlap=0)
    assert runs == [[0, 1, 2, 3], [4], [5, 6, 7, 8], [9]]


def test_no_run_mixes_scenes_where_runs_overlap():
    scenes = [0] * 8 + [1] * 3 + [2] * 11
    runs, _ = restored(scenes, length=6, overlap=2)
    assert all(len({scenes[n] for n in run}) == 1 for run in runs)
    assert runs[:3] == [[0, 1, 2, 3, 4, 5], [2, 3, 4, 5, 6, 7], [8, 9, 10]]


def test_the_joint_of_two_runs_is_crossfaded():
    runs, said = restored([0] * 11, length=6, overlap=2)
    assert runs == [[0, 1, 2, 3, 4, 5], [4, 5, 6, 7, 8, 9], [5, 6, 7, 8, 9, 10]]
    expected = [0, 0, 0, 0, 4 / 3, 8 / 3, 4, 4, 4 + 1 / 3, 4 + 2 / 3, 5]
    assert said == pytest.approx(expected)


def test_a_clip_that_fills_its_runs_needs_no_more():
    runs, _ = restored([0] * 10, length=6, overlap=2)
    assert runs == [[0, 1, 2, 3, 4, 5], [4, 5, 6, 7, 8, 9]]


def test_frames_without_the_part_stay():
    hidden = [True, False, False, True, False]
    runs, said = restored([0] * 5, length=3, overlap=0, hidden=hidden)
    assert runs == [[0], [3]]
    assert said == [0, 128, 128, 3, 128]


def test_runs_read_no_further_than_they_are_long():
    taken = []

    def endless():
        for view in views([0] * 1000):
            taken.append(view)
            yield view

    undone = shared(lambda sights: [(one.images, True) for one in sights], alone)
    next(in_runs(endless(), undone, 6, overlap=2))
    assert len(taken) <= 7


def test_overlaps_are_short():
    assert [overlap_of(length) for length in (1, 2, 3, 7, 9, 16)] == [0, 0, 1, 2, 3, 3]
