"""Fills of one colour in a photo, found to the pixel.

A camera leaves noise, and its codec ringing: no area of a photo has exactly one colour and a hard
border all around. A fill that was drawn over it has, as long as nothing lossy came after.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from unveil.degradation import Solid, Storage
from unveil.estimation.finding import Finding
from unveil.estimation.scaling import MAX_FLAT_SHARE, flat_share
from unveil.images.box import Box
from unveil.images.pixels import brightness

MIN_FILL_PX = 20
"""Least side of a fill; smaller areas of one colour are found in clean photos, too."""

MAX_FILLS = 5
MIN_CONVEX_SHARE = 0.96
"""Share of its hull that a fill covers: boxes, ellipses and what is rounded are convex."""

MIN_STEP_LEVELS = 6.0
"""Between the fill and the pixels beside it, for nine in ten of them."""

AROUND_PX = 10
MAX_FLAT_BESIDE = 0.8
"""Share of equal neighbours at any side of a fill.

Blocks of a mosaic lie among blocks, buttons in panels: there it is more; a plain sky has 0.6.
"""

FILL_CHANCE = 0.95
"""Of 2,000 clean pictures of the wild bench one shows a fill: a shape that was drawn there."""

SQUARE, CORNER = np.ones((3, 3), np.uint8), np.array([[0, 0, 0], [0, 1, 1], [0, 1, 1]], np.uint8)


@dataclass(frozen=True)
class Fill:
    """An area of one colour.

    Attributes:
        box: around it.
        inside: its pixels in the box, bool.
    """

    box: Box
    inside: np.ndarray


def find_fills(pixels: np.ndarray, storage: Storage) -> list[Finding]:
    """Return the fills of one colour in a photo, the largest first; drawings have none.

    Args:
        pixels: ``H x W x 3`` uint8.
        storage: how it was kept.
    """
    if min(pixels.shape[:2]) < MIN_FILL_PX or flat_share(brightness(pixels)) > MAX_FLAT_SHARE:
        return []
    fills = [fill for fill in _areas(pixels) if _is_drawn_over(fill, pixels)]
    return [_finding(fill, pixels, storage) for fill in fills[:MAX_FILLS]]


def _areas(pixels: np.ndarray) -> Iterator[Fill]:
    """Yield the convex areas of one colour that do not touch the border, the largest first."""
    same = _same(pixels)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(same.astype(np.uint8), connectivity=4)
    height, width = pixels.shape[:2]
    for number in 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable"):
        left, top, across, down, area = (int(value) for value in stats[number])
        # Squares of 2 x 2 pixels were connected: the area reaches one pixel further.
        box = Box(left, top, across + 1, down + 1)
        if area < (MIN_FILL_PX - 1) ** 2 / 2:
            return
        touches = left == 0 or top == 0 or left + box.width == width or top + box.height == height
        if touches or min(box.width, box.height) < MIN_FILL_PX:
            continue
        squares = np.pad(labels[top : top + down, left : left + across] == number, ((0, 1), (0, 1)))
        inside = cv2.dilate(squares.astype(np.uint8), CORNER[::-1, ::-1])
        if _convex_share(inside) >= MIN_CONVEX_SHARE:
            yield Fill(box, inside.astype(bool))


def _same(pixels: np.ndarray) -> np.ndarray:
    """Return which squares of 2 x 2 pixels have one colour, ``H-1 x W-1`` bool."""
    # Four bytes are compared at once: colour by colour takes twenty times as long.
    colours = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2RGBA).view(np.int32)[..., 0]
    across = colours[:, 1:] == colours[:, :-1]
    same: np.ndarray = across[1:] & across[:-1] & (colours[1:, :-1] == colours[:-1, :-1])
    return same


def _convex_share(inside: np.ndarray) -> float:
    """Return the share of the pixels in their convex hull that belong to an area."""
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros_like(inside)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    return float(inside.sum() / hull.sum())


def _is_drawn_over(fill: Fill, pixels: np.ndarray) -> bool:
    """Return whether a hard border goes all around a fill, and what is around it is a photo."""
    height, width = pixels.shape[:2]
    wide = fill.box.grown(AROUND_PX, AROUND_PX, width, height)
    inside = np.zeros((wide.height, wide.width), np.uint8)
    left, top = fill.box.left - wide.left, fill.box.top - wide.top
    inside[top : top + fill.box.height, left : left + fill.box.width] = fill.inside
    beside = cv2.dilate(inside, SQUARE)
    around = pixels[wide.place]
    colour = around[inside.astype(bool)][0].astype(int)
    steps = np.abs(around[beside > inside].astype(int) - colour).max(axis=1)
    if np.quantile(steps, 0.1) < MIN_STEP_LEVELS:
        return False
    flat = (around[:, 1:] == around[:, :-1]).all(axis=2)
    bottom, right = top + fill.box.height, left + fill.box.width
    rows, columns = np.s_[top:bottom], np.s_[left : right - 1]
    beside_it = flat[rows, : max(left - 1, 0)], flat[rows, right:]
    sides = flat[:top, columns], flat[bottom:, columns], *beside_it
    return all(side.size == 0 or side.mean() < MAX_FLAT_BESIDE for side in sides)


def _finding(fill: Fill, pixels: np.ndarray, storage: Storage) -> Finding:
    level = round(float(brightness(pixels[fill.box.place])[fill.inside].mean()))
    mask = None
    if not fill.inside.all():
        mask = np.zeros(pixels.shape[:2], bool)
        mask[fill.box.place] = fill.inside
    return Finding(
        Solid(level), storage, FILL_CHANCE, None, fill.box, "solid", is_exact=False,
        reason="nothing is left to undo", mask=mask,
    )  # fmt: skip
