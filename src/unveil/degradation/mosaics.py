"""Mosaics: every square block of a grid has one colour. Needs no torch."""

import math
from dataclasses import dataclass
from typing import ClassVar

from unveil.degradation.spec import Spec
from unveil.errors import UsageError

MAX_BLOCK_PX = 4096


@dataclass(frozen=True)
class Pixelate(Spec):
    """Mosaic of means: every block takes the mean of its pixels.

    Args:
        block: side of the square blocks in pixels, 1 to ``MAX_BLOCK_PX``.
        left: column of the first grid line, from 0 (the image's edge) to ``block - 1``.
        top: row of the first grid line, in the same range.

    Blocks cut by the image's edge are smaller and take the mean of the pixels they have.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(Pixelate(block=8, left=3))
        'pixelate:block=8,left=3,top=0'
    """

    name: ClassVar[str] = "pixelate"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "block per face width"

    block: int = 8
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        _check_grid(self)

    def strength(self, face_px: float) -> float:
        """Return the block's side in face widths."""
        return self.block / face_px

    def differs_from(self, other: object) -> float:
        """Return 0 for a mosaic with blocks of the same size, whatever its phase; else infinity."""
        return _block_distance(self, other)

    def __str__(self) -> str:
        return _grid_text(self)


@dataclass(frozen=True)
class Sample(Spec):
    """Mosaic of nearest-neighbour scaling: every block takes the colour of its top-left pixel.

    Args:
        block: side of the square blocks in pixels, 1 to ``MAX_BLOCK_PX``.
        left: column of the first grid line, from 0 (the image's edge) to ``block - 1``.
        top: row of the first grid line, in the same range.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(Sample(block=20))
        'sample:block=20'
    """

    name: ClassVar[str] = "sample"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "block per face width"

    block: int = 8
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        _check_grid(self)

    def strength(self, face_px: float) -> float:
        """Return the block's side in face widths."""
        return self.block / face_px

    def differs_from(self, other: object) -> float:
        """Return 0 for a mosaic with blocks of the same size, whatever its phase; else infinity."""
        return _block_distance(self, other)

    def __str__(self) -> str:
        return _grid_text(self)


Mosaic = Pixelate | Sample


def _check_grid(mosaic: Mosaic) -> None:
    name, block, left, top = mosaic.name, mosaic.block, mosaic.left, mosaic.top
    if not 1 <= block <= MAX_BLOCK_PX:
        raise UsageError(f"{name}: block={block} must be from 1 to {MAX_BLOCK_PX} pixels.")
    if not (0 <= left < block and 0 <= top < block):
        raise UsageError(f"{name}: left={left} and top={top} must be from 0 to {block - 1}.")


def _block_distance(mosaic: Mosaic, other: object) -> float:
    return 0.0 if isinstance(other, Mosaic) and other.block == mosaic.block else math.inf


def _grid_text(mosaic: Mosaic) -> str:
    phase = f",left={mosaic.left},top={mosaic.top}" if mosaic.left or mosaic.top else ""
    return f"{mosaic.name}:block={mosaic.block}{phase}"
