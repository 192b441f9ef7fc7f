"""The earlier JPEG compression of a picture, from its pixels alone.

On the grid and at the quality of the compression, the DCT coefficients of every block lie near
multiples of the table's steps; on any other they do not (Z. Fan and R. L. de Queiroz, IEEE
Transactions on Image Processing, 2003). Coefficients that round to zero are left out: a blurred
picture has them on every grid. So a picture that never was a JPEG scores nothing, not a little.

All 64 grids and all qualities are scored at once: a histogram of each coefficient on each grid,
times a table of logarithms.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from unveil.degradation.codecs import quantisation_tables
from unveil.images.box import Box
from unveil.images.pixels import brightness

QUALITIES = range(30, 99)
LOWEST = 20
"""Coefficients of a block that are looked at: the lowest, but for its mean."""

SPREAD_LEVELS = 0.45
"""What colour conversion and rounding to 8 bits leave in a coefficient, in gray levels."""

MIN_STEP = 3
"""Smaller steps than this drown in that spread."""

OUTLIERS = 0.1
"""Share of the coefficients that may lie anywhere: an edited part, clipped colours."""

SMALL_LEVELS, TINY = 1.0, 1e-6
"""Mean size of a coefficient below which rounding is no evidence; least density of any size."""

BIN_LEVELS, MOST_LEVELS = 0.1, 100.0
BINS = round(MOST_LEVELS / BIN_LEVELS)

MIN_SCORE_NATS = 60.0
"""Pictures that never were a JPEG score 0; of 92 photos that were, the least had 570."""

MAX_SIDE_PX = 192


@dataclass(frozen=True)
class JpegHistory:
    """What was found.

    Attributes:
        quality: libjpeg's, whose luma table fits best.
        top: rows above the first block that lies whole in the picture, 0 to 7.
        left: columns beside it.
        score_nats: log-likelihood over that of no compression.
    """

    quality: int
    top: int
    left: int
    score_nats: float


def find_jpeg(pixels: np.ndarray) -> JpegHistory | None:
    """Find the last JPEG compression that ``pixels`` went through; None for none.

    Only what came after it unscaled counts: a resized or recoloured JPEG has no grid any more.

    Args:
        pixels: ``H x W x 3`` uint8; of a large picture, the middle is looked at.
    """
    (height, width), side = pixels.shape[:2], MAX_SIDE_PX
    top, left = (max(0, size - side) // 16 * 8 for size in (height, width))
    luma = brightness(pixels[top : top + side, left : left + side]) - 128
    scores = _histograms(luma) @ _log_odds().T
    grid, place = np.unravel_index(scores.argmax(), scores.shape)
    score = float(scores[grid, place])
    if score < MIN_SCORE_NATS:
        return None
    return JpegHistory(QUALITIES[place], int(grid) // 8, int(grid) % 8, score)


def log_odds_of_part(part: np.ndarray, box: Box, history: JpegHistory) -> float:
    """Return the logarithm of the odds that a part went through its picture's compression.

    A part that was hidden after it did not. Coefficients too small to tell are left out: of a
    strong blur few are left, and none is evidence.

    Args:
        part: brightness, of 255 levels.
        box: where it lies in the picture.
        history: of the picture.
    """
    top, left = (history.top - box.top) % 8, (history.left - box.left) % 8
    sizes = np.abs(_blocks(part[top:, left:] - 128) @ _lowest_waves())
    total = 0.0
    for place, pair in enumerate(_order() if len(sizes) else ()):
        step, size = quantisation_tables(history.quality)[0][pair], sizes[:, place]
        if step >= MIN_STEP and (mean := float(size.mean())) > SMALL_LEVELS:
            total += float(_log_odds_of_steps(size, float(step), mean).sum())
    return total


def _log_odds_of_steps(sizes: np.ndarray, step: float, mean: float) -> np.ndarray:
    """Return how much likelier each size is rounded to multiples of ``step`` than as it was.

    Both are of a Laplacian with this mean size; ``OUTLIERS`` may lie anywhere.
    """
    number = np.round(sizes / step)
    low, high = (np.exp(-np.maximum(number + side, 0) * step / mean) for side in (-0.5, 0.5))
    share = np.where(number > 0, (low - high) / 2, 1 - high)
    off = (sizes - number * step) / SPREAD_LEVELS
    near = np.exp(-0.5 * off**2) / (SPREAD_LEVELS * np.sqrt(2 * np.pi))
    rounded = share * ((1 - OUTLIERS) * near + OUTLIERS / step)
    found: np.ndarray = np.log(rounded + TINY) - np.log(np.exp(-sizes / mean) / (2 * mean) + TINY)
    return found


def _blocks(luma: np.ndarray) -> np.ndarray:
    """Return the whole blocks from the top left corner that are not clipped, ``N x 64``."""
    rows, columns = (size // 8 for size in luma.shape)
    cut = luma[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8)
    blocks: np.ndarray = cut.transpose(0, 2, 1, 3).reshape(-1, 64)
    if len(blocks):
        blocks = blocks[np.abs(blocks + 0.5).max(axis=1) < 126.5]  # clipped: no multiples
    return blocks


def _histograms(luma: np.ndarray) -> np.ndarray:
    """Return how often each coefficient has each size on each grid, ``64 x LOWEST * BINS``."""
    places = np.arange(LOWEST, dtype=np.int32) * BINS
    counts = np.zeros((64, LOWEST * BINS), np.float32)
    for grid in range(64):
        blocks = _blocks(luma[grid // 8 :, grid % 8 :])
        bins = (np.abs(blocks @ _lowest_waves()) / BIN_LEVELS).astype(np.int32)
        counts[grid] = np.bincount((bins + places)[bins < BINS], minlength=LOWEST * BINS)
    return counts


@cache
def _order() -> list[tuple[int, int]]:
    """Return row and column of the lowest coefficients."""
    pairs = [(row, column) for row in range(8) for column in range(8)]
    return sorted(pairs, key=lambda pair: (sum(pair), pair))[1 : LOWEST + 1]


@cache
def _lowest_waves() -> np.ndarray:
    """Return the basis functions of the lowest coefficients, ``64 x LOWEST``."""
    cosines = cv2.dct(np.eye(8, dtype=np.float32), flags=cv2.DCT_ROWS).T
    waves = [np.outer(cosines[row], cosines[column]).ravel() for row, column in _order()]
    return np.stack(waves, axis=1)


@cache
def _log_odds() -> np.ndarray:
    """Return what a coefficient of each size says for each quality, ``Q x LOWEST * BINS``."""
    sizes = (np.arange(BINS) + 0.5) * BIN_LEVELS
    odds = np.zeros((len(QUALITIES), LOWEST, BINS), np.float32)
    for number, quality in enumerate(QUALITIES):
        table = quantisation_tables(quality)[0]
        for place, pair in enumerate(_order()):
            if (step := table[pair]) >= MIN_STEP:
                odds[number, place] = _log_odds_of(sizes, step)
    return odds.reshape(len(QUALITIES), -1)


def _log_odds_of(sizes: np.ndarray, step: float) -> np.ndarray:
    """Return how much likelier each size is near a multiple of ``step`` than anywhere."""
    multiple = np.round(sizes / step)
    off = (sizes - multiple * step) / SPREAD_LEVELS
    density = np.exp(-0.5 * off**2) / (SPREAD_LEVELS * np.sqrt(2 * np.pi))
    return np.where(multiple > 0, np.log((1 - OUTLIERS) * density * step + OUTLIERS), 0)
