"""Mosaics: every block of a grid has one colour. Needs no torch."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from unveil.degradation.numbers import number
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

    @property
    def across(self) -> int:
        """Width of a block in pixels."""
        return self.block

    @property
    def down(self) -> int:
        """Height of a block in pixels."""
        return self.block

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

    @property
    def across(self) -> int:
        """Width of a block in pixels."""
        return self.block

    @property
    def down(self) -> int:
        """Height of a block in pixels."""
        return self.block

    def strength(self, face_px: float) -> float:
        """Return the block's side in face widths."""
        return self.block / face_px

    def differs_from(self, other: object) -> float:
        """Return 0 for a mosaic with blocks of the same size, whatever its phase; else infinity."""
        return _block_distance(self, other)

    def __str__(self) -> str:
        return _grid_text(self)


@dataclass(frozen=True, init=False)
class UnevenPixelate(Spec):
    """Mosaic of means whose blocks are not whole pixels wide: scaled to a few pixels and back.

    Along a row the blocks begin at ``left + k * across``, along a column at ``top + k * down``, for
    whole ``k``. A block is the mean of the pixels whose centres lie in it, so that borders are
    rounded to pixels and blocks differ by one. Pillow's and OpenCV's nearest-neighbour scaling
    from few pixels draws such blocks; from the centres of pixels (Pillow) ``left`` is 0, from
    their corners (OpenCV) a half.

    Args:
        across: mean width of the blocks in pixels, 1 to ``MAX_BLOCK_PX``.
        down: their mean height (default: ``across``).
        left: where a block begins along a row, from 0 (the image's edge) to below ``across``.
        top: where a block begins along a column, from 0 to below ``down``.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(UnevenPixelate(7.47, down=7.5, top=2.1))
        'blocks:across=7.47,down=7.5,left=0,top=2.1'
    """

    name: ClassVar[str] = "blocks"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "block per face width"

    across: float
    down: float
    left: float
    top: float

    def __init__(
        self, across: float = 7.5, down: float | None = None, left: float = 0.0, top: float = 0.0
    ) -> None:
        down = across if down is None else down
        for side, start in (("across", "left"), ("down", "top")):
            pitch, place = (across, left) if side == "across" else (down, top)
            if not 1 <= pitch <= MAX_BLOCK_PX:
                raise UsageError(
                    f"blocks: {side}={pitch:g} must be from 1 to {MAX_BLOCK_PX} pixels."
                )
            if not 0 <= place < pitch:
                raise UsageError(f"blocks: {start}={place:g} must be from 0 to below {side}.")
        values = {"across": across, "down": down, "left": left, "top": top}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def whole(self) -> Pixelate | None:
        """The same mosaic with blocks of whole pixels, if it has square ones."""
        parts = (self.across, self.left, self.top)
        if self.down != self.across or any(part != int(part) for part in parts):
            return None
        return Pixelate(*map(int, parts))

    def strength(self, face_px: float) -> float:
        """Return the side of a square as large as a block, in face widths."""
        return math.sqrt(self.across * self.down) / face_px

    def differs_from(self, other: object) -> float:
        """Return the relative difference of widths or heights, whichever is larger.

        The phases are not compared. Infinity for another kind.
        """
        if not isinstance(other, UnevenPixelate):
            return math.inf
        return max(abs(other.across / self.across - 1), abs(other.down / self.down - 1))

    def __str__(self) -> str:
        sides = f"across={number(self.across)},down={number(self.down)}"
        return f"blocks:{sides},left={number(self.left)},top={number(self.top)}"


EvenMosaic = Pixelate | Sample
"""Mosaics with square blocks of whole pixels, ``block`` wide."""

Mosaic = EvenMosaic | UnevenPixelate
"""All state ``across``, ``down``, ``left`` and ``top``."""


def pitch_and_start(mosaic: Mosaic, axis: Literal[-2, -1]) -> tuple[float, float]:
    """Return the side of a block along an axis and where a block begins, in pixels."""
    return (mosaic.down, mosaic.top) if axis == -2 else (mosaic.across, mosaic.left)


def uneven(across: float, down: float, left: float, top: float) -> UnevenPixelate:
    """Return the mosaic of blocks that begin at any column ``left`` and row ``top``.

    Examples:
        >>> str(uneven(7.5, 7.5, -1e-17, 9.0))
        'blocks:across=7.5,down=7.5,left=0,top=1.5'
    """
    # The remainder of a number just below 0 is rounded to the divisor itself.
    x, y = left % across, top % down
    return UnevenPixelate(across, down, x if x < across else 0.0, y if y < down else 0.0)


def moved(mosaic: Mosaic, right_px: int, down_px: int) -> Mosaic:
    """Return a mosaic with its grid moved by whole pixels.

    Examples:
        >>> str(moved(Pixelate(8, 3), 7, 0))
        'pixelate:block=8,left=2,top=0'
    """
    left, top = mosaic.left + right_px, mosaic.top + down_px
    if isinstance(mosaic, UnevenPixelate):
        return uneven(mosaic.across, mosaic.down, left, top)
    return replace(mosaic, left=int(left) % mosaic.block, top=int(top) % mosaic.block)


def _check_grid(mosaic: EvenMosaic) -> None:
    name, block, left, top = mosaic.name, mosaic.block, mosaic.left, mosaic.top
    if not 1 <= block <= MAX_BLOCK_PX:
        raise UsageError(f"{name}: block={block} must be from 1 to {MAX_BLOCK_PX} pixels.")
    if not (0 <= left < block and 0 <= top < block):
        raise UsageError(f"{name}: left={left} and top={top} must be from 0 to {block - 1}.")


def _block_distance(mosaic: EvenMosaic, other: object) -> float:
    return 0.0 if isinstance(other, EvenMosaic) and other.block == mosaic.block else math.inf


def _grid_text(mosaic: EvenMosaic) -> str:
    phase = f",left={mosaic.left},top={mosaic.top}" if mosaic.left or mosaic.top else ""
    return f"{mosaic.name}:block={mosaic.block}{phase}"
