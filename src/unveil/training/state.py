"""A training run: its constant parts, its state, and how it can stop early."""

import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from accelerate import Accelerator
from torch import Tensor
from torch.optim import Optimizer

from unveil.config import RunConfig, SplitName
from unveil.errors import UnveilError
from unveil.linear.prior import read_prior
from unveil.networks import checkpoint
from unveil.networks.card import Card
from unveil.networks.network import Network
from unveil.networks.torch_engine import TorchEngine
from unveil.restoration.restorers import NetworkRestorer
from unveil.runtime import Runtime
from unveil.training.data import Photos
from unveil.training.evaluate import Scoring, score


class TrainingInterruptedError(UnveilError):
    """Training received Ctrl-C or SIGTERM; its state has been saved."""

    def __init__(self, folder: Path, step: int, total_steps: int, signals: list[int]) -> None:
        super().__init__(
            f"stopped at step {step} of {total_steps}; go on with: unveil train --resume {folder}"
        )
        self.exit_status = 128 + (signals[0] if signals else signal.SIGTERM)


class DivergedError(UnveilError):
    """The loss or a weight became NaN or infinite; earlier checkpoints are left as they were."""

    def __init__(self, folder: Path, step: int) -> None:
        super().__init__(
            f"{folder}: the loss or a weight became NaN or infinite by step {step}; what was saved "
            "before is kept. A lower learning rate may help."
        )


@dataclass
class State:
    """The state of a run besides weights and optimiser."""

    step: int = 0
    term_sums: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def add(self, terms: dict[str, Tensor]) -> None:
        """Count one step, and add its terms of the loss to the sums."""
        self.step += 1
        for name, value in terms.items():
            self.term_sums[name] = self.term_sums.get(name, 0) + value.detach()

    @property
    def best_psnr(self) -> float:
        """Best validation PSNR so far, in dB."""
        return max((entry["psnr"] for entry in self.history), default=float("-inf"))

    def is_stale(self, patience: int | None) -> bool:
        """Return whether ``patience`` epochs have passed without a better validation PSNR."""
        scores = [entry["psnr"] for entry in self.history]
        return bool(
            patience and scores and len(scores) - 1 - scores.index(self.best_psnr) >= patience
        )


@dataclass(frozen=True)
class Run:
    """The constant parts of a run."""

    config: RunConfig
    photos: Photos
    runtime: Runtime
    accelerator: Accelerator
    model: Network
    card: Card
    folder: Path
    after_epoch: Callable[[dict[str, Any]], None] | None = None

    def numbers(self, split: SplitName) -> np.ndarray:
        """Return the photo numbers of a split, cut to the configured limit."""
        return self.photos.splits[split][: self.config.train.limit]

    def score(self, state: State) -> dict[str, float]:
        """Return the model's mean scores and the paper's pixel loss on the validation split.

        Raises:
            DivergedError: the loss is NaN.
        """
        example = self.card.task.example
        numbers, engine = self.numbers("validation"), TorchEngine(self.model, self.runtime)
        restorer = NetworkRestorer(
            self.folder.name, self.card, engine, engine.prior or read_prior()
        )
        scoring = Scoring(self.photos, numbers, example, self.runtime, self.runtime.device)
        scores = score(restorer.restore, scoring)
        if math.isnan(loss := scores.pixel_loss()):
            raise DivergedError(self.folder, state.step)
        return {**scores.means(), "validation_loss": loss}

    def terms(self, state: State) -> dict[str, float]:
        """Return the sums of the objective's terms over all processes' shares of the batches."""
        reduce = self.accelerator.reduce
        return {name: float(reduce(value, "mean")) for name, value in state.term_sums.items()}

    def save(self, name: str, state: State, optimizer: Optimizer | None = None) -> None:
        """Write the checkpoint ``name``; with ``optimizer``, one that training can resume from."""
        term_sums = self.terms(state)
        tensors = {"weights": dict(self.model.state_dict())}
        if optimizer is not None:
            tensors["optimizer"] = checkpoint.optimizer_tensors(optimizer)
        if self.accelerator.is_main_process:
            card = replace(self.card, step=state.step, term_sums=term_sums, history=state.history)
            checkpoint.write(self.folder / name, card, tensors)

    def check_health(self, state: State) -> None:
        """Stop before NaN or infinity gets into a checkpoint.

        Raises:
            DivergedError: the loss or a weight is NaN or infinite.
        """
        loss = self.terms(state).get("loss", 0.0)
        if math.isfinite(loss) and all(bool(p.isfinite().all()) for p in self.model.parameters()):
            return
        raise DivergedError(self.folder, state.step)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list; a second SIGINT interrupts at once."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and received:
            raise KeyboardInterrupt
        received.append(number)

    watched = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, receive) for number in watched}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
