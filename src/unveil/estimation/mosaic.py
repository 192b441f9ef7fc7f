"""The mosaic of a photo: its grid, where pixels jump and where they do not, and its place."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Literal

import cv2
import numpy as np

from unveil.degradation import EvenMosaic, Pixelate, Sample
from unveil.degradation.operators import block_means
from unveil.estimation.likelihood import SLOPES, TAIL_DOF
from unveil.images.box import Box
from unveil.linear.mosaic import shrink_matrix
from unveil.linear.prior import Prior
from unveil.linear.spectral import analyse, basis, frequencies, inverse_basis

MAX_FOUND_BLOCK_PX = 64
BLOCKS_PX = range(2, MAX_FOUND_BLOCK_PX + 1)
MAX_FLATNESS = 0.35
"""A mosaic's pixels jump inside blocks at most this much as often and far as between them."""

MAX_INSIDE = 0.35
"""At no one place inside blocks may they jump more: blocks of 11.3 pixels look like pairs of 23."""

MIN_LINE_JUMP = 3 / 255
"""Mean jump at a mosaic's lines; what JPEG leaves at the borders of its blocks is smaller."""

MIN_LOG_ODDS = 4.0
"""Log odds from which blocks count as sampled: averaging is what most programs do."""

MIN_LINES = 3
MIN_CLEAR_SHARE = 0.75
"""Share of a mosaic's lines that stand out from what is between them."""

JUMP_FLOOR = 0.02 / 255
"""Mean jump that counts as none, in [0,1]: keeps logarithms finite."""


@dataclass(frozen=True)
class MosaicFit:
    """What was found.

    Attributes:
        operator: size and phase of the grid, averaged or sampled.
        jump: mean jump from block to block, in [0,1].
        flatness: mean jump inside blocks over ``jump``; 0 for a perfect mosaic.
    """

    operator: EvenMosaic
    jump: float
    flatness: float


def estimate_mosaic(
    image: np.ndarray, prior: Prior, blocks_px: range = BLOCKS_PX
) -> MosaicFit | None:
    """Find the mosaic of ``image`` (``1 x 3 x H x W`` in [0,1]); None where there is none.

    Args:
        image: the picture, or the part of it that is hidden.
        prior: power spectrum of clean photos.
        blocks_px: sizes that a block may have.
    """
    if min(image.shape[-2:]) < 2 * MIN_LINES:
        return None
    columns, rows = jumps(image, -1).mean(axis=0), jumps(image, -2).mean(axis=1)
    largest = min(len(rows), len(columns)) // MIN_LINES
    fits = {
        block: [_best_phase(profile, block) for profile in (columns, rows)]
        for block in blocks_px
        if block <= largest
    }
    if not fits:
        return None
    block = max(fits, key=lambda size: sum(score for score, _ in fits[size]))
    (_, left), (_, top) = fits[block]
    on, off, clear = _on_and_off([(columns, left), (rows, top)], block)
    if not (off < MAX_FLATNESS * on and on > MIN_LINE_JUMP and clear > MIN_CLEAR_SHARE):
        return None
    if max(_most_inside(columns, block, left), _most_inside(rows, block, top)) > MAX_INSIDE * on:
        return None
    is_sampled = _sampled_odds(image, block, left, top, prior) > MIN_LOG_ODDS
    return MosaicFit((Sample if is_sampled else Pixelate)(block, left, top), on, off / on)


def jumps(image: np.ndarray, axis: int) -> np.ndarray:
    """Return the largest jump of a colour from each pixel to the next along ``axis``, 2-D."""
    # Plane by plane: the largest of three planes at once takes five times as long.
    planes = (np.abs(np.diff(plane, axis=axis)) for plane in image[0])
    return reduce(np.maximum, planes)


def _best_phase(profile: np.ndarray, block: int) -> tuple[float, int]:
    """Return the log-likelihood of the best grid of this size and where its first line is.

    Jumps are exponentially distributed, with one mean at the lines and one between them.
    """
    line = np.arange(1, len(profile) + 1) % block
    held = np.bincount(line, minlength=block)
    sums = np.bincount(line, weights=profile, minlength=block)
    others = held.sum() - held
    on = (sums / held.clip(min=1)).clip(min=JUMP_FLOOR)
    off = ((sums.sum() - sums) / others.clip(min=1)).clip(min=JUMP_FLOOR)
    # A grid whose lines jump less than the rest is none.
    scores = np.where(on > off, -held * np.log(on) - others * np.log(off), -math.inf)
    phase = int(scores.argmax())
    return float(scores[phase]), phase


