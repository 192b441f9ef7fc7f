"""The optimiser, and its learning rate as a pure function of the step: no state to store."""

import math

import torch
from torch import nn

from unveil.config import TrainConfig


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Return the study's Adam, with its L2 penalty added to the gradient."""
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate, weight_decay=config.l2)


def learning_rate(config: TrainConfig, step: int, total_steps: int) -> float:
    """Return the learning rate for ``step`` (0-based) of ``total_steps``.

    A linear rise over ``warmup_steps``, then constant or down to 0 along half a cosine.
    """
    warmup = min(config.warmup_steps, total_steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    if config.schedule == "constant":
        return config.learning_rate
    share = (step - warmup) / max(total_steps - warmup, 1)
    return config.learning_rate * (1 + math.cos(math.pi * share)) / 2
