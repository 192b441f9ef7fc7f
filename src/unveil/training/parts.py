"""Training refiners of parts: networks that correct what linear algebra undid nearly.

Pictures are drawn once, into shards, since undoing them takes longer than a step of training; each
is met a few times, as it is or mirrored. The loss is the mean logarithm of the squared error of the
hidden pixels, so that a gain counts the same in dB wherever it is made.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unveil.files import temporary_beside
from unveil.linear.prior import Prior
from unveil.networks.refiner import Refiner, error_nll
from unveil.networks.torch_engine import autocast
from unveil.runtime import Runtime
from unveil.training.averaged import Averaged, Course
from unveil.training.journeys.undone import Undone

SHARD = 500
"""Pictures in a shard."""

WARM_UP_STEPS = 200
LEAST_SQUARE = 1e-5
"""Added to squared errors: what is nearer than 0.8 gray levels is near enough."""

Pictures = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Planes that a network reads, clean pictures, and where they change."""

Draw = Callable[[Sequence[Path], np.random.Generator, Prior], Undone]


@dataclass(frozen=True)
class PartsConfig:
    """A training.

    Attributes:
        steps: optimiser steps in all.
        batch: pictures a step.
        learning_rate: highest, after the warm-up; falls to a hundredth along a cosine.
        seed: of the order.
        save_every: steps between checkpoints.
        decay: of the average of the weights, which is what is kept.
        held: shards at the end that are not trained on, but scored.
        runtime: where and how precisely networks compute.
    """

    steps: int = 6_000
    batch: int = 12
    learning_rate: float = 8e-4
    seed: int = 0
    save_every: int = 250
    decay: float = 0.998
    held: int = 1
    runtime: Runtime = field(default_factory=Runtime)


def draw_shard(draw: Draw, photos: Sequence[Path], prior: Prior, folder: Path, number: int) -> None:
    """Draw the pictures of a shard, each with a seed of its own, unless it is there."""
    target = folder / f"{number:03d}.npz"
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    one = [draw(photos, np.random.default_rng((number, place)), prior) for place in range(SHARD)]
    with temporary_beside(target) as partial:
        np.savez(
            partial,
            planes=np.stack([each.planes for each in one]).astype(np.float16),
            clean=np.stack([each.clean for each in one]),
            changes=np.stack([each.changes for each in one]),
        )


class PartsTraining:
    """A run in a folder: it starts, or goes on where it was cut off.

    Args:
        network: to begin with.
        config: of the training.
        folder: of the state and the log.
        shards: files of drawn pictures.
    """

    def __init__(
        self, network: Refiner, config: PartsConfig, folder: Path, shards: Sequence[Path]
    ) -> None:
        self.network, self.config = network.train(), config
        course = Course(config.steps, config.learning_rate, WARM_UP_STEPS, config.decay)
        self.averaged = Averaged(network, course, folder)
        self.pictures = _open(shards[: -config.held])
        self.held = _open(shards[-config.held :])

    def run(self, until: int | None = None) -> None:
        """Train until the configured step, or an earlier one."""
        state, every = self.averaged, self.config.save_every
        end = until or self.config.steps
        sums, started = 0.0, time.perf_counter()
        while state.step < end:
            sums += self._train_on(*self._batch(*self.pictures))
            if state.step % every == 0 or state.step == end:
                rate = every * self.config.batch / (time.perf_counter() - started)
                row = {"loss": sums / every, "pictures_s": rate, **self.score(self.held)}
                state.log({name: round(value, 4) for name, value in row.items()})
                state.save()
                sums, started = 0.0, time.perf_counter()

    def score(self, held: Pictures) -> dict[str, float]:
        """Return by how many dB pictures that were not trained on get nearer, by the average."""
        kept = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.averaged.average)
        self.network.eval()
        gains = []
        with torch.no_grad(), autocast(self.config.runtime):
            for start in range(0, len(held[0]), 20):
                inputs, clean, changes = _tensors(*(each[start : start + 20] for each in held))
                answer = self.network.correct(inputs)[:, :3].float()
                errors = [
                    _square(one, clean, changes) for one in (inputs[:, :3], inputs[:, 3:6], answer)
                ]
                gains.append(10 * torch.stack(errors).log10())
        self.network.load_state_dict(kept)
        self.network.train()
        came, nearly, done = torch.cat(gains, dim=1).numpy()
        return {
            "linear_db": float((came - nearly).mean()),
            "network_db": float((came - done).mean()),
            "worse": float((came - done < -0.1).mean()),
            "worst_db": float((came - done).min()),
        }

    def _batch(self, planes: np.ndarray, clean: np.ndarray, changes: np.ndarray) -> list[Tensor]:
        rng = np.random.default_rng((self.config.seed, self.averaged.step))
        chosen = np.sort(rng.choice(len(planes), self.config.batch, replace=False))
        return _tensors(planes[chosen], clean[chosen], changes[chosen])

    def _train_on(self, inputs: Tensor, clean: Tensor, changes: Tensor) -> float:
        with autocast(self.config.runtime):
            output = self.network.correct(inputs).float()
        restored, expected = output[:, :3], output[:, 3:]
        nearness = _square(restored, clean, changes).log().mean()
        where = changes.expand_as(clean)
        told = torch.where(where, restored.detach(), clean)
        loss = nearness + 0.1 * error_nll(told, clean, expected)
        self.averaged.learn(loss)
        return float(nearness.detach())


def _open(shards: Sequence[Path]) -> Pictures:
    """Return planes, clean pictures and where they change of some shards."""
    opened = [np.load(shard) for shard in shards]
    names = ("planes", "clean", "changes")
    planes, clean, changes = (np.concatenate([one[name] for one in opened]) for name in names)
    return planes, clean, changes


def _tensors(planes: np.ndarray, clean: np.ndarray, changes: np.ndarray) -> list[Tensor]:
    return [
        torch.from_numpy(planes.astype(np.float32)),
        torch.from_numpy(clean.astype(np.float32) / 255),
        torch.from_numpy(changes)[:, None],
    ]


def _square(restored: Tensor, clean: Tensor, changes: Tensor) -> Tensor:
    """Return the mean squared error of the hidden pixels of each picture."""
    squares = ((restored - clean) ** 2).mean(dim=1, keepdim=True) * changes
    return squares.sum(dim=(1, 2, 3)) / changes.sum(dim=(1, 2, 3)) + LEAST_SQUARE
