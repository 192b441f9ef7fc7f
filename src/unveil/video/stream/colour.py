"""YUV to RGB and back, by the range and the matrix that the stream declares.

Subsampled chroma is upsampled by repetition and downsampled by the mean. The second inverts the
first, so that an unchanged frame stays unchanged, and an obfuscated part holds no chroma of the
original.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from unveil.video.stream.layout import Layout

WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
"""Weights of red and blue in luma by the number of the matrix (ITU-T H.273, table 4)."""

BT709, BT601, UNKNOWN = 1, 6, 2
HIGH_DEFINITION_PX = (1280, 577)
"""Width or height from which a stream that declares no matrix is BT.709, as players assume."""


def guess_matrix(number: int, width: int, height: int) -> int:
    """Return ``number`` if it is a known matrix, else the matrix that players assume."""
    if number in WEIGHTS:
        return number
    large = width >= HIGH_DEFINITION_PX[0] or height >= HIGH_DEFINITION_PX[1]
    return BT709 if large else BT601


@dataclass(frozen=True)
class Colour:
    """A YUV colour encoding.

    Attributes:
        layout: bit depth and chroma subsampling.
        matrix: number of the matrix, a key of ``WEIGHTS``.
        full: whether the samples have full range; else limited range.
    """

    layout: Layout
    matrix: int
    full: bool

    @cached_property
    def _levels(self) -> tuple[float, float, float, float]:
        """Return the level of black, the luma range, the chroma midpoint and the chroma range."""
        unit = float(1 << (self.layout.bits - 8))
        if self.full:
            top = float((1 << self.layout.bits) - 1)
            return 0.0, top, 128 * unit, top
        return 16 * unit, 219 * unit, 128 * unit, 224 * unit

    @cached_property
    def _shares(self) -> tuple[float, float, float]:
        red, blue = WEIGHTS[self.matrix]
        return red, 1 - red - blue, blue

    def to_rgb(self, planes: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        """Return colours, ``1 x 3 x H x W`` float32 in [0,1]; what lies beyond is clipped.

        Args:
            planes: luma, ``H x W``, and the two chroma planes with the same top left corner.
        """
        black, white, middle, ends = self._levels
        red, green, blue = self._shares
        luma, of_blue, of_red = (plane.astype(np.float32, order="C") for plane in planes)
        luma -= black
        luma /= white
        of_blue = (of_blue - middle) * (2 * (1 - blue) / ends)
        of_red = (of_red - middle) * (2 * (1 - red) / ends)
        of_green = (red * of_red + blue * of_blue) / -green
        shared: list[np.ndarray] = [of_red, of_green, of_blue]
        colours = np.empty((3, *luma.shape), np.float32)
        for colour, few in zip(colours, shared, strict=True):
            np.add(self._spread(few, *luma.shape), luma, out=colour)
        return np.clip(colours, 0, 1, out=colours)[None]

    def _spread(self, shared: np.ndarray, height: int, width: int) -> np.ndarray:
        across, down = self.layout.across, self.layout.down
        spread = shared.repeat(across, axis=1) if across > 1 else shared
        spread = spread.repeat(down, axis=0) if down > 1 else spread
        return spread[:height, :width]

    def _shared(self, images: np.ndarray) -> np.ndarray:
        """Return the means of pixels that share their chroma; the edge may have fewer."""
        across, down = self.layout.across, self.layout.down
        height, width = images.shape[-2:]
        if height % down or width % across:
            beyond = (0, 0), (0, -height % down), (0, -width % across)
            images = np.pad(images, beyond, "edge")
        few = self.layout.chroma_size(height, width)[::-1]
        return np.stack([cv2.resize(plane, few, interpolation=cv2.INTER_AREA) for plane in images])

    def to_samples(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the samples of colours, ``1 x 3 x H x W`` in [0,1]: luma and two of chroma."""
        black, white, middle, ends = self._levels
        red, _, blue = self._shares
        shares = np.array(self._shares, images.dtype)
        luma = np.tensordot(shares, images[0], axes=1)
        few = self._shared(images[0])
        grey = np.tensordot(shares, few, axes=1)
        of_blue = (few[2] - grey) * (ends / (2 * (1 - blue))) + middle
        of_red = (few[0] - grey) * (ends / (2 * (1 - red))) + middle
        return self._rounded(luma * white + black), self._rounded(of_blue), self._rounded(of_red)

    def _rounded(self, plane: np.ndarray) -> np.ndarray:
        top = (1 << self.layout.bits) - 1
        return plane.round().clip(0, top).astype(self.layout.sample)
