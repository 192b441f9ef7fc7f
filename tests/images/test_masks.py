"""Masks from a file or a brush: their values, their limits, and what is no mask."""

import numpy as np
import pytest
from PIL import Image

from unveil.errors import UsageError
from unveil.images.masks import MAX_POINTS, paint_mask, read_mask


def test_a_stroke_covers_what_is_within_its_radius():
    mask = paint_mask("6:20,20 50,20;", 40, 70)
    rows, columns = np.mgrid[:40, :70]
    distance = np.hypot(rows - 20, columns - columns.clip(20, 50))
    assert mask.dtype == np.float32
    assert mask[distance < 5.5].all()
    assert not mask[distance > 7].any()


def test_strokes_add_up_and_may_leave_the_picture():
    both = paint_mask("4:10,10;3:-5,30 80,30", 40, 70)
    one, other = paint_mask("4:10,10", 40, 70), paint_mask("3:-5,30 80,30;", 40, 70)
    np.testing.assert_array_equal(both, np.maximum(one, other))
    assert other[30].all()


TEXTS = ["here", "4:1,2,3", "4:1", "x:1,2", "4:nan,2", "4:1e9,2", "-1:1,2", "20000:1,2"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_no_stroke_is_refused(text):
    with pytest.raises(UsageError, match="cannot be read; clear it"):
        paint_mask(text, 10, 10)


def test_too_many_strokes_are_refused():
    with pytest.raises(UsageError, match="too many strokes"):
        paint_mask("1:" + "1,1 " * (MAX_POINTS + 1), 10, 10)


def test_a_photo_is_read_by_its_brightness(tmp_path):
    levels = np.array([[0, 51, 255], [255, 255, 0]], np.uint8)
    Image.fromarray(levels).save(tmp_path / "mask.png")
    np.testing.assert_allclose(read_mask(tmp_path / "mask.png"), levels / 255, atol=1e-6)
