"""Picture strips: every photo is there, whole, with room for its caption."""

import io

import numpy as np
from PIL import Image

from unveil.report.strips import draw_strip


def colour(value):
    return np.array([value, 0, 200], np.uint8)


def photo(value):
    return np.broadcast_to(colour(value), (20, 30, 3))


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_photos_stand_in_rows_unchanged():
    rows = [[(photo(10), ("a",)), (photo(20), ("b",))], [(photo(30), ("c", "d"))]]
    sheet = opened(draw_strip(rows))
    for value in (10, 20, 30):
        ys, xs = np.nonzero((sheet == colour(value)).all(axis=2))
        assert len(ys) >= 20 * 30
        y, x = ys.min(), xs.min()
        assert (sheet[y : y + 20, x : x + 30] == colour(value)).all()


def test_a_long_caption_widens_its_column():
    short = opened(draw_strip([[(photo(10), ("a",)), (photo(20), ("b",))]]))
    text = "a caption that is much wider than the photo"
    long = opened(draw_strip([[(photo(10), (text,)), (photo(20), ("b",))]]))
    assert long.shape[1] > 2 * short.shape[1]
    # Its text ends before the next photo begins.
    column = np.nonzero((long == colour(20)).all(axis=2))[1].min()
    assert (long[20:, column - 4 : column] == 255).all()


def test_the_same_strip_has_the_same_bytes():
    rows = [[(photo(10), ("a",))]]
    assert draw_strip(rows) == draw_strip(rows)
