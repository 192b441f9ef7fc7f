"""Which mosaic a photo went through: where its pixels jump, and where they do not."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unveil.degradation import Mosaic, Pixelate, Sample
from unveil.degradation.operators import block_means
from unveil.estimation.likelihood import SLOPES, TAIL
from unveil.linear.mosaic import shrink_matrix
from unveil.linear.prior import Prior
from unveil.linear.spectral import analyse, basis, frequencies, inverse_basis

LARGEST_BLOCK_PX = 64
BLOCKS_PX = range(2, LARGEST_BLOCK_PX + 1)
FLAT = 0.35
"""A mosaic's pixels jump inside blocks at most this much as often and far as between them."""

LEAST_STEP = 3 / 255
"""Mean jump at a mosaic's lines; what JPEG leaves at the borders of its blocks is smaller."""

LEAST_ODDS = 4.0
"""Log odds from which blocks count as sampled: averaging is what most programs do."""

LEAST_LINES = 3
CLEAR_LINES = 0.75
"""Share of a mosaic's lines that stand out from what is between them."""

LEAST_JUMP = 0.02 / 255
"""Mean jump that counts as none, in [0,1]: keeps logarithms finite."""


@dataclass(frozen=True)
class MosaicFit:
    """What was found.

    Attributes:
        operator: size and phase of the grid, averaged or sampled.
        jump: mean jump from block to block, in [0,1].
        flatness: mean jump inside blocks over ``jump``; 0 for a perfect mosaic.
    """

    operator: Mosaic
    jump: float
    flatness: float


def estimate_mosaic(image: Tensor, prior: Prior, blocks_px: range = BLOCKS_PX) -> MosaicFit | None:
    """Find the mosaic of ``image`` (``1 x 3 x H x W`` in [0,1]); None where there is none.

    Args:
        image: the picture, or the part of it that is hidden.
        prior: power spectrum of clean photos.
        blocks_px: sizes that a block may have.
    """
    if min(image.shape[-2:]) < 2 * LEAST_LINES:
        return None
    columns, rows = jumps(image, -1).mean(dim=0), jumps(image, -2).mean(dim=1)
    largest = min(len(rows), len(columns)) // LEAST_LINES
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
    if not (off < FLAT * on and on > LEAST_STEP and clear > CLEAR_LINES):
        return None
    is_sampled = _sampled_odds(image, block, left, top, prior) > LEAST_ODDS
    return MosaicFit((Sample if is_sampled else Pixelate)(block, left, top), on, off / on)


def jumps(image: Tensor, dim: int) -> Tensor:
    """Return the largest jump of a colour from each pixel to the next along ``dim``, 2-D."""
    return image[0].diff(dim=dim).abs().amax(dim=0)


def _best_phase(profile: Tensor, block: int) -> tuple[float, int]:
    """Return the log-likelihood of the best grid of this size and where its first line is.

    Jumps are exponentially distributed, with one mean at the lines and one between them.
    """
    line = torch.arange(1, len(profile) + 1) % block
    held = torch.bincount(line, minlength=block).double()
    sums = torch.bincount(line, weights=profile.double(), minlength=block)
    others = held.sum() - held
    on = (sums / held.clamp(min=1)).clamp(min=LEAST_JUMP)
    off = ((sums.sum() - sums) / others.clamp(min=1)).clamp(min=LEAST_JUMP)
    # A grid whose lines jump less than the rest is none.
    scores = torch.where(on > off, -held * on.log() - others * off.log(), -math.inf)
    phase = int(scores.argmax())
    return float(scores[phase]), phase


def _on_and_off(profiles: list[tuple[Tensor, int]], block: int) -> tuple[float, float, float]:
    """Return the mean jump at the lines and between them, and the share of lines that stand out."""
    at_line = [
        (torch.arange(1, len(profile) + 1) - start) % block == 0 for profile, start in profiles
    ]
    on = torch.cat([p[lines] for (p, _), lines in zip(profiles, at_line, strict=True)])
    off = torch.cat([p[~lines] for (p, _), lines in zip(profiles, at_line, strict=True)])
    between = float(off.mean())
    return float(on.mean()), between, float((on > 2 * between).float().mean())


def _sampled_odds(image: Tensor, block: int, left: int, top: int, prior: Prior) -> float:
    """Return by how much sampled blocks are likelier than averaged ones, in nats.

    Sampling folds fine detail into the blocks' values; averaging removes most of it.
    """
    squares = analyse(block_means(image, block, left, top))[0, 0].square().flatten()[1:]
    height, width = image.shape[-2:]
    power, rows, columns = prior.at(height, width)[0], frequencies(height), frequencies(width)
    frequency = (rows[:, None].square() + columns.square()).sqrt().clamp(min=0.05).float()
    likelihoods = []
    for kind in (Sample, Pixelate):
        operator = kind(block, left, top)
        down, across = _passed(operator, top, height), _passed(operator, left, width)
        expected = [down @ (power * frequency.pow(-slope)) @ across.T for slope in SLOPES]
        likelihoods.append(max(_log_likelihood(squares, e.flatten()[1:]) for e in expected))
    return likelihoods[0] - likelihoods[1]


def _passed(operator: Mosaic, start: int, size: int) -> Tensor:
    """Return what each frequency of the pixels gives to each of the blocks, ``blocks x size``."""
    shrink = shrink_matrix(operator, start, size).float()
    return (basis(len(shrink)) @ shrink @ inverse_basis(size)).square()


def _log_likelihood(squares: Tensor, expected: Tensor) -> float:
    """Return how likely squared coefficients are, at the contrast that suits them best."""
    ratio = squares / expected
    contrast = ratio.median()
    for _ in range(10):
        contrast = ((TAIL + 1) * ratio / (TAIL + ratio / contrast)).mean()
    tail = (TAIL + 1) * torch.log1p(ratio / contrast / TAIL)
    return float(-0.5 * ((contrast * expected).log() + tail).sum())
