"""Where scenes of a clip begin: cuts between photos, and what only looks like one."""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.video.scenes import difference, in_scenes, small
from unveil.video.stream.layout import Picture

WIDTH, HEIGHT = 240, 160


def luma(rgb):
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)


def pan(photo, step_px, count, first=0):
    gray = luma(photo)
    lefts = range(first, first + step_px * count, step_px) if step_px else [first] * count
    return [gray[60 : 60 + HEIGHT, left : left + WIDTH] for left in lefts]


def begins(planes):
    """Return the numbers of the frames at which scenes begin."""
    gray = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    shown = (Picture(n, 1, (plane, gray, gray)) for n, plane in enumerate(planes))
    numbers = [(scene, picture.pts) for scene, picture in in_scenes(shown, 8)]
    assert [pts for _, pts in numbers] == list(range(len(planes)))
    scenes = [scene for scene, _ in numbers]
    return [n for n in range(len(scenes)) if n == 0 or scenes[n] != scenes[n - 1]]


ASTRONAUT, COFFEE, CAT = data.astronaut(), data.coffee(), data.chelsea()


def test_scenes_begin_at_cuts():
    shown = [*pan(ASTRONAUT, 2, 20), *pan(COFFEE, 1, 9), *pan(CAT, 0, 12), *pan(COFFEE, 3, 5)]
    assert begins(shown) == [0, 20, 29, 41]


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("level", [0, 255])
def test_a_flash_is_no_cut(length, level):
    shown = pan(ASTRONAUT, 2, 30)
    shown[10 : 10 + length] = [np.full((HEIGHT, WIDTH), level, np.uint8)] * length
    assert begins(shown) == [0]


def test_another_picture_for_a_frame_is_no_cut():
    shown = pan(ASTRONAUT, 2, 30)
    shown[10] = pan(COFFEE, 0, 1)[0]
    assert begins(shown) == [0]


def test_a_fast_pan_is_no_cut():
    wide = cv2.resize(ASTRONAUT, (2400, 1200))
    still, whip = pan(wide, 0, 8), pan(wide, 90, 20)
    assert begins([*still, *whip, *pan(wide, 0, 8, 90 * 19)]) == [0]


def test_light_that_changes_and_noise_are_no_cut():
    noise = np.random.default_rng(0)
    shown = [
        np.clip(plane * (0.3 + 0.06 * n) + noise.normal(0, 4, plane.shape), 0, 255).astype(np.uint8)
        for n, plane in enumerate(pan(ASTRONAUT, 1, 12))
    ]
    assert begins([*shown, *shown[:1]]) == [0]


def test_ten_bits_are_compared_as_eight():
    one, other = pan(ASTRONAUT, 0, 1)[0], pan(COFFEE, 0, 1)[0]
    deep = [small(plane.astype(np.uint16) * 4, 10) for plane in (one, other)]
    expected = difference(small(one, 8), small(other, 8))
    assert difference(*deep) == pytest.approx(expected, abs=1e-3)
    assert difference(deep[0], small(one, 8)) == pytest.approx(0, abs=1e-3)
    dark = [np.random.default_rng(n).integers(16, 40, one.shape) for n in range(2)]  # all noise
    deep = [small(plane.astype(np.uint16) * 4, 10) for plane in dark]
    assert difference(*deep) < 0.2
    assert difference(*(small(plane.astype(np.uint8), 8) for plane in dark)) < 0.2
