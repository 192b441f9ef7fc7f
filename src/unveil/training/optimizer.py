"""The optimiser, and its learning rate as a pure function of the step, without stored state."""

import math

import torch
from torch import nn

from unveil.config import TrainConfig


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Return the paper's Adam (D. P. Kingma and J. Ba, 2015), with L2 added to the gradient."""
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate, weight_decay=config.l2)


def learning_rate(config: TrainConfig, step: int, total_steps: int) -> float:
    """Return the learning rate at ``step`` (from 0) of ``total_steps``.

    A linear warm-up over ``warmup_steps``, then constant or half a cosine down to 0 (I. Loshchilov
    and F. Hutter, "SGDR", 2017).

    Examples:
        >>> config = TrainConfig(learning_rate=1.0, warmup_steps=2)
        >>> [round(learning_rate(config, step, 6), 2) for step in range(6)]
        [0.5, 1.0, 1.0, 0.85, 0.5, 0.15]
    """
    warmup = min(config.warmup_steps, total_steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    if config.schedule == "constant":
        return config.learning_rate
    share = (step - warmup) / max(total_steps - warmup, 1)
    return config.learning_rate * (1 + math.cos(math.pi * share)) / 2
