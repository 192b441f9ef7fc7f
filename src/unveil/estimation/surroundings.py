"""The surroundings of a region: the spectrum of the busiest windows of the picture around it."""

from functools import cached_property

import cv2
import numpy as np

from unveil.estimation.rings import MIN_POWER, RINGS, by_ring, power, scaled
from unveil.images.pixels import brightness

WINDOW_PX, WINDOWS = 48, 6
"""Side and number of the windows that are looked through."""

STEPS = 16
"""Distance of windows, as a share of the picture's shorter side, where half a window is less."""


class Surroundings:
    """Looks around regions of one picture; what many regions need is computed once.

    Args:
        pixels: ``H x W x 3`` uint8.
    """

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels = pixels
        self._powers: dict[int, np.ndarray] = {}

    def spectrum(self, mask: np.ndarray) -> np.ndarray:
        """Return the spectrum of the busiest windows without a hidden pixel, and whether there are.

        Args:
            mask: the region, ``H x W`` bool.
        """
        if not len(self._places):
            return np.zeros(RINGS + 1)
        sums = cv2.integral(mask.astype(np.uint8))
        top, left = self._places.T
        bottom, right = top + WINDOW_PX, left + WINDOW_PX
        hidden = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        free = np.flatnonzero(hidden == 0)
        if not len(free):
            return np.zeros(RINGS + 1)
        busiest = free[np.argsort(self._variances[free], kind="stable")[-WINDOWS:]].tolist()
        sums = np.add.reduce([self._power(number) for number in busiest])
        ring, _ = by_ring(sums, self._held * len(busiest))
        return np.append(scaled(np.log(ring + MIN_POWER)), 1)

    @cached_property
    def _places(self) -> np.ndarray:
        """Top and left of each window, ``N x 2``."""
        height, width = self._pixels.shape[:2]
        step = max(WINDOW_PX // 2, min(height, width) // STEPS)
        rows, columns = (range(0, side - WINDOW_PX + 1, step) for side in (height, width))
        return np.array([(top, left) for top in rows for left in columns], int).reshape(-1, 2)

    @cached_property
    def _variances(self) -> np.ndarray:
        """How busy each window is, ``N``."""
        return np.array([float(self._window(number).var()) for number in range(len(self._places))])

    @cached_property
    def _held(self) -> np.ndarray:
        """How many frequencies of a window each ring holds."""
        return power(self._window(0))[1]

    def _window(self, number: int) -> np.ndarray:
        top, left = self._places[number]
        return brightness(self._pixels[top : top + WINDOW_PX, left : left + WINDOW_PX])

    def _power(self, number: int) -> np.ndarray:
        if number not in self._powers:
            self._powers[number] = power(self._window(number))[0]
        return self._powers[number]
