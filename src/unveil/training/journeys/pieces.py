"""One drawn piece of a picture, with the truth about what is hidden in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from unveil.training.journeys import travels
from unveil.training.journeys.draws import chance, log_between
from unveil.training.journeys.hidings import HIDINGS
from unveil.training.journeys.masks import draw_box, draw_mask
from unveil.training.journeys.subjects import DRAWN, DRAWN_ODDS, draw_graphic

SIDE_PX = 160
CELL_PX = 4
"""Truth and answers are cells of this size."""

KINDS = ("none", *HIDINGS)
ODDS = (0.18, 0.11, 0.11, 0.15, 0.11, 0.19, 0.05, 0.1)
IGNORED = 255
"""A cell without a truth: on a soft rim, or where what hides changed nothing."""

SOFT_RIM = 0.3, 0.7
"""Where a mask is between these, a pixel is neither hidden nor clean."""

MIN_CHANGE_LEVELS = 1.0
"""Mean change of 255 levels from which a region counts as hidden: a flat wall hides nothing."""

MIN_WHOLE_PX = 1.5
"""A whole picture that was blurred by less is like one from a soft lens, or scaled up."""

MAX_SOURCE_PX = 250


@dataclass(frozen=True)
class Piece:
    """A drawn piece.

    Attributes:
        pixels: ``S x S x 3`` uint8, S = ``SIDE_PX`` unless another was asked for.
        kinds: number in ``KINDS`` of each cell, or ``IGNORED``, uint8.
        strength: logarithm of the width in pixels of each cell; 0 where it has none, float32.
        hidden: 1 with a hidden region, 0 without, -1 where that is open.
    """

    pixels: np.ndarray
    kinds: np.ndarray
    strength: np.ndarray
    hidden: int


def draw_piece(photos: Sequence[Path], rng: np.random.Generator, side_px: int = SIDE_PX) -> Piece:
    """Draw a subject, what hides parts of it, and the journey of the file.

    Args:
        photos: files.
        rng: draws.
        side_px: of the piece, a multiple of ``CELL_PX``, at most ``MAX_SOURCE_PX`` less a crop.
    """
    # Scaled to ``side_px`` by this factor after it was hidden.
    factor = 1.0 if chance(rng, 0.45) else log_between(rng, 0.65, 2.0)
    side = min(round((side_px + travels.MAX_SHIFT_PX) / factor), MAX_SOURCE_PX)
    final = side_px + travels.MAX_SHIFT_PX
    factor = final / side if factor != 1.0 else 1.0
    soft_px = min(1.0, 1.0 / factor)
    subject, is_graphic = draw_subject(photos, side, rng)
    pixels = travels.photograph(subject, soft_px, rng)
    if chance(rng, 0.2):
        pixels = travels.jpeg(pixels, rng)
    count = int(rng.choice(4, p=(0.34, 0.42, 0.16, 0.08)))
    kinds: np.ndarray = np.zeros((side, side), np.uint8)
    strength: np.ndarray = np.zeros((side, side), np.float32)
    is_open, is_hidden = False, False
    for _ in range(count):
        before = pixels
        pixels, mask, kind, width = _hide(pixels, rng)
        if is_graphic and KINDS[kind] in ("solid", "other"):
            pixels = before  # one more shape among shapes
            continue
        inside = mask > 0.5
        if not inside.any():
            continue
        change = np.abs(pixels[inside].astype(np.int16) - before[inside]).mean()
        is_soft = inside.all() and 0 < width * factor < MIN_WHOLE_PX and KINDS[kind] != "mosaic"
        if change < MIN_CHANGE_LEVELS or is_soft:
            is_open = True
            kinds[mask > 0.02] = IGNORED
            continue
        is_hidden = True
        kinds[(mask > SOFT_RIM[0]) & (mask < SOFT_RIM[1])] = IGNORED
        kinds[mask >= SOFT_RIM[1]] = kind
        strength[inside] = np.log(width * factor) if width else 0
    if chance(rng, 0.15):
        pixels = travels.store(pixels, rng)
    if factor != 1.0:
        pixels = travels.resize(pixels, final, rng)
        kinds = cv2.resize(kinds, (final, final), interpolation=cv2.INTER_NEAREST)
        strength = cv2.resize(strength, (final, final), interpolation=cv2.INTER_NEAREST)
    pixels = travels.store(travels.edit(pixels, rng), rng)
    top, left = rng.integers(0, travels.MAX_SHIFT_PX + 1, 2)
    place = np.s_[top : top + side_px, left : left + side_px]
    cells = _cells(kinds[place])
    middle = strength[place][CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX]
    if is_hidden:
        shown = ((cells > 0) & (cells != IGNORED)).sum() * CELL_PX**2
        hidden = 1 if shown >= 12 * CELL_PX**2 else -1
    else:
        hidden = -1 if is_open else 0
    return Piece(np.ascontiguousarray(pixels[place]), cells, middle, hidden)


def draw_subject(
    photos: Sequence[Path], side: int, rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Return a photo, or something drawn, ``side`` pixels square; and whether it is flat shapes."""
    if chance(rng, 0.18):
        draw = DRAWN[int(rng.choice(len(DRAWN), p=DRAWN_ODDS))]
        return draw(side, rng), draw is draw_graphic
    return _photo(photos, side, rng), False


