"""Rectangles of pixels, against painted masks."""

from itertools import product

import numpy as np
import pytest

from unveil.errors import UsageError
from unveil.images.box import Box, as_box, parse_box

WIDTH, HEIGHT, MARGIN = 7, 5, 8
BOXES = [Box(*numbers) for numbers in product((-3, 0, 2, 5), (-2, 1, 4), (1, 4, 9), (1, 3, 8))]


def painted(box: Box) -> np.ndarray:
    """Return a mask of a large plane, whose origin is ``MARGIN`` pixels inside it."""
    plane = np.zeros((32, 32), dtype=bool)
    plane[box.within(Box(-MARGIN, -MARGIN, 0, 0)).place] = True
    return plane


PICTURE = painted(Box(0, 0, WIDTH, HEIGHT))


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_a_clipped_box_is_what_lies_inside_if_that_is_half(box):
    inside, clipped = painted(box) & PICTURE, box.inside(WIDTH, HEIGHT, 0.5)
    assert (clipped is None) == (2 * inside.sum() < painted(box).sum())
    if clipped is not None:
        np.testing.assert_array_equal(painted(clipped), inside)
        clipped.check_inside(WIDTH, HEIGHT)


def test_a_hull_is_the_smallest_box_around_both():
    for one, other in product(BOXES[::7], BOXES[::5]):
        rows, columns = np.nonzero(painted(one) | painted(other))
        left, top = columns.min() - MARGIN, rows.min() - MARGIN
        smallest = Box(left, top, np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert one.hull(other) == other.hull(one) == smallest


def test_a_box_is_read_as_it_is_written():
    assert [parse_box(str(box)) for box in BOXES] == BOXES
    with pytest.raises(UsageError, match=r"box '1,2,3' must be four whole numbers"):
        parse_box("1,2,3")


@pytest.mark.parametrize(
    "text", ["6_7,0,9,9", "٦,0,9,9", "1.0,0,9,9", "1,2,3", "1,2,3,4,5", "1,,3,4"]
)
def test_a_box_is_of_four_numbers_of_plain_digits(text):
    with pytest.raises(UsageError, match="four whole numbers"):
        parse_box(text)
    with pytest.raises(UsageError, match="four whole numbers"):
        as_box((True, 0, 9, 9))
    assert parse_box(" -1, 2,3 ,4") == Box(-1, 2, 3, 4)
