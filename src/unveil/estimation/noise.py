"""The noise of a picture, from its plainest blocks (N. N. Ponomarenko et al., CADSM 2007).

Blocks are ranked by their low frequencies and measured at the others, so the choice does not bias
the measure. What a codec took away counts as no noise.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

SIDE_PX = 8
RINGS = ((4, 6), (6, 8), (8, 11), (11, 15))
"""Rings of the sum of a coefficient's row and column: from a quarter of the band to its corner."""

PLAIN_SHARE, MIN_BLOCKS = 0.1, 16
DARKEST, BRIGHTEST = 8, 247
"""Mean levels between which noise is not clipped."""

MAX_PIXELS = 1 << 20
ROUNDING = 1 / 12


@dataclass(frozen=True)
class Noise:
    """What was found, in gray levels (standard deviation).

    Attributes:
        levels: in the highest band, without what rounding to 8 bits adds.
        rings: in each of ``RINGS``, lowest first.
    """

    levels: float
    rings: tuple[float, ...]


def find_noise(luma: np.ndarray) -> Noise | None:
    """Measure the noise of a picture; None where no 16 blocks can show any.

    Args:
        luma: ``H x W`` float32 brightness of 255 levels.
    """
    blocks = _blocks(luma)
    means = blocks.mean(axis=1)
    blocks = blocks[(means > DARKEST) & (means < BRIGHTEST) & (np.ptp(blocks, axis=1) > 0)]
    if len(blocks) < MIN_BLOCKS:
        return None
    power = (blocks @ _waves()) ** 2
    order = _orders()
    low = power[:, (order > 0) & (order < RINGS[0][0])].sum(axis=1)
    plain = power[np.argsort(low)[: max(MIN_BLOCKS, round(PLAIN_SHARE * len(power)))]]
    held = [plain[:, (order >= first) & (order < end)].mean() for first, end in RINGS]
    rings = tuple(float(np.sqrt(max(ring - ROUNDING, 0))) for ring in held)
    return Noise(rings[-1], rings)


def _blocks(luma: np.ndarray) -> np.ndarray:
    """Return blocks of all of a picture, ``N x 64``; of a large one, evenly chosen rows of them."""
    rows, columns = (size // SIDE_PX for size in luma.shape)
    cut = luma[: rows * SIDE_PX, : columns * SIDE_PX].reshape(rows, SIDE_PX, columns, SIDE_PX)
    cut = cut[:: 1 + luma.size // MAX_PIXELS]
    return cut.transpose(0, 2, 1, 3).reshape(-1, SIDE_PX**2)


@cache
def _waves() -> np.ndarray:
    cosines = cv2.dct(np.eye(SIDE_PX, dtype=np.float32), flags=cv2.DCT_ROWS).T
    return np.kron(cosines, cosines).T


@cache
def _orders() -> np.ndarray:
    return np.add.outer(np.arange(SIDE_PX), np.arange(SIDE_PX)).ravel()
