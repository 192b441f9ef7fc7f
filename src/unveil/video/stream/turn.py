"""Rotation and mirroring of coded frames by the display matrix.

A phone in portrait orientation records landscape frames and a display matrix that rotates them.
Frames are processed upright, as displayed; the output is coded as the source was, with the same
matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unveil.images.box import Box


@dataclass(frozen=True)
class Turn:
    """The transform from a coded to an upright frame: a transposition, then mirroring.

    Attributes:
        transposed: whether rows and columns are swapped.
        across: whether left and right are swapped.
        down: whether top and bottom are swapped.
    """

    transposed: bool = False
    across: bool = False
    down: bool = False

    @property
    def _mirrored(self) -> tuple[int, ...]:
        return tuple(axis for axis, is_so in ((-1, self.across), (-2, self.down)) if is_so)

    def upright(self, images: np.ndarray) -> np.ndarray:
        """Return coded pictures, ``... x H x W``, as the viewer sees them."""
        return np.flip(images.mT if self.transposed else images, self._mirrored)

    def coded(self, images: np.ndarray) -> np.ndarray:
        """Undo :meth:`upright`."""
        flipped = np.flip(images, self._mirrored)
        return flipped.mT if self.transposed else flipped

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Convert width and height from coded to upright, or from upright to coded."""
        return (height, width) if self.transposed else (width, height)

    def coded_box(self, box: Box, width: int, height: int) -> Box:
        """Return a box of the upright frame, ``width x height``, in coded coordinates."""
        left = width - box.left - box.width if self.across else box.left
        top = height - box.top - box.height if self.down else box.top
        if self.transposed:
            return Box(top, left, box.height, box.width)
        return Box(left, top, box.width, box.height)


def turn_of(matrix: Sequence[int] | None) -> Turn:
    """Return the transform of a display matrix (FFmpeg's nine numbers, row by row).

    A matrix other than a rotation by multiples of 90 degrees or a reflection is ignored here, and
    only passed on to the player.
    """
    if matrix is None:
        return Turn()
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if a and d and not b and not c:
        return Turn(across=a < 0, down=d < 0)
    if b and c and not a and not d:
        return Turn(transposed=True, across=c < 0, down=b < 0)
    return Turn()
