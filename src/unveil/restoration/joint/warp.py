"""Pictures in motion: the linear map that moves them, and its adjoint.

A motion is an affine map, ``2 x 3``: where the pixels of a frame come from in the reference frame,
both counted from the middle of the picture, x before y, in pixels. The identity is
:func:`at_rest`.
"""

from dataclasses import dataclass

import numpy as np

from unveil.degradation.filters import fold, keys, mirror, mirror_period

TAPS = 4
"""Cubic interpolation is of so many pixels along each axis."""


def at_rest(count: int) -> np.ndarray:
    """Return motions that move nothing, ``count x 2 x 3``."""
    return np.tile(np.eye(2, 3), (count, 1, 1))


def warp(image: np.ndarray, motions: np.ndarray) -> np.ndarray:
    """Return ``image`` as frames with these motions show it.

    Args:
        image: the reference frame, ``1 x C x H x W``.
        motions: ``T x 2 x 3``.

    Returns:
        ``T x C x H x W``, bicubic; what lies outside is mirrored.
    """
    return Warp.of(motions, *image.shape[-2:]).show(image)


@dataclass(frozen=True)
class Warp:
    """What motions make of an image, as a linear map that is worked out once.

    Each pixel of a frame is a mean of 4 x 4 neighbours of the image with a border of ``pad`` pixels
    around it, mirrored. Weights are Keys' (:func:`unveil.degradation.filters.keys`).

    Attributes:
        pad: width of the border.
        first: index of the top left neighbour in that image, flat, ``T x H x W``.
        across, down: weights of the neighbours' columns and rows, float32 ``4 x T x H x W``.
    """

    pad: int
    first: np.ndarray
    across: np.ndarray
    down: np.ndarray

    @classmethod
    def of(cls, motions: np.ndarray, height: int, width: int) -> "Warp":
        """Return the map of ``motions`` (``T x 2 x 3``) for images of a size."""
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        places = np.moveaxis(sources(motions, height, width) + middle, -1, 0)
        whole = np.floor(places)
        (left, across), (top, down) = (
            (_in_period(first.astype(np.int64), size), _weights(part.astype(np.float32)))
            for first, part, size in zip(whole, places - whole, (width, height), strict=True)
        )
        # The neighbours are one pixel before to two behind.
        outside = (1 - left.min(), left.max() + 3 - width, 1 - top.min(), top.max() + 3 - height)
        pad = max(0, *map(int, outside))
        first = (top - 1 + pad) * (width + 2 * pad) + left - 1 + pad
        return cls(pad, first.astype(np.intp), across, down)

    def show(self, image: np.ndarray) -> np.ndarray:
        """Return the frames, ``T x C x H x W``, of an image, ``1 x C x H x W``."""
        framed = mirror(image, self.pad)
        width, count = framed.shape[-1], len(self.first)
        frames = np.zeros((count, image.shape[1], *image.shape[-2:]), image.dtype)
        for channel, plane in enumerate(framed.reshape(image.shape[1], -1)):
            for row, down in enumerate(self.down):
                mean = np.zeros(down.shape, image.dtype)
                for column, across in enumerate(self.across):
                    mean += across * plane[row * width + column :].take(self.first)
                frames[:, channel] += down * mean
        return frames

    def adjoint(self, frames: np.ndarray) -> np.ndarray:
        """Return what the adjoint of :meth:`show` makes of frames: an image, ``1 x C x H x W``."""
        channels, height, width = frames.shape[1:]
        shape = height + 2 * self.pad, width + 2 * self.pad
        framed = np.zeros((channels, shape[0] * shape[1]), frames.dtype)
        count = framed.shape[1] - (TAPS - 1) * (shape[1] + 1)
        first = self.first.ravel()
        for plane, seen in zip(framed, frames.swapaxes(0, 1), strict=True):
            for row, down in enumerate(self.down):
                part = down * seen
                for column, across in enumerate(self.across):
                    start = row * shape[1] + column
                    sums = np.bincount(first, (across * part).ravel(), count)
                    plane[start : start + count] += sums
        return fold(framed.reshape(1, channels, *shape), self.pad)


def _in_period(index: np.ndarray, size: int) -> np.ndarray:
    """Return indices of a mirrored row of ``size`` pixels, near the row: it repeats itself."""
    before = (mirror_period(size) - size) // 2
    return (index + before) % mirror_period(size) - before


def _weights(parts: np.ndarray) -> np.ndarray:
    """Return the weights of four neighbours of places so far behind the second, ``4 x ...``."""
    return np.stack([keys(distance) for distance in (parts + 1, parts, 1 - parts, 2 - parts)])


def sources(motions: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return where pixels come from, ``T x H x W x 2``: x and y, from the middle."""
    return points(height, width) @ motions[:, None].mT


def points(height: int, width: int) -> np.ndarray:
    """Return x, y and 1 of every pixel, ``1 x H x W x 3``, from the middle of the picture."""
    y, x = (np.arange(size) - (size - 1) / 2 for size in (height, width))
    down, across = np.meshgrid(y, x, indexing="ij")
    return np.stack([across, down, np.ones_like(across)], axis=-1)[None]
