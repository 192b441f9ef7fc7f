"""Whether a picture was resampled, and by which factor, from its pixels alone.

Between samples an interpolation is smoother than on them, so the residue of a linear predictor
changes its variance with the period of the sampling grid (A. C. Gallagher, Canadian Conference on
Computer and Robot Vision, 2005; M. Kirchner, ACM Workshop on Multimedia and Security, 2008). The
mean logarithm of the squared residue over each row and column holds that period as a line of its
spectrum; both axes must have the line.

Scaling by ``s`` gives the line ``1/s``, folded below one half, which two factors share. If the
picture was a JPEG before, its grid was scaled with it, and lines at multiples of ``1 / (8 s)`` tell
them apart; otherwise only scaling up leaves the band above ``1 / (2 s)`` nearly empty.
"""

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unveil.images.box import Box

MAX_SIDE_PX, MIN_SIDE_PX = 768, 96
"""Of a larger picture the middle is looked at; a smaller one has too few periods."""

PREDICTORS = ((1, -2, 1), (1, -4, 6, -4, 1), (1, -6, 15, -20, 15, -6, 1))
"""Residues of the polynomials of degree 1, 3 and 5 through a pixel's neighbours."""

FREQUENCIES = np.arange(0.09, 0.492, 0.0004)
"""Lines that are looked for, in cycles a pixel; textures have lines below."""

GRID_PX, LARGE_GRID_PX = 8, 16
"""Codecs have lines at multiples of their frequencies: JPEG; video, AVIF and WebP."""

PADDING = 4
SMOOTH_PX = 17
NEAR_BINS, NEXT_BINS = 60, 3
"""Half the neighbourhood of a line in the padded spectrum, and the distance of its samples."""

LEAK_WAVES, LARGE_LEAK_WAVES = 3, 2
"""Lines so near to a codec's, in waves across the picture, may be its leakage."""

MIN_SCORE, MIN_SCORE_ALONE = 20.0, 80.0
"""Of a line over its neighbourhood, with an earlier JPEG's grid and without; 1.4 where none is."""

MAX_RIVAL = 0.25
"""Share of a line's score that its products with the codec's grid may have."""

MIN_FACTOR, MAX_FACTOR = 1.1, 2.5
FACTORS = np.exp(np.arange(np.log(MIN_FACTOR), np.log(MAX_FACTOR), 0.0005))
"""By which an earlier JPEG's grid may have been scaled."""

SAME_FACTOR = 0.02
MIN_LINES = 3
MAX_LINE_SCORE = 100.0
LINE_COST_NATS = 2.0
"""What a line of a scaled grid must have in the logarithm of its score to speak for it."""

MIN_GRID_NATS = 6.0
"""Of all lines of a scaled grid above that cost."""

MIN_STEP_NATS = 1.7
"""By which the power falls at the band limit of a picture that was scaled up."""

MAX_FLAT_SHARE = 0.5
"""Of drawings and mosaics more neighbours are equal; their edges have periods of their own."""


def find_scaling(luma: np.ndarray) -> float | None:
    """Return by which factor a picture was scaled up, new size over old; None where none tells.

    Factors from 1.1 to 2.5 are found, but for those whose line a codec's grid has, too (such as
    8/7, 4/3, 8/5 and 2), and from 1.67 on only of an earlier JPEG.

    Args:
        luma: ``H x W`` float32 brightness of 255 levels.
    """
    luma = middle(luma, MAX_SIDE_PX)
    if min(luma.shape) < MIN_SIDE_PX or flat_share(luma) > MAX_FLAT_SHARE:
        return None
    axes = luma, np.ascontiguousarray(luma.T)
    across, down = (_lines(rows) for rows in axes)
    scores = 4 * across * down / (across + down + 1e-9)  # twice the harmonic mean
    scores[_may_be_codecs(min(luma.shape))] = 0
    line, score = float(FREQUENCIES[scores.argmax()]), float(scores.max())
    likely = [1 / place for place in (1 - line, line) if place * MAX_FACTOR >= 1]
    factor, nats = _scaled_grid(scores)
    if nats > MIN_GRID_NATS:
        agree = any(abs(factor / other - 1) < SAME_FACTOR for other in likely)
        return factor if agree else None
    if len(likely) > 1 or score < MIN_SCORE_ALONE or _rival(scores, line) > MAX_RIVAL * score:
        return None
    step = np.mean([_step(rows, (1 - line) / 2) for rows in axes])
    return likely[0] if step < -MIN_STEP_NATS else None


def middle(pixels: np.ndarray, side_px: int) -> np.ndarray:
    """Return the middle of a picture, ``H x W`` or ``H x W x 3``, at most ``side_px`` a side."""
    return pixels[middle_box(pixels.shape[:2], side_px).place]


