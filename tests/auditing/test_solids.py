"""What has a single colour, so that nothing of a face is left, but for a codec's noise."""

import numpy as np
import pytest

from unveil.auditing.solids import is_part_solid, is_solid
from unveil.degradation import Solid, Storage
from unveil.estimation.finding import Finding
from unveil.images.box import Box

EXACT, JPEG = Storage("8bit"), Storage("jpeg", 90)
LEVEL = np.float32(1 / 255)


def plain(height: int = 64, width: int = 96) -> np.ndarray:
    return np.full((1, 3, height, width), 0.5, np.float32)


def test_one_colour_is_solid_and_a_level_of_a_face_below_is_not():
    part = plain()
    assert is_solid(part, EXACT)
    assert is_solid(part, JPEG)
    part[0, 1, 32, 48] += LEVEL
    assert not is_solid(part, EXACT)
    assert is_solid(part, JPEG)
    part[0, 1, 30, 40] -= LEVEL
    assert not is_solid(part, JPEG)


def test_each_channel_has_its_own_colour():
    part = plain()
    part[0, 0], part[0, 2] = 0.1, 0.9
    assert is_solid(part, EXACT)


@pytest.mark.parametrize(
    ("depth_px", "levels", "solid"), [(7, 3, True), (7, 5, False), (9, 3, False)]
)
def test_the_rim_may_differ_as_a_codecs_blocks_do(depth_px, levels, solid):
    """An eighth of the shorter side, by four levels."""
    part = plain()
    part[..., :depth_px] += levels * LEVEL
    assert is_solid(part, JPEG) == solid
    assert is_solid(part, EXACT) == solid


def test_the_rim_of_a_large_part_is_sixteen_pixels():
    for depth_px, solid in ((16, True), (17, False)):
        part = plain(400, 400)
        part[..., :depth_px, :] += 3 * LEVEL
        assert is_solid(part, JPEG) == solid


def found(mask: np.ndarray) -> Finding:
    return Finding(Solid(), EXACT, 0.9, None, Box(0, 0, 96, 64), mask=mask)


@pytest.mark.parametrize(("share", "solid"), [(0.8, True), (0.6, False)])
def test_a_mask_may_be_larger_than_what_is_solid(share, solid):
    mask = np.zeros((64, 96), bool)
    mask[2:62, 3:93] = True
    images = np.random.default_rng(0).random((1, 3, 64, 96)).astype(np.float32)
    images[..., 2:62, 3 : 3 + round(90 * share)] = 0.25
    assert is_part_solid(images, found(mask)) == solid
    images[0, 0, 30, 30] += LEVEL
    assert not is_part_solid(images, found(mask))
