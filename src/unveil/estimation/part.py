"""A mosaic on whole pixels that covers a part of a picture, found to the pixel."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from itertools import product

import cv2
import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.degradation import EvenMosaic, Storage
from unveil.estimation.finding import Finding
from unveil.estimation.mosaic import (
    MAX_FLATNESS,
    MAX_FOUND_BLOCK_PX,
    MIN_LINE_JUMP,
    MosaicFit,
    estimate_mosaic,
    jumps,
)
from unveil.images.box import Box
from unveil.images.pixels import ROWS
from unveil.linear.prior import Prior

MAX_PART_FLATNESS = 0.2
"""Jumps inside the blocks of a part, over those between them; JPEG's own blocks have more."""

LINES = 4
"""Neighbouring lines of a grid that are looked at together: fewer stand out by chance."""

MIN_CLARITY = 2.0
"""How far each of them stands out from what is between them."""

PART_BLOCKS_PX = range(3, MAX_FOUND_BLOCK_PX + 1)
"""Of 2 pixels are the blocks of chroma that compression leaves."""

MIN_BLOCKS = 2
"""A mosaic has more than one block each way: jumps between them are what shows it."""

MIN_EVIDENCE_SHARE = 0.5
"""Share of the best block's evidence that a smaller one needs: multiples have nearly as much."""

ROUNDS = 3
"""Rows and columns take turns until they fit; each knows the other better then."""


def of_mosaic(fit: MosaicFit, storage: Storage, box: Box | None) -> Finding:
    """Return the finding of a mosaic on whole pixels."""
    operator, (left, top) = fit.operator, (box.left, box.top) if box else (0, 0)
    size = float(operator.block)
    return Finding(
        operator, storage, 1 - fit.flatness, None, box, "mosaic", size, size, size,
        pitch_px=(size, size), phase_px=(float(left + operator.left), float(top + operator.top)),
    )  # fmt: skip


def find_part(
    image: Array, storage: Storage, prior: Prior, blocks_px: range = PART_BLOCKS_PX
) -> Finding | None:
    """Find a mosaic on whole pixels that covers a part of ``image``; None where there is none.

    Args:
        image: ``1 x 3 x H x W`` in [0,1].
        storage: how it was kept.
        prior: power spectrum of clean photos.
        blocks_px: sizes that a block may have.
    """
    image = to_numpy(image)
    rough = find_mosaic(image, blocks_px)
    if rough is None or not (about := estimate_mosaic(image[..., *rough.place], prior, blocks_px)):
        return None
    box = snap(image, rough, about.operator)
    fit = estimate_mosaic(image[..., *box.place], prior, blocks_px)
    # What only looked like a mosaic has another grid when it is cut out along that.
    if fit is None or fit.operator != type(fit.operator)(about.operator.block):
        return None
    if fit.flatness > MAX_PART_FLATNESS:
        return None
    return of_mosaic(fit, storage, box)


def find_mosaic(image: np.ndarray, blocks_px: range = PART_BLOCKS_PX) -> Box | None:
    """Return about where ``image`` (``1 x 3 x H x W``) holds its clearest mosaic; None for none.

    The box is rough, by a few blocks: to the grid's lines it is brought by :func:`snap`.

    Args:
        image: the picture.
        blocks_px: sizes that a block may have.
    """
    largest = min(image.shape[-2:]) // (LINES + 1)
    blocks = [block for block in blocks_px if block <= largest]
    across = _on_all_lines(jumps(image, -1), blocks)
    down = _on_all_lines(jumps(image, -2).T, blocks)
    found = [
        _clearest(np.minimum(beside, below.T), block)
        for block, beside, below in zip(blocks, across, down, strict=True)
    ]
    most = max((evidence for evidence, _ in found), default=0.0)
    return next(
        (box for evidence, box in found if box and evidence >= MIN_EVIDENCE_SHARE * most), None
    )


def _on_all_lines(jump: np.ndarray, blocks: Sequence[int]) -> list[np.ndarray]:
    """Return how clearly the lines of grids cross the cells of each size: see :func:`_on_lines`."""
    summed = _summed(jump)
    with ThreadPoolExecutor(2) as pool:  # numpy computes on both at once
        return list(pool.map(partial(_on_lines, summed), blocks))


