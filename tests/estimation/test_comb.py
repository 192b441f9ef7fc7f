"""A mosaic's pitch and borders are found at fractions of a pixel, after scaling and JPEG too."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.estimation.test_jpeg_history import kept
from unveil.degradation import Pixelate
from unveil.estimation.comb import find_comb
from unveil.estimation.inspection import _has_no_other_pitch
from unveil.images.box import Box

GRAY = np.array([0.299, 0.587, 0.114])


def hidden(cells: int, side: int = 120) -> np.ndarray:
    """Return a photo whose middle was resized to ``cells`` x ``cells`` and back by Pillow."""
    photo = data.astronaut()[:240, 100:340].copy()
    place = np.s_[60 : 60 + side, 60 : 60 + side]
    small = Image.fromarray(photo[place]).resize((cells, cells), Image.Resampling.BOX)
    photo[place] = np.asarray(small.resize((side, side), Image.Resampling.NEAREST))
    return photo


def region(size: tuple[int, int], scale: float = 1.0, side: int = 120) -> np.ndarray:
    """Return the mask of that middle."""
    mask = np.zeros(size, bool)
    low, high = round(60 * scale) + 1, round((60 + side) * scale) - 1
    mask[low:high, low:high] = True
    return mask


@pytest.mark.parametrize("cells", [6, 10, 13, 16, 21])
@pytest.mark.parametrize("quality", [None, 75])
def test_blocks_of_unequal_width(cells, quality):
    pixels = hidden(cells)
    pixels = pixels if quality is None else kept(pixels, "JPEG", quality=quality)
    found = find_comb(pixels, region(pixels.shape[:2]))
    assert found is not None
    for axis in (found.across, found.down):
        assert axis.pitch_px == pytest.approx(120 / cells, rel=0.02)
        off = (axis.border_px - 60) / axis.pitch_px
        assert abs(off - round(off)) * axis.pitch_px < 0.75


@pytest.mark.parametrize("scale", [0.7, 1.3])
def test_blocks_that_were_scaled_later(scale):
    size = round(240 * scale)
    pixels = np.asarray(Image.fromarray(hidden(12)).resize((size, size)))
    found = find_comb(pixels, region(pixels.shape[:2], scale))
    assert found is not None
    assert found.across.pitch_px == pytest.approx(10 * size / 240, rel=0.02)
    assert found.score > 7.5


def test_a_clean_photo_has_no_comb():
    photo = data.astronaut()[:240, 100:340]
    found = find_comb(photo, region(photo.shape[:2]))
    assert found is not None
    assert found.across.flatness > 0.4


@pytest.mark.parametrize("side", [1, 3, 7])
def test_no_room_for_a_grid(side):
    assert find_comb(np.zeros((side, side, 3), np.uint8), np.ones((side, side), bool)) is None


def test_only_a_clear_grid_of_another_pitch_speaks_against_a_mosaic():
    """The exact search takes multiples, too; a photo, a blur and one colour have no clear grid."""
    photo = np.ascontiguousarray(data.astronaut()[:224, 100:340])
    for other in (photo, np.full((100, 100, 3), 90, np.uint8)):
        assert all(_has_no_other_pitch(Pixelate(block), other, None) for block in (8, 12, 16))
    blocks = photo[:216].reshape(18, 12, 20, 12, 3).mean(axis=(1, 3)).astype(np.uint8)
    mosaic = blocks.repeat(12, axis=0).repeat(12, axis=1)
    found = [_has_no_other_pitch(Pixelate(block), mosaic, None) for block in (6, 12, 24)]
    assert found == [False, True, False]
    beside = np.concatenate([mosaic, photo[:216]], axis=1)
    assert not _has_no_other_pitch(Pixelate(24), beside, Box(0, 0, 240, 216))
    assert _has_no_other_pitch(Pixelate(24), beside, Box(240, 0, 240, 216))
