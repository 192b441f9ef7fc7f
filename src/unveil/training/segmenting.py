"""Training the segmenter on drawn pieces."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from unveil.networks.segmenter import Answer, Segmenter, cells_of
from unveil.training.averaged import Averaged, Course
from unveil.training.journeys.pieces import IGNORED, KINDS, draw_piece

WARM_UP_STEPS = 300
MIN_SPREAD_LOG = -4.0


@dataclass(frozen=True)
class SegmenterConfig:
    """A training of the segmenter.

    Attributes:
        steps: optimiser steps in all.
        batch: pieces a step.
        learning_rate: highest, after the warm-up; falls to a hundredth along a cosine.
        weight_decay: of AdamW.
        seed: of weights and pieces.
        save_every: steps between checkpoints.
        log_every: steps between rows of the log.
        decay: of the average of the weights, which is what is kept.
    """

    steps: int = 20_000
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    seed: int = 0
    save_every: int = 500
    log_every: int = 100
    decay: float = 0.999


Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class Pieces(IterableDataset[Batch]):
    """Batches of drawn pieces: cells, kinds, strength, hidden; each has a seed of its own."""

    def __init__(self, photos: Sequence[Path], config: SegmenterConfig, first_step: int) -> None:
        self.photos, self.config, self.first_step = photos, config, first_step

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches that are left."""
        cv2.setNumThreads(1)
        info = torch.utils.data.get_worker_info()
        skip, start = (info.num_workers, info.id) if info else (1, 0)
        for step in range(self.first_step + start, self.config.steps, skip):
            yield draw_batch(self.photos, self.config.batch, (self.config.seed, step))


def draw_batch(photos: Sequence[Path], count: int, seed: tuple[int, int]) -> Batch:
    """Return cells (bfloat16), kinds, strength and hidden of ``count`` drawn pieces."""
    rng = np.random.default_rng(seed)
    pieces = [draw_piece(photos, rng) for _ in range(count)]
    images = torch.from_numpy(np.stack([piece.pixels for piece in pieces]).transpose(0, 3, 1, 2))
    return (
        cells_of(images.contiguous().float() / 255).bfloat16(),
        torch.from_numpy(np.stack([piece.kinds for piece in pieces]).astype(np.int64)),
        torch.from_numpy(np.stack([piece.strength for piece in pieces])),
        torch.tensor([piece.hidden for piece in pieces]),
    )


def losses(answer: Answer, kinds: Tensor, strength: Tensor, hidden: Tensor) -> dict[str, Tensor]:
    """Return the terms of the loss.

    Args:
        answer: of the segmenter.
        kinds: number of the kind of each cell, or ``IGNORED``, ``B x h x w``.
        strength: log of the width in pixels, 0 for none, ``B x h x w``.
        hidden: 1 with a hidden region, 0 without, -1 where that is open, ``B``.
    """
    counts = kinds != IGNORED
    # Each hidden cell counts more: most cells are clean.
    by_cell = F.cross_entropy(answer.kinds, kinds, ignore_index=IGNORED, reduction="none")
    weight = torch.where(kinds > 0, 2.0, 1.0) * counts
    inside = 1 - answer.kinds.softmax(1)[:, 0]
    truth = (kinds > 0) & counts
    overlap = 2 * (inside * truth).sum((1, 2)) + 4
    dice = 1 - overlap / ((inside * counts).sum((1, 2)) + truth.sum((1, 2)) + 4)
    told = truth & (strength != 0)
    error = (answer.strength[:, 0] - strength)[told].abs()
    spread = answer.spread[:, 0][told].clamp(min=MIN_SPREAD_LOG)
    known = hidden >= 0
    return {
        "kinds": (by_cell * weight).sum() / weight.sum(),
        "dice": dice.mean(),
        "strength": 0.2 * (error / spread.exp() + spread).sum() / told.sum().clamp(min=1),
        "hidden": 0.5
        * F.binary_cross_entropy_with_logits(answer.hidden[known], hidden[known].float()),
    }


class SegmenterTraining:
    """A run in a folder: it starts, or goes on where it was cut off."""

    def __init__(self, config: SegmenterConfig, folder: Path) -> None:
        torch.manual_seed(config.seed)
        self.config, self.model = config, Segmenter(len(KINDS))
        course = Course(
            config.steps, config.learning_rate, WARM_UP_STEPS, config.decay, config.weight_decay
        )
        self.averaged = Averaged(self.model, course, folder)

    def run(self, photos: Sequence[Path], workers: int = 1, until: int | None = None) -> None:
        """Train until the configured step, or an earlier one.

        Args:
            photos: files.
            workers: processes that draw pieces; 0 for this one.
            until: the last step of this session.
        """
        state, every = self.averaged, self.config.log_every
        loader = DataLoader(
            Pieces(photos, self.config, state.step),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=8 if workers else None,
        )
        sums: dict[str, float] = {}
        started = time.perf_counter()
        for batch in loader:
            for name, value in self._train_on(batch).items():
                sums[name] = sums.get(name, 0.0) + value
            if state.step % every == 0:
                rate = every * self.config.batch / (time.perf_counter() - started)
                state.log({n: round(v / every, 4) for n, v in sums.items()} | {"pieces_s": rate})
                sums, started = {}, time.perf_counter()
            if state.step % self.config.save_every == 0 or state.step == self.config.steps:
                state.save()
            if state.step == until:
                return

    def _train_on(self, batch: Batch) -> dict[str, float]:
        cells, kinds, strength, hidden = batch
        with torch.autocast("cpu", torch.bfloat16):
            answer = self.model.answer(cells, *cells.shape[-2:])
        terms = losses(answer, kinds, strength, hidden)
        if not self.averaged.learn(torch.stack(list(terms.values())).sum()):
            return dict.fromkeys(terms, 0.0) | {"skipped": 1.0}
        return {name: float(value.detach()) for name, value in terms.items()} | {"skipped": 0.0}