def _on_and_off(profiles: list[tuple[np.ndarray, int]], block: int) -> tuple[float, float, float]:
    """Return the mean jump at the lines and between them, and the share of lines that stand out."""
    at_line = [(np.arange(1, len(profile) + 1) - start) % block == 0 for profile, start in profiles]
    on = np.concatenate([p[lines] for (p, _), lines in zip(profiles, at_line, strict=True)])
    off = np.concatenate([p[~lines] for (p, _), lines in zip(profiles, at_line, strict=True)])
    between = float(off.mean())
    return float(on.mean()), between, float((on > 2 * between).mean())


def _most_inside(profile: np.ndarray, block: int, phase: int) -> float:
    """Return the largest mean jump at one place inside the blocks, whichever that is."""
    line = np.arange(1, len(profile) + 1) % block
    means = np.bincount(line, weights=profile, minlength=block) / np.bincount(
        line, minlength=block
    ).clip(min=1)
    return float(np.delete(means, phase).max())


def _sampled_odds(image: np.ndarray, block: int, left: int, top: int, prior: Prior) -> float:
    """Return by how much sampled blocks are likelier than averaged ones, in nats.

    Sampling folds fine detail into the blocks' values; averaging removes most of it.
    """
    squares = analyse(block_means(image, Pixelate(block, left, top)))[0, 0].ravel()[1:] ** 2
    height, width = image.shape[-2:]
    power, rows, columns = prior.at(height, width)[0], frequencies(height), frequencies(width)
    frequency = np.hypot(rows[:, None], columns).clip(min=0.05).astype(np.float32)
    likelihoods = []
    for kind in (Sample, Pixelate):
        operator = kind(block, left, top)
        down, across = _passed(operator, -2, height), _passed(operator, -1, width)
        expected = [down @ (power * frequency ** np.float32(-s)) @ across.T for s in SLOPES]
        likelihoods.append(max(_log_likelihood(squares, e.ravel()[1:]) for e in expected))
    return likelihoods[0] - likelihoods[1]


def _passed(operator: EvenMosaic, axis: Literal[-2, -1], size: int) -> np.ndarray:
    """Return what each frequency of the pixels gives to each of the blocks, ``blocks x size``."""
    shrink = shrink_matrix(operator, axis, size).astype(np.float32)
    return (basis(len(shrink)) @ shrink @ inverse_basis(size)) ** 2


def _log_likelihood(squares: np.ndarray, expected: np.ndarray) -> float:
    """Return how likely squared coefficients are, at the contrast that suits them best."""
    ratio = squares / expected
    contrast = np.median(ratio)
    for _ in range(10):
        contrast = ((TAIL_DOF + 1) * ratio / (TAIL_DOF + ratio / contrast)).mean()
    tail = (TAIL_DOF + 1) * np.log1p(ratio / contrast / TAIL_DOF)
    return float(-0.5 * (np.log(contrast * expected) + tail).sum())


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


def find_mosaic(image: np.ndarray, blocks_px: range = PART_BLOCKS_PX) -> Box | None:
    """Return about where ``image`` (``1 x 3 x H x W``) holds its clearest mosaic; None for none.

    The box is rough, by a few blocks: to the grid's lines it is brought by :func:`snap`.

    Args:
        image: the picture.
        blocks_px: sizes that a block may have.
    """
    across, down = (_summed(j) for j in (jumps(image, -1), jumps(image, -2).T))
    largest = min(image.shape[-2:]) // (LINES + 1)
    blocks = [block for block in blocks_px if block <= largest]
    with ThreadPoolExecutor(2) as pool:  # numpy computes on both axes at once
        sides = pool.map(lambda summed: [_on_lines(summed, b) for b in blocks], (across, down))
        found = [
            _clearest(np.minimum(beside, below.T), block)
            for block, beside, below in zip(blocks, *sides, strict=True)
        ]
    most = max((evidence for evidence, _ in found), default=0.0)
    return next(
        (box for evidence, box in found if box and evidence >= MIN_EVIDENCE_SHARE * most), None
    )


def _summed(jump: np.ndarray) -> np.ndarray:
    """Return the sums of the rows above each row, ``H+1 x W``: bands of any height are cheap."""
    sums = np.zeros((len(jump) + 1, jump.shape[1]))
    np.cumsum(jump, axis=0, dtype=float, out=sums[1:])
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
    bands = ((at_cells[2:] - at_cells[:-2]) / (2 * block)).astype(np.float32)
    reach = (LINES - 1) * block
    places = bands.shape[1] - reach  # of the first line
    lines = [bands[:, n * block : n * block + places] for n in range(LINES)]
    on = reduce(np.add, lines) / LINES
    totals = np.cumsum(np.pad(bands, ((0, 0), (1, 0))), axis=1)
    off = (totals[:, reach + 1 :] - totals[:, : -reach - 1] - LINES * on) / (reach - LINES + 1)
    likely = np.nonzero((on > MIN_LINE_JUMP) & (off < MAX_FLATNESS * on))
    clear = np.min([line[likely] for line in lines], axis=0) > MIN_CLARITY * off[likely]
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