def middle_box(size: tuple[int, ...], side_px: int) -> Box:
    """Return the middle of a picture of this height and width, at most ``side_px`` a side."""
    height, width = (min(one, side_px) for one in size)
    return Box((size[1] - width) // 2, (size[0] - height) // 2, width, height)


def flat_share(luma: np.ndarray) -> float:
    """Return the share of pixels that equal their right neighbour; 0 where none has one."""
    return float((luma[:, 1:] == luma[:, :-1]).mean()) if luma.shape[1] > 1 else 0.0


def _may_be_codecs(side_px: int) -> np.ndarray:
    """Return which frequencies are as near to a codec's line as its leakage reaches."""
    near = _grid_distance(FREQUENCIES, GRID_PX) * side_px < LEAK_WAVES
    return near | (_grid_distance(FREQUENCIES, LARGE_GRID_PX) * side_px < LARGE_LEAK_WAVES)


def _grid_distance(frequency: np.ndarray, grid_px: int) -> np.ndarray:
    """Return how far a frequency is from the nearest line of a codec's grid."""
    return np.abs(frequency * grid_px - np.rint(frequency * grid_px)) / grid_px


def _scaled_grid(scores: np.ndarray) -> tuple[float, float]:
    """Return the likeliest factor of an earlier JPEG's grid, and what speaks for it in nats."""
    number = np.arange(1, 2 * GRID_PX)
    lines = number / (GRID_PX * FACTORS[:, None])
    inside = (lines >= FREQUENCIES[0]) & (lines <= FREQUENCIES[-1])
    seen = np.interp(lines, FREQUENCIES, scores)
    counts = inside & (seen > 0)
    logs = np.log(np.clip(seen, 1, MAX_LINE_SCORE))
    nats = np.where(counts, logs - LINE_COST_NATS, 0).sum(axis=1)
    own = np.interp(np.minimum(1 / FACTORS, 1 - 1 / FACTORS), FREQUENCIES, scores)
    nats[(counts.sum(axis=1) < MIN_LINES) | ((own > 0) & (own < MIN_SCORE))] = 0
    nats += np.log(np.clip(own, 1, MAX_LINE_SCORE)) * (nats > 0)
    place = int(nats.argmax())
    return float(FACTORS[place]), float(nats[place])


def _rival(scores: np.ndarray, line: float) -> float:
    """Return the highest score among the line's products with the codec's grid."""
    apart = np.minimum(*(_grid_distance(FREQUENCIES + side * line, GRID_PX) for side in (-1, 1)))
    is_product = (apart < 0.0025) & (np.abs(FREQUENCIES - line) > 0.02)
    return float(scores[is_product].max(initial=0))


def _lines(rows: np.ndarray) -> np.ndarray:
    """Return power over that beside it at each frequency, the mean over all predictors."""
    return np.mean([_lines_of(rows, predictor) for predictor in PREDICTORS], axis=0)


def _lines_of(rows: np.ndarray, predictor: tuple[int, ...]) -> np.ndarray:
    count = rows.shape[1] - len(predictor) + 1
    residue = np.zeros((len(rows), count), np.float32)
    for place, weight in enumerate(predictor):
        residue += np.float32(weight) * rows[:, place : place + count]
    trace = np.log(residue * residue + 1).mean(axis=0)
    trace -= cv2.blur(trace[None], (SMOOTH_PX, 1))[0]
    phase = np.arange(count) % LARGE_GRID_PX
    trace -= (np.bincount(phase, trace) / np.bincount(phase))[phase].astype(np.float32)
    faded = trace * np.hanning(count + 2)[1:-1]
    power = np.abs(np.fft.rfft(faded, PADDING * count)) ** 2
    wide = np.pad(power, NEAR_BINS, mode="reflect")
    beside = np.median(sliding_window_view(wide, 2 * NEAR_BINS + 1)[:, ::NEXT_BINS], axis=1)
    score = power / (beside / np.log(2) + 1e-9)
    return np.interp(FREQUENCIES, np.arange(len(power)) / (PADDING * count), score)


def _step(rows: np.ndarray, limit: float) -> float:
    """Return by how many nats the power of rows rises at a frequency; below zero for a fall."""
    width = rows.shape[1]
    window = np.hanning(width + 2)[1:-1].astype(np.float32)
    faded = (rows - rows.mean(axis=1, keepdims=True)) * window
    power = (np.abs(np.fft.rfft(faded, axis=1)) ** 2).mean(axis=0)
    bins = (np.arange(len(power)) / width * 64).astype(int).clip(0, 31)
    logs = np.log(np.bincount(bins, power) / np.bincount(bins) + 1e-9)
    centres = (np.arange(32) + 0.5) / 64
    below = (centres > limit - 0.09) & (centres < limit - 0.01)
    above = (centres > limit + 0.02) & (centres < limit + 0.12)
    return float(logs[above].mean() - logs[below].mean())