def _summed(jump: np.ndarray) -> np.ndarray:
    """Return the sums of the rows above each row, ``H+1 x W``: bands of any height are cheap."""
    sums = np.zeros((len(jump) + 1, jump.shape[1]))
    for row, more in enumerate(jump):  # numpy's own sum along columns takes nine times as long
        np.add(sums[row], more, out=sums[row + 1])
    return sums


def _on_lines(summed: np.ndarray, block: int) -> np.ndarray:
    """Return how clearly the lines of a grid cross the picture's cells of ``block`` pixels.

    Args:
        summed: the jumps from each pixel to the next in its row, summed by :func:`_summed`,
            ``H+1 x W-1``.
        block: distance of the lines; where the first one is does not matter.

    Returns:
        0 for no grid to 1 for nothing between the lines, ``H // block x W // block``.
    """
    rows, columns = (len(summed) - 1) // block, (summed.shape[1] + 1) // block
    at_cells = summed[: rows * block + 1 : block]
    cells = np.zeros((rows, columns))
    for row in range(0, rows - 1, ROWS):  # strip by strip they take less memory
        first = _clear_lines(at_cells[row : row + ROWS + 2], block)
        for down, right in product((0, 1), range(1, LINES)):  # two rows a band, cells between lines
            part = cells[row + down : row + down + len(first), right : right + first.shape[1]]
            np.maximum(part, first[:, : part.shape[1]], out=part)
    return cells


def _clear_lines(at_cells: np.ndarray, block: int) -> np.ndarray:
    """Return how clearly grids begin in each cell of the bands of two rows of cells.

    Args:
        at_cells: the sums of jumps above each row of cells, and above the end.
        block: side of a cell.
    """
    bands = ((at_cells[2:] - at_cells[:-2]) / (2 * block)).astype(np.float32)
    reach = (LINES - 1) * block
    places = bands.shape[1] - reach  # of the first line
    lines = [bands[:, n * block : n * block + places] for n in range(LINES)]
    on = reduce(np.add, lines) / LINES
    totals = np.cumsum(np.pad(bands, ((0, 0), (1, 0))), axis=1)
    off = (totals[:, reach + 1 :] - totals[:, : -reach - 1] - LINES * on) / (reach - LINES + 1)
    likely = np.nonzero((on > MIN_LINE_JUMP) & (off < MAX_FLATNESS * on))
    clear = np.min([line[likely] for line in lines], axis=0) > MIN_CLARITY * off[likely]
    clarity = np.where(clear, 1 - off[likely] / on[likely], 0)
    first = np.zeros((len(on), -(-places // block)), np.float32)
    np.maximum.at(first, (likely[0], likely[1] // block), clarity)
    return first


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


def snap(image: np.ndarray, rough: Box, operator: EvenMosaic) -> Box:
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


def _cells(grid: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean jumps inside each block of a grid, to the one below and to the one beside it."""
    rows, columns = (side // block for side in grid.shape[-2:])
    across, down = (
        np.pad(jump, pad)[: rows * block, : columns * block].reshape(rows, block, columns, block)
        for jump, pad in (
            (jumps(grid, -1), ((0, 0), (0, 1))),
            (jumps(grid, -2), ((0, 1), (0, 0))),
        )
    )
    inside = across[..., :-1].mean(axis=(1, 3)) + down[:, :-1].mean(axis=(1, 3))
    return inside / 2, down[:, -1].mean(axis=-1), across[..., -1].mean(axis=1)


def _flat(inside: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Say of each strip of blocks, a column of the arguments, whether it is of the mosaic."""
    flat: np.ndarray = inside.mean(axis=0) < MAX_FLATNESS * between.mean(axis=0)
    return flat


def _range(start: int, length: int, block: int) -> slice:
    """Return the whole blocks in a range of pixels."""
    first = -(-max(start, 0) // block)
    return slice(first, max((start + length) // block, first + MIN_BLOCKS))


def _run(is_part: np.ndarray, known: slice) -> slice:
    """Return the run of strips that has most in common with the known one; gaps of one are closed.

    A gap is a strip of one colour: nothing jumps there, which says nothing.
    """
    parts = np.flatnonzero(is_part)
    runs = np.split(parts, np.flatnonzero(np.diff(parts) > 2) + 1)
    best = max(runs, key=lambda run: np.count_nonzero((run >= known.start) & (run < known.stop)))
    return known if len(best) < MIN_BLOCKS else slice(int(best[0]), int(best[-1]) + 1)
