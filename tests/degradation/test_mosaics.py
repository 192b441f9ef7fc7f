"""Mosaics in both libraries: laws, exact fractions, agreement with OpenCV and Pillow."""

import math
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.degradation.pictures import SIZES, images, others
from unveil.degradation import Pixelate, Sample, UnevenPixelate
from unveil.degradation.mosaics import moved
from unveil.degradation.operators import block_numbers


@pytest.mark.parametrize("block", [1, 2, 5, 8, 200])
@pytest.mark.parametrize("size", SIZES, ids=str)
class TestPixelate:
    def test_every_block_is_its_mean(self, block, size, apply):
        x = images(*size)
        mosaic = apply(x, Pixelate(block))
        for top in range(0, size[0], block):
            for left in range(0, size[1], block):
                place = (..., slice(top, top + block), slice(left, left + block))
                expected = x[place].mean(axis=(-1, -2), keepdims=True)
                np.testing.assert_allclose(
                    mosaic[place], np.broadcast_to(expected, x[place].shape), atol=1e-12
                )

    def test_twice_is_once(self, block, size, apply):
        once = apply(images(*size), Pixelate(block))
        np.testing.assert_allclose(apply(once, Pixelate(block)), once, atol=1e-12)

    def test_it_is_self_adjoint(self, block, size, apply):
        x, y = images(*size), others(*size)
        left, right = (apply(x, Pixelate(block)) * y).sum(), (x * apply(y, Pixelate(block))).sum()
        assert left == pytest.approx(right)


def test_pixelate_agrees_with_opencv_where_the_blocks_divide(apply):
    x = images(48, 64)
    plane = np.ascontiguousarray(x[0].transpose(1, 2, 0))
    small = cv2.resize(plane, (8, 6), interpolation=cv2.INTER_AREA)
    expected = cv2.resize(small, (64, 48), interpolation=cv2.INTER_NEAREST)
    mosaic = apply(x, Pixelate(8))[0].transpose(1, 2, 0)
    np.testing.assert_allclose(mosaic, expected, atol=1e-12)


UNEVEN = [
    UnevenPixelate(7.47),
    UnevenPixelate(8.42, 7.5, left=0.3, top=2.1),
    UnevenPixelate(1.3, 40.2, left=1.2, top=40.1),
    UnevenPixelate(8, 6, left=3, top=5),
    UnevenPixelate(1, 1.5, top=0.5),
]


def spans(size: int, pitch: float, start: float) -> list[tuple[int, int]]:
    """Return first and last pixel, one after it, of every block, in exact fractions."""
    step, first, found = Fraction(str(pitch)), Fraction(str(start)), []
    for number in range(-1, math.ceil(size / pitch) + 1):
        low, high = first + number * step, first + (number + 1) * step
        inside = [pixel for pixel in range(size) if low <= pixel + Fraction(1, 2) < high]
        if inside:
            found.append((inside[0], inside[-1] + 1))
    return found


@pytest.mark.parametrize("operator", UNEVEN, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
class TestUnevenPixelate:
    def test_every_block_is_the_mean_of_the_pixels_whose_centres_lie_in_it(
        self, operator, size, apply
    ):
        x = images(*size)
        mosaic = apply(x, operator)
        rows = spans(size[0], operator.down, operator.top)
        columns = spans(size[1], operator.across, operator.left)
        for top, bottom in rows:
            for left, right in columns:
                place = (..., slice(top, bottom), slice(left, right))
                expected = x[place].mean(axis=(-1, -2), keepdims=True)
                np.testing.assert_allclose(
                    mosaic[place], np.broadcast_to(expected, x[place].shape), atol=1e-12
                )

    def test_twice_is_once(self, operator, size, apply):
        once = apply(images(*size), operator)
        np.testing.assert_allclose(apply(once, operator), once, atol=1e-12)


def test_a_border_at_the_middle_of_a_pixel_gives_it_to_the_block_that_begins_there():
    assert block_numbers(UnevenPixelate(2.5), -1, 8).tolist() == [0, 0, 1, 1, 1, 2, 2, 3]
    assert block_numbers(UnevenPixelate(2.5, left=0.5), -1, 6).tolist() == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize("operator", [Pixelate(5, 3, 2), Sample(4, 1, 3), *UNEVEN], ids=str)
def test_a_part_of_a_mosaic_is_the_mosaic_with_its_grid_moved(operator):
    for axis, start in ((-2, 5), (-1, 11)):
        part = block_numbers(moved(operator, -11, -5), axis, 40)
        expected = block_numbers(operator, axis, 40 + start)[start:]
        np.testing.assert_array_equal(part, expected - expected[0])
    assert moved(moved(operator, 3, 70), -3, -70).differs_from(operator) == 0


@pytest.mark.parametrize(("block", "left", "top"), [(1, 0, 0), (8, 0, 0), (5, 3, 2), (60, 1, 59)])
def test_blocks_of_whole_pixels_are_pixelates_to_the_bit(block, left, top, apply):
    for size in SIZES:
        x = images(*size, np.float32)
        mosaic = apply(x, UnevenPixelate(block, block, left, top))
        np.testing.assert_array_equal(mosaic, apply(x, Pixelate(block, left, top)))
        assert mosaic.dtype == np.float32


@pytest.mark.parametrize("cells", [(15, 15), (9, 13), (37, 50)])
def test_blocks_are_those_of_nearest_neighbour_scaling(cells):
    """Pillow's from few pixels, and OpenCV's, which looks at corners."""
    height, width = 37, 50
    few = np.arange(cells[0] * cells[1], dtype=np.float32).reshape(cells)
    pillow = np.asarray(Image.fromarray(few).resize((width, height), Image.Resampling.NEAREST))
    opencv = cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST)
    for start, scaled in ((0.0, pillow), (0.5, opencv)):
        mosaic = UnevenPixelate(width / cells[1], height / cells[0], start, start)
        rows, columns = block_numbers(mosaic, -2, height), block_numbers(mosaic, -1, width)
        np.testing.assert_array_equal(few[np.ix_(rows, columns)], scaled)
