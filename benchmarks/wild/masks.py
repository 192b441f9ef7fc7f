"""Where pictures are hidden: shapes of regions, over the face or anywhere."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from wild.draws import Mask, between, chance, log_between, one_of

SHAPES = {
    "whole": 0.14,
    "box by itself": 0.24,
    "box": 0.16,
    "ellipse": 0.16,
    "rounded": 0.08,
    "feathered": 0.12,
    "strokes": 0.10,
}
"""Odds of each. A box by itself is cut out, hidden and put back; of the others, the whole picture
is hidden and shown through the mask."""

FACE_PX = (69, 180)
"""Where faces begin and end in the photos of LFW, across and down."""

LFW_SIDE_PX = 250
SIDES_PX = (40.0, 160.0)
"""Least and greatest side of a region in a picture as large as LFW's."""

GAP_PX = 8
"""Least distance of two regions."""


@dataclass(frozen=True)
class Rectangle:
    """Left, top, width and height in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns."""
        rows = slice(self.top, self.top + self.height)
        return rows, slice(self.left, self.left + self.width)

    def is_near(self, other: "Rectangle") -> bool:
        """Return whether less than ``GAP_PX`` is between both."""
        return (
            self.left < other.left + other.width + GAP_PX
            and other.left < self.left + self.width + GAP_PX
            and self.top < other.top + other.height + GAP_PX
            and other.top < self.top + self.height + GAP_PX
        )


Place = Literal["face", "anywhere"]


def draw_rectangle(
    size: tuple[int, int], place: Place, greatest_px: float, rng: np.random.Generator
) -> Rectangle:
    """Draw a region's rectangle in a picture of this height and width.

    Args:
        size: height and width.
        place: over the face of a photo of LFW, or anywhere.
        greatest_px: of its sides, in a picture as large as LFW's.
        rng: draws.
    """
    height, width = size
    unit = min(size) / LFW_SIDE_PX
    if place == "face":
        side = between(rng, 80, 150)
        across, down = side * between(rng, 0.85, 1.05), side * between(rng, 0.95, 1.2)
        middle = sum(FACE_PX) / 2
        left = (middle + between(rng, -8, 8)) * unit - across * unit / 2
        top = (middle + between(rng, -8, 8)) * unit - down * unit / 2
    else:
        side, stretch = log_between(rng, SIDES_PX[0], greatest_px), log_between(rng, 0.75, 1.35)
        across, down = side * stretch, side / stretch
        beyond = 0.3 if chance(rng, 0.1) else 0.0
        left = between(rng, -beyond * across * unit, width - (1 - beyond) * across * unit)
        top = between(rng, -beyond * down * unit, height - (1 - beyond) * down * unit)
    first = max(round(left), 0), max(round(top), 0)
    last = min(round(left + across * unit), width), min(round(top + down * unit), height)
    return Rectangle(*first, max(last[0] - first[0], 1), max(last[1] - first[1], 1))


def draw_mask(
    shape: str, size: tuple[int, int], rectangle: Rectangle, rng: np.random.Generator
) -> Mask:
    """Return the mask of a shape inside a rectangle (about it, where it is feathered)."""
    mask = np.zeros(size, np.float32)
    if shape in ("whole", "box", "box by itself"):
        mask[rectangle.place] = 1
    elif shape == "strokes":
        mask[rectangle.place] = _strokes(rectangle, rng)
    elif shape == "rounded":
        mask[rectangle.place] = _rounded(rectangle, between(rng, 0.1, 0.35))
    else:
        mask[rectangle.place] = _rounded(rectangle, 1.0)
        if shape == "feathered":
            reach = between(rng, 0.02, 0.08) * min(rectangle.width, rectangle.height)
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(reach, 1.0)), np.float32)
    return mask


def _rounded(rectangle: Rectangle, share: float) -> Mask:
    """Return a mask as large as the rectangle whose corners are parts of ellipses.

    ``share`` is that of each half side that a corner takes: with 1 it is one ellipse.
    """
    x = np.abs(np.arange(rectangle.width) + 0.5 - rectangle.width / 2) / (rectangle.width / 2)
    y = np.abs(np.arange(rectangle.height) + 0.5 - rectangle.height / 2) / (rectangle.height / 2)
    into = (np.maximum(side - (1 - share), 0) / share for side in (x, y))
    across, down = into
    return (across[None, :] ** 2 + down[:, None] ** 2 <= 1).astype(np.float32)


def _strokes(rectangle: Rectangle, rng: np.random.Generator) -> Mask:
    """Paint to and fro with a round brush, as people do over a face."""
    mask = np.zeros((rectangle.height, rectangle.width), np.uint8)
    brush = max(round(min(mask.shape) * between(rng, 0.3, 0.5)), 8)
    rows = np.arange(brush / 2, rectangle.height - brush / 4, brush * between(rng, 0.55, 0.8))
    points = []
    for number, row in enumerate(rows):
        ends = [brush / 2 + between(rng, 0, 0.15 * rectangle.width) for _ in range(2)]
        pair = [(ends[0], row), (rectangle.width - ends[1], row + between(rng, -0.2, 0.3) * brush)]
        points += pair if number % 2 else pair[::-1]
    path = np.array(points, np.int32)[:, None]
    cv2.polylines(mask, [path], isClosed=False, color=1, thickness=brush)
    return mask.astype(np.float32)


def draw_shape(rng: np.random.Generator) -> str:
    """Draw a shape."""
    return one_of(rng, SHAPES)


def bounds(mask: Mask) -> Rectangle | None:
    """Return the rectangle around what is hidden by half or more; None where nothing is."""
    rows, columns = (np.flatnonzero((mask >= 0.5).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    left, top = int(columns[0]), int(rows[0])
    return Rectangle(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)