def _photo(photos: Sequence[Path], side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a square of ``side`` pixels of a photo, scaled and mirrored at random."""
    photo = np.asarray(Image.open(photos[int(rng.integers(len(photos)))]).convert("RGB"))
    if chance(rng, 0.5):
        photo = photo[:, ::-1]
    least = side / min(photo.shape[:2])
    scale = max(least, log_between(rng, 0.6, 1.35)) if chance(rng, 0.6) else max(least, 1.0)
    if scale != 1.0:
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=way)
    top = int(rng.integers(photo.shape[0] - side + 1))
    left = int(rng.integers(photo.shape[1] - side + 1))
    return np.ascontiguousarray(photo[top : top + side, left : left + side])


def _hide(
    pixels: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Return the pixels with a hidden region, its mask, the kind's number, and its strength."""
    number = int(rng.choice(len(ODDS), p=ODDS))
    hide = list(HIDINGS.values())[number]
    size = pixels.shape[:2]
    drawn = rng.random()
    if drawn < 0.14:
        hidden, width = hide(pixels, rng)
        return hidden, np.ones(size, np.float32), number + 1, width
    if drawn < 0.34:
        # A box that is cut out, hidden by itself and put back: its borders are its own.
        box = draw_box(size, rng)
        changed = pixels.copy()
        part, width = hide(np.ascontiguousarray(pixels[box]), rng)
        changed[box] = part
        mask = np.zeros(size, np.float32)
        mask[box] = 1
        return changed, mask, number + 1, width
    mask = draw_mask(size, rng)
    if not (mask > 0.5).any():
        return pixels, mask, number + 1, 0.0
    # The filter may see the whole picture, or (a mosaic of resizing) the region's box alone.
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if chance(rng, 0.5) or KINDS[number + 1] in ("solid", "other"):
        hidden = pixels.copy()
        hidden[box], width = hide(np.ascontiguousarray(pixels[box]), rng)
    else:
        hidden, width = hide(pixels, rng)
    return travels.mix(pixels, hidden, mask[..., None]), mask, number + 1, width


def _cells(kinds: np.ndarray) -> np.ndarray:
    """Return the kind that most pixels of each cell have, so that outlines are where they are."""
    rows = kinds.reshape(kinds.shape[0] // CELL_PX, CELL_PX, -1, CELL_PX).transpose(0, 2, 1, 3)
    flat = rows.reshape(*rows.shape[:2], -1)
    numbers = np.array([*range(len(KINDS)), IGNORED], np.uint8)
    counts = (flat[..., None] == numbers).sum(axis=2)
    found: np.ndarray = numbers[counts.argmax(axis=-1)]
    return found
