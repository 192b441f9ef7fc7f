"""How long a training step takes on this machine."""

import time
from functools import partial

import torch

from unveil.config import RunConfig
from unveil.networks.architectures import build
from unveil.networks.torch_engine import autocast
from unveil.runtime import Runtime
from unveil.training.objectives import Objective, TrainStep
from unveil.training.optimizer import build_optimizer
from unveil.training.vgg import VggFeatures

WARM_UP_STEPS = 2
TIMED_STEPS = 3


def step_seconds(config: RunConfig, side_px: int, runtime: Runtime) -> float:
    """Return the time of one training step in seconds, the shortest of a few.

    Args:
        config: the run. Weights are random: they take as long as trained ones, and need no
            download.
        side_px: width and height of the photos.
        runtime: device and precision.
    """
    model = build(config.model).to(runtime.device).to(memory_format=torch.channels_last)
    features = VggFeatures(config.loss.tap) if config.loss.is_perceptual else None
    objective = Objective(config.loss, features).to(runtime.device)
    objective.to(memory_format=torch.channels_last)
    step = TrainStep(model, objective, partial(autocast, runtime))
    optimizer = build_optimizer(model, config.train)
    clean = torch.rand(config.train.batch, 3, side_px, side_px, device=runtime.device)
    taken = []
    for _ in range(WARM_UP_STEPS + TIMED_STEPS):
        started = time.perf_counter()
        step(clean, clean, config.train.task.draw(0, 0), 0)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
        if runtime.device == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return min(taken[WARM_UP_STEPS:])
