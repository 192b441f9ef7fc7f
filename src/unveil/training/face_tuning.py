"""Training a face recognition network further, to name obfuscated faces.

Two terms: the cosine to the clean embedding of the same photo, and the identity loss, a head over
the people of the training whose weights are clean embeddings, of another photo where there is one:
what an attacker does with a gallery. Both are taken about the mean of all clean embeddings.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from unveil.console import note
from unveil.errors import UnveilError
from unveil.files import temporary_beside
from unveil.networks.checkpoint import load_optimizer, optimizer_tensors
from unveil.networks.face_net import FaceNet
from unveil.training.state import stop_signals

SCALE = 16.0
"""What a cosine is multiplied by before the softmax over people."""

IDENTITY_WEIGHT = 0.1
WARM_UP_STEPS = 50
CLIP_NORM = 1.0
DECAY = 0.99
"""Of the average of the weights, which is what is kept."""

STATE = "state.safetensors"


@dataclass(frozen=True)
class TuningConfig:
    """A training.

    Attributes:
        steps: optimiser steps in all.
        learning_rate: of AdamW, after the warm-up; falls to 0 along a cosine.
        minutes: of computing, after which a session ends before ``steps``; None for no limit.
        threads: of the CPU; None for torch's choice.
        save_every: steps between saved states.
    """

    steps: int
    learning_rate: float = 3e-4
    minutes: float | None = None
    threads: int | None = None
    save_every: int = 50


@dataclass(frozen=True)
class Batch:
    """One step's faces.

    Attributes:
        faces: as the network takes them, ``B x 3 x 150 x 150`` float32.
        clean: clean embeddings of the same photos, ``B x D``.
        gallery: a clean embedding of each person, ``K x D``.
        people: number of each face's person in ``gallery``, ``B``.
    """

    faces: np.ndarray
    clean: np.ndarray
    gallery: np.ndarray
    people: np.ndarray


class TuningInterruptedError(UnveilError):
    """Training received Ctrl-C or SIGTERM; its state has been saved."""

    def __init__(self, folder: Path, step: int, steps: int, number: int) -> None:
        super().__init__(
            f"{folder}: stopped at step {step} of {steps}; the same command goes on from there."
        )
        self.exit_status = 128 + number


class Tuning:
    """A training in a folder: it starts, or goes on where it was cut off, to the same bits.

    Args:
        weights: of the network that it starts from, by name.
        halving: as for :class:`unveil.networks.face_net.FaceNet`.
        mean: of all clean embeddings, ``D``.
        config: the training.
        folder: where its state is kept.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        halving: frozenset[int],
        mean: np.ndarray,
        config: TuningConfig,
        folder: Path,
    ) -> None:
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        self.config, self.folder, self.step, self.seconds = config, folder, 0, 0.0
        self.mean = torch.from_numpy(mean.astype(np.float32))
        self.model = FaceNet(weights, halving)
        self.average = {name: each.clone() for name, each in self.model.state_dict().items()}
        self.optimizer = torch.optim.AdamW(self.model.parameters(), config.learning_rate)
        if (folder / STATE).exists():
            self._take_up(load_file(folder / STATE))

    def run(self, draw: Callable[[int], Batch]) -> dict[str, np.ndarray]:
        """Train to the last step, or until the minutes are over; return the averaged weights.

        Args:
            draw: returns the batch of a step, always the same one.

        Raises:
            TuningInterruptedError: after Ctrl-C, once the state is saved.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        limit_s = math.inf if self.config.minutes is None else 60 * self.config.minutes
        with stop_signals() as signals:
            while self.step < self.config.steps and self.seconds < limit_s:
                if signals:
                    self._save()
                    raise TuningInterruptedError(
                        self.folder, self.step, self.config.steps, signals[0]
                    )
                started = time.perf_counter()
                terms = self._train_on(draw(self.step))
                self.step += 1
                self.seconds += time.perf_counter() - started
                if self.step % self.config.save_every == 0:
                    self._save()
                    told = ", ".join(f"{name} {value:.3f}" for name, value in terms.items())
                    note(f"step {self.step} of {self.config.steps}: {told}")
        self._save()
        return {name: each.numpy() for name, each in self.average.items()}

    def _train_on(self, batch: Batch) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self._rate()
        faces = torch.from_numpy(batch.faces).to(memory_format=torch.channels_last)
        terms = self._losses(self.model(faces), batch)
        self.optimizer.zero_grad()
        loss = terms["cosine"] + IDENTITY_WEIGHT * terms["identity"]
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
        self.optimizer.step()
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - DECAY)
        return {name: float(value.detach()) for name, value in terms.items()}

    def _losses(self, found: Tensor, batch: Batch) -> dict[str, Tensor]:
        found, clean, gallery = (
            F.normalize(each - self.mean)
            for each in (found, torch.from_numpy(batch.clean), torch.from_numpy(batch.gallery))
        )
        cosines = SCALE * found @ gallery.T
        return {
            "cosine": (1 - (found * clean).sum(1)).mean(),
            "identity": F.cross_entropy(cosines, torch.from_numpy(batch.people)),
        }

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / WARM_UP_STEPS)
        return warm * (1 + math.cos(math.pi * self.step / self.config.steps)) / 2

    def _save(self) -> None:
        tensors = {f"model.{name}": each for name, each in self.model.state_dict().items()}
        tensors |= {f"average.{name}": each for name, each in self.average.items()}
        state = optimizer_tensors(self.optimizer)
        tensors |= {f"optimizer.{name}": each for name, each in state.items()}
        tensors["step"] = torch.tensor(self.step)
        tensors["seconds"] = torch.tensor(self.seconds, dtype=torch.float64)
        stored = {name: each.detach().contiguous() for name, each in tensors.items()}
        with temporary_beside(self.folder / STATE) as partial:
            save_file(stored, partial)

    def _take_up(self, tensors: Mapping[str, Tensor]) -> None:
        def part(role: str) -> dict[str, Tensor]:
            start = f"{role}."
            return {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}

        self.model.load_state_dict(part("model"))
        self.average = part("average")
        load_optimizer(self.optimizer, part("optimizer"))
        self.step, self.seconds = int(tensors["step"]), float(tensors["seconds"])
