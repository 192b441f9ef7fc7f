"""Where a picture is hidden: regions of any shape, from the segmenter's answer for each cell."""

from dataclasses import dataclass

import cv2
import numpy as np

from unveil.images.box import Box

CELL_PX = 4
MIN_CHANCE = 0.5
"""Chance of being hidden from which a cell belongs to a region."""

MIN_CELLS = 9
"""Smaller regions are noise: of 12 x 12 pixels, at the size that was looked at."""

MAX_PIXELS = 1_500_000
"""A larger picture is shrunk to this: hidden regions of it are large too."""

MAX_REGIONS = 5


@dataclass(frozen=True)
class Region:
    """A hidden part of a picture.

    Attributes:
        mask: its pixels, ``H x W`` bool, as large as the picture.
        box: the rectangle around them.
        chance: mean chance of its cells to be hidden.
        picture: chance that anything is hidden in the picture.
    """

    mask: np.ndarray
    box: Box
    chance: float
    picture: float


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """Return the picture, or a smaller one of at most ``MAX_PIXELS``; ``H x W x 3`` uint8."""
    height, width = pixels.shape[:2]
    factor = (MAX_PIXELS / (height * width)) ** 0.5
    if factor >= 1:
        return pixels
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def regions(hidden: np.ndarray, picture: float, height: int, width: int) -> list[Region]:
    """Return the hidden regions of a picture, the clearest first.

    Args:
        hidden: chance of each cell to be hidden, ``h x w``.
        picture: chance that anything is hidden in it.
        height: of the picture, in pixels.
        width: of the picture, in pixels.
    """
    is_hidden = (hidden > MIN_CHANCE).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(is_hidden, connectivity=8)
    found = []
    for number in range(1, count):
        if stats[number, cv2.CC_STAT_AREA] >= MIN_CELLS:
            cells = labels == number
            mask = mask_of(cells, height, width)
            if mask.any():
                chance = float(hidden[cells].mean())
                found.append(Region(mask, box_of(mask), chance, picture))
    found.sort(key=lambda region: -region.chance * np.sqrt(region.mask.sum()))
    return found[:MAX_REGIONS]


def box_of(mask: np.ndarray) -> Box:
    """Return the box around the pixels of a mask, which has some."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return Box(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)


def mask_of(cells: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a mask of pixels, ``H x W`` bool, from one of cells; holes are filled."""
    whole = cells.astype(np.uint8)
    outlines, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(whole, outlines, -1, 1, cv2.FILLED)
    smooth = cv2.resize(whole.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    mask: np.ndarray = smooth > 0.5
    return mask
