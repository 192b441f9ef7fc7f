"""Pictures that are coded lying or mirrored, and that the player turns upright.

A phone held upright films lying pictures and says so in a display matrix. Work is done on what the
viewer sees; what is written is coded as it was, with the same matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unveil.images.box import Box


@dataclass(frozen=True)
class Turn:
    """What makes a coded picture upright: transposed first, then mirrored.

    Attributes:
        transposed: whether rows become columns.
        across: whether left and right change places.
        down: whether top and bottom do.
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
        """Return width and height, upright from coded or the other way round."""
        return (height, width) if self.transposed else (width, height)

    def coded_box(self, box: Box, width: int, height: int) -> Box:
        """Return where a box of the upright picture, ``width x height``, lies in the coded one."""
        left = width - box.left - box.width if self.across else box.left
        top = height - box.top - box.height if self.down else box.top
        if self.transposed:
            return Box(top, left, box.height, box.width)
        return Box(left, top, box.width, box.height)


def turn_of(matrix: Sequence[int] | None) -> Turn:
    """Return what a display matrix (FFmpeg's nine numbers, row by row) does to a picture.

    A matrix that is no quarter turn is left to the player alone.
    """
    if matrix is None:
        return Turn()
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if a and d and not b and not c:
        return Turn(across=a < 0, down=d < 0)
    if b and c and not a and not d:
        return Turn(transposed=True, across=c < 0, down=b < 0)
    return Turn()
