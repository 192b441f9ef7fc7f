"""Logarithms of odds."""

import numpy as np

CLIPPED_CHANCE = 1e-3


def log_odds(chance: np.ndarray | float) -> np.ndarray:
    """Return the logarithm of the odds of chances, kept finite."""
    kept = np.clip(chance, CLIPPED_CHANCE, 1 - CLIPPED_CHANCE)
    odds: np.ndarray = np.log(kept / (1 - kept))
    return odds
