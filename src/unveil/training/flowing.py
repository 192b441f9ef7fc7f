"""Training the flow: guesses at mosaics, and the photos that they were drawn for.

Answers and drawn detail are computed once, into shards, since they take longer than a step of
training; each is met a few times, at another time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unveil.files import temporary_beside
from unveil.networks.flow import Flow
from unveil.training.averaged import Averaged, Course
from unveil.training.data import Photos

SHARD = 500
"""Photos in a shard."""

WARM_UP_STEPS = 200


@dataclass(frozen=True)
class Guessed:
    """Photos, and what was guessed of them behind a mosaic.

    Attributes:
        known: what the network reads but for the guess and the time, ``N x 9 x H x W`` float16:
            the answer, then what is known.
        drawn: detail that makes the answer a first guess, ``N x 3 x H x W`` float16.
        clean: the photos, ``N x 3 x H x W`` uint8.
    """

    known: np.ndarray
    drawn: np.ndarray
    clean: np.ndarray


Guess = Callable[[np.ndarray, np.random.Generator], Guessed]
"""Returns what is guessed of one photo, ``1 x 3 x H x W`` in [0,1]."""


@dataclass(frozen=True)
class FlowConfig:
    """A training.

    Attributes:
        steps: optimiser steps in all.
        batch: photos a step.
        learning_rate: highest, after the warm-up; falls to a hundredth along a cosine.
        seed: of the order and the times.
        save_every: steps between checkpoints.
        decay: of the average of the weights, which is what is kept.
    """

    steps: int = 4_000
    batch: int = 16
    learning_rate: float = 7e-4
    seed: int = 0
    save_every: int = 100
    decay: float = 0.998


def draw_shard(guess: Guess, photos: Photos, numbers: np.ndarray, folder: Path, shard: int) -> None:
    """Guess at the photos of a shard, each with a seed of its own, unless it is there."""
    target = folder / f"{shard:03d}.npz"
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    chosen = numbers[shard * SHARD : (shard + 1) * SHARD]
    one = [
        guess(photos.batch(chosen[at : at + 1]), np.random.default_rng((shard, at)))
        for at in range(len(chosen))
    ]
    with temporary_beside(target) as partial:
        np.savez(
            partial,
            known=np.concatenate([each.known for each in one]),
            drawn=np.concatenate([each.drawn for each in one]),
            clean=np.concatenate([each.clean for each in one]),
        )


def open_shards(shards: Sequence[Path]) -> Guessed:
    """Return the photos of some shards."""
    opened = [np.load(shard) for shard in shards]
    return Guessed(
        *(np.concatenate([each[name] for each in opened]) for name in ("known", "drawn", "clean"))
    )


class FlowTraining:
    """A run in a folder: it starts, or goes on where it was cut off.

    Args:
        network: to begin with.
        config: of the training.
        folder: of the state and the log.
        photos: guessed.
    """

    def __init__(self, network: Flow, config: FlowConfig, folder: Path, photos: Guessed) -> None:
        self.network, self.config, self.photos = network.train(), config, photos
        course = Course(config.steps, config.learning_rate, WARM_UP_STEPS, config.decay)
        self.averaged = Averaged(network, course, folder)

    def run(self) -> None:
        """Train until the configured step."""
        state, every = self.averaged, self.config.save_every
        total, started = 0.0, time.perf_counter()
        while state.step < self.config.steps:
            loss = flow_loss(self.network, *self._batch())
            state.learn(loss)
            total += float(loss.detach())
            if state.step % every == 0 or state.step == self.config.steps:
                rate = every * self.config.batch / (time.perf_counter() - started)
                state.log({"loss": round(total / every, 5), "photos_s": round(rate, 2)})
                state.save()
                total, started = 0.0, time.perf_counter()

    def _batch(self) -> Iterator[Tensor]:
        """Yield known planes, drawn detail, photos and times of a step, always the same ones."""
        rng = np.random.default_rng((self.config.seed, self.averaged.step))
        kept = self.photos
        chosen = np.sort(rng.choice(len(kept.clean), self.config.batch, replace=False))
        for values, scale in ((kept.known, 1), (kept.drawn, 1), (kept.clean, 255)):
            yield torch.from_numpy(values[chosen].astype(np.float32) / scale)
        yield torch.from_numpy(rng.random(len(chosen), np.float32))


def flow_loss(network: Flow, known: Tensor, drawn: Tensor, clean: Tensor, times: Tensor) -> Tensor:
    """Return the mean squared error of the velocity, relative to the answer's expected error.

    Args:
        network: the flow.
        known: the answer and what is known, ``B x 9 x H x W``.
        drawn: detail that makes the answer a first guess, ``B x 3 x H x W``.
        clean: the photos, same shape, in [0,1].
        times: in [0,1], ``B``.
    """
    answer, known = known[:, :3], known[:, 3:]
    start, at = answer + drawn, times[:, None, None, None]
    guess = (1 - at) * start + at * clean
    time_plane = at.expand(-1, 1, *clean.shape[-2:])
    found = network.velocity(torch.cat([answer, guess, known, time_plane], dim=1))
    missed = (found - (clean - start)).square().mean(dim=(1, 2, 3))
    return (missed / known[:, :1].square().mean(dim=(1, 2, 3))).mean()
