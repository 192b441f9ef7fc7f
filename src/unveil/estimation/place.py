"""Where in a photo a mosaic is: where pixels jump at the lines of a grid, and not between."""

from functools import reduce
from itertools import product

import cv2
import numpy as np
from torch import Tensor

from unveil.degradation import Mosaic
from unveil.estimation.mosaic import FLAT, LARGEST_BLOCK_PX, LEAST_STEP, jumps
from unveil.images.box import Box

LINES = 4
"""Neighbouring lines of a grid that are looked at together: fewer stand out by chance."""

CLEAR = 2.0
"""How far each of them stands out from what is between them."""

BLOCKS_PX = range(3, LARGEST_BLOCK_PX + 1)
"""Of 2 pixels are the blocks of chroma that compression leaves."""

LEAST_BLOCKS = 2
"""A mosaic has more than one block each way: jumps between them are what shows it."""

HALF = 0.5
"""Share of the best block's evidence that a smaller one needs: multiples have nearly as much."""

ROUNDS = 3
"""Rows and columns take turns until they fit; each knows the other better then."""


def find_mosaic(image: Tensor, blocks_px: range = BLOCKS_PX) -> Box | None:
    """Return about where ``image`` (``1 x 3 x H x W``) holds its clearest mosaic; None for none.

    The box is rough, by a few blocks: to the grid's lines it is brought by :func:`snap`.

    Args:
        image: the picture.
        blocks_px: sizes that a block may have.
    """
    across, down = jumps(image, -1).numpy(), jumps(image, -2).numpy().T
    largest = min(image.shape[-2:]) // (LINES + 1)
    found = [
        _clearest(np.minimum(_on_lines(across, block), _on_lines(down, block).T), block)
        for block in blocks_px
        if block <= largest
    ]
    most = max((evidence for evidence, _ in found), default=0.0)
    return next((box for evidence, box in found if box and evidence >= HALF * most), None)


def _on_lines(jump: np.ndarray, block: int) -> np.ndarray:
    """Return how clearly the lines of a grid cross the picture's cells of ``block`` pixels.

    Args:
        jump: from each pixel to the next in its row, ``H x W-1``.
        block: distance of the lines; where the first one is does not matter.

    Returns:
        0 for no grid to 1 for nothing between the lines, ``H // block x W // block``.
    """
    rows, columns = jump.shape[0] // block, (jump.shape[1] + 1) // block
    sums = np.add.reduceat(jump[: rows * block], np.arange(rows) * block, axis=0)
    bands = (sums[:-1] + sums[1:]) / (2 * block)
    reach = (LINES - 1) * block
    places = bands.shape[1] - reach  # of the first line
    lines = [bands[:, n * block : n * block + places] for n in range(LINES)]
    on = reduce(np.add, lines) / LINES
    totals = np.cumsum(np.pad(bands, ((0, 0), (1, 0))), axis=1)
    off = (totals[:, reach + 1 :] - totals[:, : -reach - 1] - LINES * on) / (reach - LINES + 1)
    likely = np.nonzero((on > LEAST_STEP) & (off < FLAT * on))
    clear = np.min([line[likely] for line in lines], axis=0) > CLEAR * off[likely]
    clarity = np.zeros_like(on)
    clarity[likely] = np.where(clear, 1 - off[likely] / on[likely], 0)
    first = np.maximum.reduceat(clarity, np.arange(0, places, block), axis=1)
    cells = np.zeros((rows, columns))
    for down, right in product((0, 1), range(1, LINES)):  # two rows a band, cells between lines
        part = cells[down : down + len(first), right : right + first.shape[1]]
        np.maximum(part, first[:, : part.shape[1]], out=part)
    return cells


def _clearest(cells: np.ndarray, block: int) -> tuple[float, Box | None]:
    """Return the evidence for the connected cells that have most of it, and the box around them."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((cells > 0).astype(np.uint8))
    evidence = np.bincount(labels.ravel(), weights=cells.ravel(), minlength=len(stats)) * block**2
    evidence[stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].min(axis=1) < LINES - 1] = 0
    best = int(evidence.argmax())
    if evidence[best] == 0:
        return 0.0, None
    left, top, width, height = (int(side) * block for side in stats[best, : cv2.CC_STAT_AREA])
    return float(evidence[best]), Box(left, top, width, height)


def snap(image: Tensor, rough: Box, operator: Mosaic) -> Box:
    """Return the rectangle of whole blocks about ``rough`` that has the look of the mosaic.

    Args:
        image: ``1 x 3 x H x W``, the whole picture.
        rough: where the mosaic is, within some blocks.
        operator: the mosaic, its grid counted from the corner of ``rough``.
    """
    block = operator.block
    top, left = (rough.top + operator.top) % block, (rough.left + operator.left) % block
    inside, below, beside = _cells(image[..., top:, left:], block)
    rows = _range(rough.top - top, rough.height, block)
    columns = _range(rough.left - left, rough.width, block)
    for _ in range(ROUNDS):
        columns = _run(_flat(inside[rows], below[rows][:-1]), columns)
        rows = _run(_flat(inside[:, columns].T, beside[:, columns].T[:-1]), rows)
    return Box(
        *(left + columns.start * block, top + rows.start * block),
        *((columns.stop - columns.start) * block, (rows.stop - rows.start) * block),
    )


def _cells(grid: Tensor, block: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean jumps inside each block of a grid, to the one below and to the one beside it."""
    rows, columns = (side // block for side in grid.shape[-2:])
    across, down = (
        np.pad(jump.numpy(), pad)[: rows * block, : columns * block].reshape(
            rows, block, columns, block
        )
        for jump, pad in (
            (jumps(grid, -1), ((0, 0), (0, 1))),
            (jumps(grid, -2), ((0, 1), (0, 0))),
        )
    )
    inside = across[..., :-1].mean(axis=(1, 3)) + down[:, :-1].mean(axis=(1, 3))
    return inside / 2, down[:, -1].mean(axis=-1), across[..., -1].mean(axis=1)


def _flat(inside: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Say of each strip of blocks, a column of the arguments, whether it is of the mosaic."""
    flat: np.ndarray = inside.mean(axis=0) < FLAT * between.mean(axis=0)
    return flat


def _range(start: int, length: int, block: int) -> slice:
    """Return the whole blocks in a range of pixels."""
    first = -(-max(start, 0) // block)
    return slice(first, max((start + length) // block, first + LEAST_BLOCKS))


def _run(is_part: np.ndarray, known: slice) -> slice:
    """Return the run of strips that has most in common with the known one; gaps of one are closed.

    A gap is a strip of one colour: nothing jumps there, which says nothing.
    """
    parts = np.flatnonzero(is_part)
    runs = np.split(parts, np.flatnonzero(np.diff(parts) > 2) + 1)
    best = max(runs, key=lambda run: np.count_nonzero((run >= known.start) & (run < known.stop)))
    return known if len(best) < LEAST_BLOCKS else slice(int(best[0]), int(best[-1]) + 1)
