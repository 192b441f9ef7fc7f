"""Drawn numbers."""

import numpy as np


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Return whether something of this probability happens."""
    return bool(rng.random() < probability)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number from ``low`` to ``high``."""
    return float(rng.uniform(low, high))


def log_between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number from ``low`` to ``high``, as likely in each part of a given ratio."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
