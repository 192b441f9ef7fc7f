"""YUV to RGB and back, by the range and the matrix that the stream declares.

Subsampled chroma is upsampled by repetition and downsampled by the mean. The second inverts the
first, so that an unchanged frame stays unchanged, and an obfuscated part holds no chroma of the
original.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

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

    def to_rgb(self, planes: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Tensor:
        """Return RGB, ``1 x 3 x H x W`` float32, clipped to [0,1].

        Args:
            planes: luma, ``H x W``, and the two chroma planes with the same top left corner.
        """
        black, white, middle, ends = self._levels
        red, green, blue = self._shares
        luma, of_blue, of_red = (
            torch.from_numpy(plane.astype(np.float32, order="C")) for plane in planes
        )
        of_blue.sub_(middle).mul_(2 * (1 - blue) / ends)
        of_red.sub_(middle).mul_(2 * (1 - red) / ends)
        of_green = (red * of_red + blue * of_blue).div_(-green)
        luma.sub_(black).div_(white)
        shared = torch.stack([of_red, of_green, of_blue])
        return self._spread(shared, *luma.shape).add_(luma).clamp_(0, 1)[None]

    def _spread(self, shared: Tensor, height: int, width: int) -> Tensor:
        across, down = self.layout.across, self.layout.down
        spread = shared.repeat_interleave(across, dim=-1) if across > 1 else shared
        spread = spread.repeat_interleave(down, dim=-2) if down > 1 else spread
        return spread[:, :height, :width]

    def to_samples(self, images: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return luma and the two chroma planes of RGB, ``1 x 3 x H x W`` in [0,1]."""
        black, white, middle, ends = self._levels
        red, green, blue = self._shares
        shares = images.new_tensor([red, green, blue])
        luma = torch.tensordot(shares, images[0], dims=1)
        few = F.avg_pool2d(images, (self.layout.down, self.layout.across), ceil_mode=True)[0]
        grey = torch.tensordot(shares, few, dims=1)
        of_blue = (few[2] - grey).mul_(ends / (2 * (1 - blue))).add_(middle)
        of_red = (few[0] - grey).mul_(ends / (2 * (1 - red))).add_(middle)
        luma.mul_(white).add_(black)
        return self._rounded(luma), self._rounded(of_blue), self._rounded(of_red)

    def _rounded(self, plane: Tensor) -> np.ndarray:
        top = (1 << self.layout.bits) - 1
        levels = plane.round_().clamp_(0, top).numpy()
        return levels.astype(self.layout.sample)
