"""The mosaic of a photo: its grid, told by where pixels jump and where they do not."""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from unveil.arrays import to_numpy
from unveil.degradation import EvenMosaic, Pixelate, Sample
from unveil.degradation.operators import block_means
from unveil.estimation.likelihood import SLOPES, TAIL_DOF
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

MIN_LOG_ODDS, MIN_BLOCK_NATS = 4.0, 0.03
"""Log odds from which blocks count as sampled, in all and a block.

Averaging is what most programs do. Of averaged mosaics of 23 photos 3 % have more a block, of
sampled ones 21 %. Taken for sampled, averaged blocks are restored 1.5 to 2 dB worse than they came;
the other mistake costs 0.2 dB (docs/log.md).
"""

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
    count = image.shape[-2] * image.shape[-1] / block**2
    least = max(MIN_LOG_ODDS, MIN_BLOCK_NATS * count)
    is_sampled = _sampled_odds(image, block, left, top, prior) > least
    return MosaicFit((Sample if is_sampled else Pixelate)(block, left, top), on, off / on)


def jumps(image: np.ndarray, axis: int) -> np.ndarray:
    """Return the largest jump of a colour from each pixel to the next along axis -1 or -2, 2-D."""
    # Plane by plane, without copies: the largest of three planes at once takes eight times as long.
    before, after = (np.s_[:, :-1], np.s_[:, 1:]) if axis == -1 else (np.s_[:-1], np.s_[1:])
    first, *others = to_numpy(image)[0]
    largest, jump = cv2.absdiff(first[after], first[before]), None
    for plane in others:
        jump = cv2.absdiff(plane[after], plane[before], dst=jump)
        cv2.max(largest, jump, dst=largest)
    return largest


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
