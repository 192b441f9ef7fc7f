"""The power of a plane by frequency: summed in rings of the plane of frequencies."""

from functools import lru_cache

import numpy as np

from unveil.estimation.polar import LAYOUTS

RINGS = 28
LOWEST, HIGHEST = 0.006, 0.5
"""Frequencies of the rings, in cycles a pixel."""

MIN_POWER = 1e-3


@lru_cache(maxsize=LAYOUTS)
def _layout(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ring of each frequency, how many each holds, and a Hann window."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    radius = np.hypot(rows, columns)
    edges = np.exp(np.linspace(np.log(LOWEST), np.log(HIGHEST), RINGS + 1))
    ring = np.digitize(radius, edges) - 1
    # Below about two waves in the window, the window itself shows.
    is_in = (ring >= 0) & (ring < RINGS) & (radius > 1.8 / min(height, width))
    number = np.where(is_in, ring, RINGS).ravel()
    window = np.outer(*(np.hanning(size + 2)[1:-1] for size in (height, width)))
    return number, np.bincount(number, minlength=RINGS + 1)[:-1], window.astype(np.float32)


def power(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the power in each ring of a plane, summed, and the number of summands."""
    number, held, window = _layout(*part.shape)
    faded = (part - (part * window).sum() / window.sum()) * window
    squares = np.abs(np.fft.rfft2(faded)) ** 2 / (window**2).sum()
    return np.bincount(number, weights=squares.ravel(), minlength=RINGS + 1)[:-1], held


def by_ring(sums: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean power by ring, and which rings are there; others are between neighbours."""
    have = held > 0
    places = np.arange(RINGS)
    return np.interp(places, places[have], sums[have] / held[have]), have


def scaled(logarithm: np.ndarray) -> np.ndarray:
    """Return logarithms of power as numbers of about unit size."""
    return (logarithm - 3) / 4
