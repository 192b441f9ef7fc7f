"""A drawn picture whose hidden region is told, with the truth about kind and strength."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from unveil.training.journeys import travels
from unveil.training.journeys.draws import between, chance, log_between
from unveil.training.journeys.hidings import HIDINGS
from unveil.training.journeys.masks import draw_box, draw_mask
from unveil.training.journeys.pieces import KINDS, MIN_CHANGE_LEVELS, draw_subject

ODDS = (0.13, 0.33, 0.12, 0.12, 0.13, 0.08, 0.05, 0.02, 0.02)
MAX_SIDE_PX = 250
MIN_WIDTH_PX, MIN_WHOLE_WIDTH_PX = 0.9, 1.3
"""Weaker blurs than these are like those of soft lenses."""


@dataclass(frozen=True)
class Told:
    """A picture and the truth about one region of it.

    Attributes:
        pixels: ``H x W x 3`` uint8.
        mask: the region, a few pixels short of its rim, ``H x W`` bool.
        kind: number in ``KINDS``.
        width_px: of the kernel or block, in the file; 0 where there is none.
    """

    pixels: np.ndarray
    mask: np.ndarray
    kind: int
    width_px: float


def draw_told(photos: Sequence[Path], rng: np.random.Generator) -> Told:
    """Draw a picture with a region that is hidden in a way, or not at all."""
    while True:
        factor = 1.0 if chance(rng, 0.45) else log_between(rng, 0.5, 2.0)
        largest = 250 if factor >= 1 else 250 * factor
        wanted = between(rng, 0.6 if factor >= 1 else 0.9, 1.0) * largest
        side = min(round((wanted + travels.MAX_SHIFT_PX) / factor), MAX_SIDE_PX)
        pixels, _ = draw_subject(photos, side, rng)
        pixels = travels.photograph(pixels, min(1.0, 1 / factor), rng)
        if chance(rng, 0.2):
            pixels = travels.jpeg(pixels, rng)
        kind = int(rng.choice(len(KINDS), p=ODDS))
        mask = _draw_mask((side, side), rng)
        if not (mask > 0.5).any():
            continue
        changed, width = _hide(pixels, mask, kind, rng)
        change = np.abs(changed.astype(np.int16) - pixels)[mask > 0.5].mean()
        least = MIN_WHOLE_WIDTH_PX if mask.all() and KINDS[kind] != "mosaic" else MIN_WIDTH_PX
        is_weak = change < MIN_CHANGE_LEVELS or 0 < width * factor < least
        if kind == 0 or not is_weak:
            told = _send(changed, mask, factor, kind, width * factor, rng)
            if told.mask.sum() >= 300:
                return told


def _draw_mask(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    drawn = rng.random()
    if drawn < 0.25:
        return np.ones(size, np.float32)
    if drawn < 0.6:
        mask = np.zeros(size, np.float32)
        mask[draw_box(size, rng)] = 1
        return mask
    return draw_mask(size, rng)


def _hide(
    pixels: np.ndarray, mask: np.ndarray, kind: int, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return the pixels hidden under a mask, and the width of what hides them."""
    if kind == 0:
        return pixels, 0.0
    hide = HIDINGS[KINDS[kind]]
    if chance(rng, 0.5) and KINDS[kind] not in ("solid", "other"):
        hidden, width = hide(pixels, rng)
    else:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        hidden = pixels.copy()
        hidden[box], width = hide(np.ascontiguousarray(pixels[box]), rng)
    return travels.mix(pixels, hidden, mask[..., None]), width


def _send(
    pixels: np.ndarray,
    mask: np.ndarray,
    factor: float,
    kind: int,
    width_px: float,
    rng: np.random.Generator,
) -> Told:
    """Return the picture after its journey."""
    inside: np.ndarray = (mask > 0.9).astype(np.uint8)
    if chance(rng, 0.15):
        pixels = travels.store(pixels, rng)
    if factor != 1:
        side = round(len(pixels) * factor)
        pixels = travels.resize(pixels, side, rng)
        inside = cv2.resize(inside, (side, side), interpolation=cv2.INTER_NEAREST)
    pixels = travels.store(travels.edit(pixels, rng), rng)
    top, left = rng.integers(0, travels.MAX_SHIFT_PX + 1, 2)
    kept = len(pixels) - travels.MAX_SHIFT_PX
    place = np.s_[top : top + kept, left : left + kept]
    pixels, inside = pixels[place], inside[place]
    if not inside.all():
        reach = 2 * int(rng.integers(1, 4)) + 1
        inside = cv2.erode(np.pad(inside, 1), np.ones((reach, reach), np.uint8))[1:-1, 1:-1]
    return Told(np.ascontiguousarray(pixels), inside.astype(bool), kind, width_px)
