"""What a region's pixels say of how it was hidden, as numbers for the classifier.

Most of them are a spectrum: the logarithm of the power in rings of the plane of frequencies. A blur
makes it fall, and what a codec or noise added stands above where the blur left nothing. Beside it
stand the likeliest blur of each kind, the spectra of colour and of the region's surroundings, the
mosaic's comb, an earlier JPEG, and how pixels differ from their neighbours, by which a median and a
fill are known.
"""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from unveil.estimation.blur_kinds import TRIED, KindFits, fit_kinds
from unveil.estimation.comb import Comb, find_comb
from unveil.estimation.jpeg_history import JpegHistory, log_odds_of_part
from unveil.estimation.polar import polar_spectrum
from unveil.estimation.regions import box_of
from unveil.estimation.rings import MIN_POWER, RINGS, by_ring, power, scaled
from unveil.estimation.surroundings import Surroundings
from unveil.images.box import Box
from unveil.images.pixels import brightness

MAX_SIDE_PX = 192
"""Of a larger region, the middle is looked at."""

MIN_SIDE_PX = 10
SCALES = 4
PERIODS_PX = (4, 8, 16)
HALF_LEVEL = 0.5
CELLS = 64
"""Cells along the longer side, by which the largest rectangle of a mask is found."""

RECTANGLES = 128
"""Masks whose largest rectangle is remembered: the boxes of faces are all inside, and alike."""


_FITS, _OF_FIT = 4 * RINGS, 5
_COMB = _FITS + _OF_FIT * (len(TRIED) + 1) + 2 + RINGS + 1 + 3 * SCALES
_WIDTH = _FITS + 3
WIDTH_PLACES = {
    "gaussian": (_WIDTH + _OF_FIT * len(TRIED), 1),
    "median": (_WIDTH + _OF_FIT * TRIED.index("tailed"), 1),
    "disk": (_WIDTH + _OF_FIT * TRIED.index("disk"), 1),
    "box": (_WIDTH + _OF_FIT * TRIED.index("box"), 1),
    "motion": (_WIDTH + _OF_FIT * TRIED.index("motion"), 1),
    "mosaic": (_COMB + 1, 3),
}
"""Which feature is the likeliest log width of a kind, and its unit."""


class Features(NamedTuple):
    """What was found.

    Attributes:
        values: 1-D float32, of about unit size.
        box: the rectangle of the region that was looked at.
        comb: the likeliest grid of a mosaic; None where there is no room for one.
        fits: the likeliest blur of each kind.
        flat_share: share of the neighbouring pixels without a step between them: drawings.
        history: the JPEG compression that the region itself went through.
    """

    values: np.ndarray
    box: Box
    comb: Comb | None
    fits: KindFits
    flat_share: float
    history: JpegHistory | None


def features(
    pixels: np.ndarray,
    mask: np.ndarray,
    history: JpegHistory | None,
    around: Surroundings | None = None,
) -> Features | None:
    """Return the features of a region; None where it is smaller than ``MIN_SIDE_PX``.

    Args:
        pixels: the picture, ``H x W x 3`` uint8.
        mask: the region, ``H x W`` bool.
        history: an earlier JPEG compression of the picture.
        around: the picture, as what looks around regions; None to make it.
    """
    outer = box_of(mask)
    inside = _middle(largest_rectangle(mask[outer.place]))
    box = replace(inside, left=inside.left + outer.left, top=inside.top + outer.top)
    if min(box.width, box.height) < MIN_SIDE_PX:
        return None
    part, colors = brightness(pixels[box.place]), pixels[box.place].astype(np.float32)
    comb = find_comb(pixels, mask)
    own = history if history and log_odds_of_part(part, box, history) >= 0 else None
    fits = fit_kinds(polar_spectrum(part, own))
    values = np.concatenate(
        [
            *_log_spectrum(part),
            *(_log_spectrum(colors[..., c] - part)[0] for c in (0, 2)),
            _of_fits(fits),
            (around or Surroundings(pixels)).spectrum(mask),
            _differences(part),
            _of_comb(comb),
            _of_history(history, own),
            _of_look(part, colors),
            _of_blocks(part),
        ]
    )
    flat_share = float((np.abs(np.diff(part, axis=1)) < HALF_LEVEL).mean())
    return Features(values.astype(np.float32), box, comb, fits, flat_share, own)


