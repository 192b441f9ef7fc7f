"""Arithmetic on pixel arrays, ``H x W`` or ``H x W x C``, uint8 or uint16."""

import numpy as np


def to_8bit(samples: np.ndarray) -> np.ndarray:
    """Return samples in 8 bits: 16-bit ones rounded to the nearest level, 8-bit ones as they are.

    Rounded, not shifted: ``samples >> 8`` is off by a level for a quarter of all 16-bit values.
    """
    return samples if samples.dtype == np.uint8 else np.round(samples / 257).astype(np.uint8)


def on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Lay a photo on white, so that nothing hidden under transparent pixels is left."""
    top = float(np.iinfo(rgb.dtype).max)
    share = alpha[..., None] / top
    return np.round(rgb * share + top * (1 - share)).astype(rgb.dtype)


def upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (1..8)."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)
