"""A network whose weights are averaged as it learns, and its state in a folder.

What is kept is the average: it is better than the weights of any one step.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unveil.files import temporary_beside

CLIP_NORM = 1.0
LEAST_RATE = 0.01
"""Of the highest, at the end."""


@dataclass(frozen=True)
class Course:
    """How a training goes.

    Attributes:
        steps: optimiser steps in all.
        learning_rate: highest, after the warm-up; falls to a hundredth along a cosine.
        warm_up_steps: in which it rises from 0.
        decay: of the average of the weights.
        weight_decay: of AdamW.
    """

    steps: int
    learning_rate: float
    warm_up_steps: int
    decay: float
    weight_decay: float = 0.01

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        falling = (1 + float(np.cos(np.pi * step / self.steps))) / 2
        warm = min(1.0, (step + 1) / self.warm_up_steps)
        return self.learning_rate * warm * (LEAST_RATE + (1 - LEAST_RATE) * falling)


class Averaged:
    """A network in training; it starts, or goes on where its folder says that it was cut off.

    Args:
        network: to begin with.
        course: of the training.
        folder: of the state and the log.
    """

    def __init__(self, network: nn.Module, course: Course, folder: Path) -> None:
        self.network, self.course, self.folder, self.step = network, course, folder, 0
        network.to(memory_format=torch.channels_last)
        self.average = {name: value.clone() for name, value in network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            network.parameters(), course.learning_rate, weight_decay=course.weight_decay
        )
        self.state = folder / "state.pt"
        if self.state.exists():
            saved = torch.load(self.state, weights_only=True)
            network.load_state_dict(saved["network"])
            self.average, self.step = saved["average"], saved["step"]
            self.optimizer.load_state_dict(saved["optimizer"])

    def learn(self, loss: Tensor) -> bool:
        """Take a step down; return False if the gradient is not finite, and no step was taken.

        One such step would end the run: every weight becomes NaN.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.course.rate(self.step)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        is_finite = bool(torch.isfinite(norm))
        if is_finite:
            self.optimizer.step()
            decay = min(self.course.decay, (1 + self.step) / (10 + self.step))
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, 1 - decay)
        self.step += 1
        return is_finite

    def log(self, row: dict[str, Any]) -> None:
        """Append a row to the log, with the step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"step": self.step, **row}) + "\n")

    def save(self) -> None:
        """Write the state, so that the training can go on from here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        saved = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        with temporary_beside(self.state) as partial:
            torch.save(saved, partial)