def largest_rectangle(mask: np.ndarray) -> Box:
    """Return about the largest rectangle inside a mask, squares preferred.

    Args:
        mask: ``H x W`` bool.
    """
    cell = max(1, -(-max(mask.shape) // CELLS))
    rows, columns = (size // cell for size in mask.shape)
    cut = mask[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
    found = _largest(cut.all(axis=(1, 3)).tobytes(), rows, columns)
    return Box(*(side * cell for side in found))


@lru_cache(maxsize=RECTANGLES)
def _largest(inside: bytes, rows: int, columns: int) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the largest rectangle, in cells.

    Args:
        inside: which cells are in the mask, ``rows x columns`` bool.
        rows: of cells.
        columns: of cells.
    """
    cells = np.frombuffer(inside, bool).reshape(rows, columns)
    best, found = 0.0, (0, 0, 0, 0)
    heights = np.zeros(columns + 1, int)  # the last column ends all rectangles
    for row in range(rows):
        heights[:columns] = np.where(cells[row], heights[:columns] + 1, 0)
        begun: list[tuple[int, int]] = []
        for column, height in enumerate(heights.tolist()):
            start = column
            while begun and begun[-1][1] >= height:
                start, tall = begun.pop()
                wide = column - start
                size = tall * wide * min(1.0, 3 * min(tall, wide) / max(tall, wide, 1))
                if size > best:
                    best, found = size, (start, row - tall + 1, wide, tall)
            begun.append((start, height))
    return found


def _middle(box: Box) -> Box:
    width, height = min(box.width, MAX_SIDE_PX), min(box.height, MAX_SIDE_PX)
    left, top = box.left + (box.width - width) // 2, box.top + (box.height - height) // 2
    return Box(left, top, width, height)


def _log_spectrum(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the log of the mean power by ring, and which rings are there.

    A ring that a small region does not have gets the value between its neighbours.
    """
    ring, have = by_ring(*power(part))
    return scaled(np.log(ring + MIN_POWER)), have


def _differences(part: np.ndarray) -> np.ndarray:
    """Return tail, share of zeros and size of the steps between neighbours at several scales."""
    found = np.zeros((SCALES, 3))
    for scale in range(SCALES):
        if min(part.shape) < MIN_SIDE_PX // 2:
            break
        step = np.concatenate([np.diff(part, axis=axis).ravel() for axis in (0, 1)])
        power = (step**2).mean() + MIN_POWER
        tail = np.log((step**4).mean() / power**2 + 1) - 1
        found[scale] = tail, (np.abs(step) < HALF_LEVEL).mean(), np.log(power) / 5
        part = cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return found.ravel()


def _of_fits(fits: KindFits) -> np.ndarray:
    """Return how likely each blur is beside none and the best, its width, and the noise."""
    best = max(fit.gain_nats for fit in fits.kinds.values())
    rows = [
        [
            np.sign(fit.gain_nats) * np.log1p(abs(fit.gain_nats)) / 4,
            fit.gain_nats / fits.held * 5,
            np.log1p(best - fit.gain_nats) / 3,
            fit.log_width,
            fit.spread * 4,
        ]
        for fit in (*fits.kinds.values(), fits.gaussian)
    ]
    return np.append(np.array(rows).ravel(), [np.log(fits.noise) / 4, np.log(fits.held) / 8])


def _of_comb(comb: Comb | None) -> np.ndarray:
    if comb is None:
        return np.zeros(6)
    axes = (comb.across, comb.down)
    pitch = np.log([axis.pitch_px for axis in axes]).mean() / 3
    scores = [axis.score / 3 - 1 for axis in axes]
    flat = [np.log(axis.flatness + 0.02) / 2 for axis in axes]
    return np.array([comb.score / 5 - 1, pitch, *scores, *flat])


def _of_history(whole: JpegHistory | None, own: JpegHistory | None) -> np.ndarray:
    """Return score and quality of the picture's JPEG compression, and those of the region's."""
    values = [
        value
        for one in (whole, own)
        for value in ((np.log1p(one.score_nats) / 10, one.quality / 100) if one else (0.0, 1.0))
    ]
    return np.array(values)


def _of_look(part: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Return size, shape and contrast of the rectangle, and the share of its commonest level."""
    height, width = part.shape
    commonest = np.bincount(np.rint(part).astype(int).ravel()).max() / part.size
    spread = [part.std() / 30, (colors - part[..., None]).std() / 15]
    return np.array([np.log(height * width) / 10, np.log(height / width), commonest, *spread])


def _of_blocks(part: np.ndarray) -> np.ndarray:
    """Return how far the steps at every 4th, 8th and 16th pixel stand out: codecs' blocks."""
    found = []
    for axis in (0, 1):
        step = np.abs(np.diff(part, axis=axis)).mean(axis=1 - axis)
        rest = step - cv2.blur(step[:, None], (1, 9))[:, 0]
        for period in PERIODS_PX:
            rows = len(rest) // period
            mean = rest[: rows * period].reshape(rows, period).mean(axis=0) if rows else np.zeros(1)
            found.append(float(mean.max()) / (float(rest.std()) + MIN_POWER) * np.sqrt(rows) / 4)
    return np.array(found)
