"""Where a picture is hidden: regions of any shape, from the segmenter's answer for each cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from unveil.images.box import Box

CELL_PX = 4
MIN_CHANCE = 0.5
"""Chance of being hidden from which a cell belongs to a region."""

LEVELS = (0.3, 0.5, 0.7, 0.85, 0.93, 0.97, 0.99)
"""Chances at which outlines are drawn: two regions that touch part at a high one."""

MIN_CELLS = 9
"""Smaller regions are noise: of 12 x 12 pixels, at the size that was looked at."""

WHOLE_SHARE = 0.9
"""A region that covers more of the picture is all of it."""

MAX_AT_LEVEL = 12
MAX_SHARED = 0.3
"""Share of the smaller of two regions that they may have in common."""

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
        outlined: chance that its outline is about that of a hidden region.
    """

    mask: np.ndarray
    box: Box
    chance: float
    picture: float
    outlined: float


@dataclass(frozen=True)
class Candidate:
    """Connected cells that are hidden at some level.

    Attributes:
        cells: ``h x w`` bool, holes filled.
        outline: of the cells, as OpenCV gives it.
        filled: share of its cells that were above the level, the others being holes.
    """

    cells: np.ndarray
    outline: np.ndarray
    filled: float


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """Return the picture, or a smaller one of at most ``MAX_PIXELS``; ``H x W x 3`` uint8."""
    height, width = pixels.shape[:2]
    factor = (MAX_PIXELS / (height * width)) ** 0.5
    if factor >= 1:
        return pixels
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def candidates(hidden: np.ndarray) -> list[Candidate]:
    """Return the connected cells above each of ``LEVELS``, and their boxes, each outline once.

    Most people hide boxes, and a few cells at the rim of one may not be seen.

    Args:
        hidden: chance of each cell to be hidden, ``h x w``.
    """
    found: dict[bytes, Candidate] = {}
    for level in LEVELS:
        above = (hidden > level).astype(np.uint8)
        # Regions that touch at a corner are two.
        _, labels, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=4)
        sizes = stats[1:, cv2.CC_STAT_AREA]
        for number in 1 + np.argsort(-sizes, kind="stable")[:MAX_AT_LEVEL]:
            if sizes[number - 1] >= MIN_CELLS:
                for one in (candidate(labels == number), boxed(labels == number)):
                    found.setdefault(np.packbits(one.cells).tobytes(), one)
    return list(found.values())


def candidate(connected: np.ndarray) -> Candidate:
    """Return the candidate of connected cells, ``h x w`` bool."""
    cells, outlines = _filled(connected)
    return Candidate(cells.astype(bool), outlines[0], float(connected.sum() / cells.sum()))


def boxed(connected: np.ndarray) -> Candidate:
    """Return the candidate of the box around connected cells, ``h x w`` bool."""
    cells = np.zeros_like(connected)
    cells[box_of(connected).place] = True
    _, outlines = _filled(cells)
    return Candidate(cells, outlines[0], float(connected.sum() / cells.sum()))


def _filled(cells: np.ndarray) -> tuple[np.ndarray, Sequence[np.ndarray]]:
    """Return cells with their holes filled, ``h x w`` uint8, and the outlines around them."""
    whole = cells.astype(np.uint8)
    outlines, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(whole, outlines, -1, 1, cv2.FILLED)
    return whole, outlines


def apart(found: Sequence[Candidate], scores: np.ndarray) -> list[int]:
    """Return the best candidates of those that lie over each other, the best first, as places."""
    kept: list[int] = []
    for place in np.argsort(-scores, kind="stable").tolist():
        cells = found[place].cells
        shared = [float((cells & found[other].cells).sum()) for other in kept]
        least = [float(min(cells.sum(), found[other].cells.sum())) for other in kept]
        if all(s <= MAX_SHARED * size for s, size in zip(shared, least, strict=True)):
            kept.append(place)
        if len(kept) == MAX_REGIONS:
            break
    return kept


def box_of(mask: np.ndarray) -> Box:
    """Return the box around the pixels of a mask, which has some."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return Box(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)


def mask_of(cells: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a mask of pixels, ``H x W`` bool, from one of cells; holes are filled."""
    whole, _ = _filled(cells)
    smooth = cv2.resize(whole.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    mask: np.ndarray = smooth > 0.5
    return mask
