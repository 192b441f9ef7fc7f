"""Batches of frames: a network processes a batch faster than single frames."""

from collections.abc import Iterator

import numpy as np

CHUNK_PIXELS = 4_000_000
MAX_FRAMES = 16


def chunk_length(width: int, height: int) -> int:
    """Return the number of frames of this size in a batch."""
    return max(min(CHUNK_PIXELS // (width * height), MAX_FRAMES), 1)


def one_by_one(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield pictures, ``T x 3 x H x W``, as ``1 x 3 x H x W`` each."""
    for number in range(len(images)):
        yield images[number : number + 1]
