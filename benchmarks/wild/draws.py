"""Random draws that are used everywhere here."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""``H x W x 3``, RGB."""

Mask = NDArray[np.float32]
"""``H x W`` in [0,1]: the share of a pixel that is hidden."""


def chance(rng: np.random.Generator, share: float) -> bool:
    """Return True in this share of the draws."""
    return bool(rng.random() < share)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a uniform draw."""
    return float(rng.uniform(low, high))


def log_between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a draw that is uniform in the logarithm: each doubling is as likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def one_of(rng: np.random.Generator, odds: Mapping[str, float]) -> str:
    """Return a key, with a chance in proportion to its value."""
    weights = np.array(list(odds.values()), float)
    return str(rng.choice(list(odds), p=weights / weights.sum()))
