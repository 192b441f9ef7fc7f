"""Mosaics: one colour for each square block."""

from dataclasses import dataclass

from unveil.errors import UsageError

MAX_BLOCK_PX = 4096


@dataclass(frozen=True)
class Pixelate:
    """Mosaic: every block is painted with the mean of its pixels.

    Args:
        block: side of the square block in pixels.
        left: column of the first grid line, from 0 (the image's edge) to ``block - 1``.
        top: row of the first grid line.

    Blocks that the image's edges cut are smaller and take the mean of what they hold.
    """

    block: int = 8
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        _check_grid("pixelate", self.block, self.left, self.top)

    def __str__(self) -> str:
        return _grid_text("pixelate", self.block, self.left, self.top)


@dataclass(frozen=True)
class Sample:
    """Mosaic of nearest-neighbour scaling: every block is painted with its top-left pixel.

    Args:
        block: side of the square block in pixels.
        left: column of the first grid line, from 0 (the image's edge) to ``block - 1``.
        top: row of the first grid line.
    """

    block: int = 8
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        _check_grid("sample", self.block, self.left, self.top)

    def __str__(self) -> str:
        return _grid_text("sample", self.block, self.left, self.top)


Mosaic = Pixelate | Sample


def _check_grid(name: str, block: int, left: int, top: int) -> None:
    if not 1 <= block <= MAX_BLOCK_PX:
        raise UsageError(f"{name}: block={block} must be from 1 to {MAX_BLOCK_PX} pixels.")
    if not (0 <= left < block and 0 <= top < block):
        raise UsageError(f"{name}: left={left} and top={top} must be from 0 to {block - 1}.")


def _grid_text(name: str, block: int, left: int, top: int) -> str:
    return f"{name}:block={block}" + (f",left={left},top={top}" if left or top else "")
