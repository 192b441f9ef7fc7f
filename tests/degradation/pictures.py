"""Random pictures for the laws of operators."""

import numpy as np

SIZES = [(112, 112), (37, 50), (8, 200), (2, 3)]


def images(height: int, width: int, dtype: type = np.float64) -> np.ndarray:
    draws = np.random.default_rng(height * 1000 + width)
    return draws.random((2, 3, height, width), dtype=dtype)


def others(height: int, width: int) -> np.ndarray:
    """Not the same in another order: inner products would agree whatever the operator."""
    return np.random.default_rng(width * 1000 + height + 1).random((2, 3, height, width))
