"""Covers: drawn without looking, and no two mosaics alike."""

import numpy as np
import pytest

from unveil.auditing.covers import draw_cover


@pytest.mark.parametrize("style", ["solid", "mosaic", "sticker"])
@pytest.mark.parametrize("size", [(1, 1), (7, 20), (64, 48), (48, 200)])
def test_a_cover_has_its_size_and_range(style, size):
    cover = draw_cover(style, *size)
    assert cover.shape == (3, *size)
    assert cover.dtype == np.float32
    assert 0 <= cover.min() <= cover.max() <= 1


def test_a_drawn_mosaic_is_never_drawn_again():
    one, other = (draw_cover("mosaic", 60, 60) for _ in range(2))
    assert (one != other).mean() > 0.9
    assert (draw_cover("mosaic", 60, 60, seed=1) == draw_cover("mosaic", 60, 60, seed=1)).all()


def test_a_drawn_mosaic_is_of_square_blocks():
    (cover, *_) = draw_cover("mosaic", 60, 90, seed=2)
    blocks = cover.reshape(4, 15, 6, 15)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert len(np.unique(blocks)) > 12


def test_a_sticker_is_the_same_from_both_sides():
    sticker = draw_cover("sticker", 80, 80)
    assert (sticker == sticker[..., ::-1]).all()
    assert not (sticker == sticker[:, ::-1]).all()
