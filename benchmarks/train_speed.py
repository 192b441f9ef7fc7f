"""Training speed of the study's cells and of a refiner, beside this machine's convolution rate.

    python benchmarks/train_speed.py        (run nothing else meanwhile)

For each precision, in one run: the images per second of whole training steps (obfuscate, store,
forward, loss, backward, Adam), their FLOP/s, and two measures of the machine at the same
precision: one large plain 3x3 convolution, and VGG16 up to conv3_3, both forward and backward to
the input.
"""

import json
import resource
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import tyro
from torch.utils.flop_counter import FlopCounterMode

from timing import in_turn, machine, print_machine
from unveil.config import LossConfig, ModelConfig, RuntimeConfig, TrainConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.degradation.degrade import degrade
from unveil.networks.architectures import build
from unveil.networks.cae import BLUR_CAE, MOSAIC_CAE
from unveil.networks.torch_engine import autocast, choose_runtime
from unveil.report import tables
from unveil.runtime import Runtime, keep_freed_memory, provenance
from unveil.training.objectives import Objective, TrainStep
from unveil.training.optimizer import build_optimizer
from unveil.training.vgg import VggFeatures

BATCH = 8
DEGRADATION = Degradation(GaussianBlur())
SIDE_PX = 112
EPOCH_PHOTOS = 7620
PIXEL, PERCEPTUAL = LossConfig(), LossConfig(loss="perceptual")
BLUR_FAST = ModelConfig(
    "refiner", stem_kernel=6, stem_stride=2, widths=(32, 64, 96), blocks=(1, 1, 2)
)
"""The network of the shipped weights ``blur-fast``; most trained networks are refiners."""
CELLS = {
    "cae, pixel": (ModelConfig(), PIXEL),
    "vcae, pixel": (ModelConfig("vcae"), PIXEL),
    "rescae, pixel": (ModelConfig("rescae"), PIXEL),
    "cae, relu2_2": (ModelConfig(), PERCEPTUAL),
    "vcae, relu2_2": (ModelConfig("vcae"), PERCEPTUAL),
    "rescae, relu2_2": (ModelConfig("rescae"), PERCEPTUAL),
    "cae-blur, pixel": (BLUR_CAE, PIXEL),
    "cae-pixelate, pixel": (MOSAIC_CAE, PIXEL),
    "refiner, pixel": (BLUR_FAST, PIXEL),
}
"""The mixed losses cost what the perceptual one does."""


@dataclass(frozen=True)
class Work:
    """Something to time: one call of ``run`` takes ``flop`` floating-point operations."""

    run: Callable[[], None]
    flop: float


def training(model_config: ModelConfig, loss: LossConfig, runtime: Runtime) -> Work:
    """Return one training step on random photos; VGG16 with drawn weights, which cost the same."""
    torch.manual_seed(0)
    model = build(model_config).to(runtime.device).to(memory_format=torch.channels_last)
    optimizer = build_optimizer(model, TrainConfig())
    objective = Objective(loss, VggFeatures(loss.tap) if loss.is_perceptual else None)
    objective = objective.to(runtime.device).to(memory_format=torch.channels_last)
    step = TrainStep(model, objective, partial(autocast, runtime))
    clean = torch.rand(BATCH, 3, SIDE_PX, SIDE_PX, device=runtime.device)

    def run() -> None:
        obfuscated = degrade(clean, DEGRADATION)
        step(clean, obfuscated, [DEGRADATION], 0)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()

    return Work(run, count_flop(lambda: step(clean, clean, [DEGRADATION], 0)["loss"].backward()))


def convolution(runtime: Runtime) -> Work:
    """Return one large plain convolution, forward and backward: the ceiling."""
    layer = torch.nn.Conv2d(256, 256, 3, padding=1).to(runtime.device)
    layer = layer.to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, 256, 56, 56, device=runtime.device)
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()

    def run() -> None:
        with autocast(runtime):
            layer(images).sum().backward()

    return Work(run, count_flop(run))


def vgg16(runtime: Runtime) -> Work:
    """Return VGG16 up to conv3_3, forward and backward to the input."""
    features = VggFeatures("conv3_3").to(runtime.device).to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, 3, SIDE_PX, SIDE_PX, device=runtime.device).requires_grad_()

    def run() -> None:
        with autocast(runtime):
            features(images).sum().backward()

    return Work(run, count_flop(run))


def count_flop(run: Callable[[], None]) -> float:
    """Return the floating-point operations of ``run``; a multiply-add counts as two."""
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def repeat(work: Work, calls: int) -> None:
    """Do a work ``calls`` times in a row, until a GPU has finished it too."""
    for _ in range(calls):
        work.run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measure(works: dict[str, Work], rounds: int, calls: int) -> dict[str, list[float]]:
    """Return the seconds of one call of each work in each round, the mean over ``calls``."""
    repeated = {name: partial(repeat, work, calls) for name, work in works.items()}
    taken = in_turn(repeated, rounds)
    return {name: [seconds / calls for seconds in rounds_] for name, rounds_ in taken.items()}


def ratio(name: str, other: str, works: dict[str, Work], taken: dict[str, list[float]]) -> float:
    """Return how many times longer ``name`` takes than its FLOP at the rate of ``other``."""
    flop = works[other].flop / works[name].flop
    pairs = zip(taken[name], taken[other], strict=True)
    return statistics.median(flop * spent / base for spent, base in pairs)


def bench(rounds: int = 5, calls: int = 6, append: Path | None = None) -> None:
    """Print the tables.

    Args:
        rounds: timings of each work; medians are printed.
        calls: calls in a row in each timing.
        append: also append the rows to this file, as JSON lines.
    """
    keep_freed_memory()
    rows = []
    for precision in ("fp32", "bf16"):
        runtime = choose_runtime(RuntimeConfig(precision=precision))
        works = {name: training(*cell, runtime) for name, cell in CELLS.items()}
        works |= {"convolution": convolution(runtime), "VGG16 to conv3_3": vgg16(runtime)}
        taken = measure(works, rounds, calls)
        for name, work in works.items():
            middle = statistics.median(taken[name])
            row = {
                "cell": name,
                "precision": precision,
                "images/s": round(BATCH / middle, 1),
                "s an epoch": round(EPOCH_PHOTOS / BATCH * middle),
                "GFLOP/s": round(work.flop / middle / 1e9),
                "times the FLOP time, convolution": round(
                    ratio(name, "convolution", works, taken), 2
                ),
                "times the FLOP time, VGG16": round(
                    ratio(name, "VGG16 to conv3_3", works, taken), 2
                ),
            }
            rows.append(row)
            if append is not None:
                with append.open("a") as file:
                    full = {"benchmark": "train_speed", **row, **provenance(runtime)}
                    file.write(json.dumps(full) + "\n")
    print(tables.markdown(rows))
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print_machine(machine(), f"peak memory {peak_gb:.2f} GB")


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
