"""Batches of frames: a network processes a batch faster than single frames."""

from collections.abc import Callable, Iterator

import numpy as np

CHUNK_PIXELS = 4_000_000
MAX_FRAMES = 16


def chunk_length(width: int, height: int) -> int:
    """Return the number of frames of this size in a batch."""
    return max(min(CHUNK_PIXELS // (width * height), MAX_FRAMES), 1)


def in_chunks(
    change: Callable[[np.ndarray, int], np.ndarray], length: int
) -> Callable[[Iterator[np.ndarray]], Iterator[np.ndarray]]:
    """Return a step that changes pictures ``length`` at a time.

    Args:
        change: takes frames, ``T x 3 x H x W`` in [0,1], and the index of the first of them in the
            clip; returns the same number of frames.
        length: size of a batch; the last one may be smaller.
    """

    def step(images: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        chunk: list[np.ndarray] = []
        first = 0
        for image in images:
            chunk.append(image)
            if len(chunk) == length:
                yield from one_by_one(change(_joined(chunk), first))
                first, chunk = first + length, []
        if chunk:
            yield from one_by_one(change(_joined(chunk), first))

    return step


def _joined(chunk: list[np.ndarray]) -> np.ndarray:
    return chunk[0] if len(chunk) == 1 else np.concatenate(chunk)


def one_by_one(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield pictures, ``T x 3 x H x W``, as ``1 x 3 x H x W`` each."""
    for number in range(len(images)):
        yield images[number : number + 1]
