"""The expected training time of cells on this machine, from a few timed steps of each kind."""

import time
from collections.abc import Sequence
from functools import partial

import torch

from unveil import console
from unveil.config import LossConfig, RuntimeConfig
from unveil.networks.architectures import build
from unveil.networks.torch_engine import autocast, choose_runtime
from unveil.report import tables
from unveil.report.rows import Row
from unveil.runtime import Runtime, keep_freed_memory
from unveil.study.plan import LOSSES, Cell, Size, run_config
from unveil.training.data import Photos
from unveil.training.objectives import Objective, TrainStep
from unveil.training.optimizer import build_optimizer
from unveil.training.vgg import VggFeatures

WARM_UP_STEPS = 2
TIMED_STEPS = 3


def print_costs(
    cells: Sequence[Cell], size: Size, photos: Photos, loss: LossConfig, runtime: RuntimeConfig
) -> None:
    """Print each cell with its expected training time, and the sum."""
    keep_freed_memory()
    chosen = choose_runtime(runtime)
    seconds: dict[tuple[str, bool], float] = {}
    rows: list[Row] = []
    total_minutes = 0.0
    for cell in cells:
        kind = (cell.architecture, cell.is_perceptual)
        if kind not in seconds:
            seconds[kind] = step_seconds(cell, size, photos, loss, chosen)
        steps = cell.epochs * (_training_photos(cell, photos) // size.batch)
        minutes = round(steps * seconds[kind] / 60, 1)
        rows.append({"cell": cell.name, "steps": steps, "minutes": minutes})
        total_minutes += minutes
    shown = [
        {name: row[name] for name in ("cell", "steps")}
        | {"time": console.duration(60 * row["minutes"])}
        for row in rows
    ]
    console.results(
        rows,
        f"{tables.markdown(shown)}\n\n"
        f"All {len(rows)} cells: {console.duration(60 * total_minutes)} of training on {chosen};\n"
        "validation and scoring come on top.",
    )


def _training_photos(cell: Cell, photos: Photos) -> int:
    return min(cell.photos or len(photos.paths), len(photos.splits["train"]))


def step_seconds(
    cell: Cell, size: Size, photos: Photos, loss: LossConfig, runtime: Runtime
) -> float:
    """Return the time of one training step of a cell in seconds, the shortest of a few."""
    config = run_config(cell, size, size.data, loss, RuntimeConfig())
    model = build(config.model).to(runtime.device).to(memory_format=torch.channels_last)
    # Random weights take as long as trained ones, and need no download.
    features = VggFeatures(loss.tap) if LOSSES[cell.loss].is_perceptual else None
    objective = Objective(config.loss, features).to(runtime.device)
    objective.to(memory_format=torch.channels_last)
    step = TrainStep(model, objective, partial(autocast, runtime))
    optimizer = build_optimizer(model, config.train)
    side_px = photos.crops.shape[1]
    clean = torch.rand(size.batch, 3, side_px, side_px, device=runtime.device)
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
