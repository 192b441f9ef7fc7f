"""How fast the CAE trains here, against what this machine's convolutions can do.

    make bench        (nothing else should run meanwhile)

For each precision, in turn and side by side in one run: the images per second of whole
training steps (obfuscate, store, forward, loss, backward, Adam), the FLOP/s that makes, and
the FLOP/s of one large plain 3x3 convolution, forward and backward, at the same precision.
"""

import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch.utils.flop_counter import FlopCounterMode

from unveil.config import LossConfig, ModelConfig, RuntimeConfig, TrainConfig
from unveil.models import build
from unveil.models.cae import BLUR_CAE, MOSAIC_CAE
from unveil.objectives import Objective, TrainStep
from unveil.operators import obfuscate
from unveil.optimizer import build_optimizer
from unveil.runtime import Runtime, choose_runtime, provenance
from unveil.specs import GaussianBlur, Storage
from unveil.storage import store

BATCH = 8
SIDE_PX = 112
MODELS = {"study": ModelConfig(), "blur": BLUR_CAE, "mosaic": MOSAIC_CAE}


@dataclass(frozen=True)
class Work:
    """Something to time: one call of ``run`` does ``flop`` operations."""

    run: Callable[[], None]
    flop: float


def training(config: ModelConfig, runtime: Runtime) -> Work:
    """Return one training step on random photos."""
    torch.manual_seed(0)
    model = build(config).to(runtime.device).to(memory_format=torch.channels_last)
    optimizer = build_optimizer(model, TrainConfig())
    step = TrainStep(model, Objective(LossConfig()), runtime.autocast)
    clean = torch.rand(BATCH, 3, SIDE_PX, SIDE_PX, device=runtime.device)

    def run() -> None:
        obfuscated = store(obfuscate(clean, GaussianBlur()), Storage("8bit"))
        step(clean, obfuscated, 0)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()

    return Work(run, count_flop(lambda: step(clean, clean, 0)["loss"].backward()))


def convolution(runtime: Runtime) -> Work:
    """Return one large plain convolution, forward and backward: the ceiling."""
    layer = torch.nn.Conv2d(256, 256, 3, padding=1).to(runtime.device)
    layer = layer.to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, 256, 56, 56, device=runtime.device)
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()

    def run() -> None:
        with runtime.autocast():
            layer(images).sum().backward()

    return Work(run, count_flop(run))


def count_flop(run: Callable[[], None]) -> float:
    """Return the floating-point operations of ``run``; a multiply-add counts as two."""
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def seconds(work: Work, calls: int) -> float:
    """Return the seconds of one call, the mean over ``calls`` in a row."""
    started = time.perf_counter()
    for _ in range(calls):
        work.run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - started) / calls


def bench(rounds: int = 7, calls: int = 10, append: Path | None = None) -> None:
    """Print the table.

    Args:
        rounds: times that everything is measured in turn; medians are printed.
        calls: calls in a row at each measurement.
        append: also add one JSON row a line to this file.
    """
    print("| model | precision | images/s | GFLOP/s | convolution GFLOP/s | share |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for precision in ("fp32", "bf16"):
        runtime = choose_runtime(RuntimeConfig(precision=precision))
        works = {name: training(config, runtime) for name, config in MODELS.items()}
        works["ceiling"] = convolution(runtime)
        taken: dict[str, list[float]] = {name: [] for name in works}
        for round_number in range(rounds + 1):
            for name, work in works.items():
                spent = seconds(work, calls)
                if round_number > 0:  # the first round warms up
                    taken[name].append(spent)
        rate = {n: works[n].flop / statistics.median(taken[n]) for n in works}
        for name in MODELS:
            pairs = zip(taken[name], taken["ceiling"], strict=True)
            ratio = works[name].flop / works["ceiling"].flop
            share = statistics.median(ratio * ceiling / spent for spent, ceiling in pairs)
            speed = BATCH / statistics.median(taken[name])
            row = {
                "benchmark": "train_speed",
                "model": name,
                "images_per_second": round(speed, 1),
                "gflop_per_second": round(rate[name] / 1e9, 1),
                "ceiling_gflop_per_second": round(rate["ceiling"] / 1e9, 1),
                "share": round(share, 3),
                **provenance(runtime),
            }
            print(
                f"| {name} | {precision} | {speed:.1f} | {row['gflop_per_second']} "
                f"| {row['ceiling_gflop_per_second']} | {share:.2f} |"
            )
            if append is not None:
                with append.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    machine = provenance(choose_runtime(RuntimeConfig()))
    print(f"\n{machine['device']}; {machine['versions']}; peak memory {peak_gb:.2f} GB")


if __name__ == "__main__":
    tyro.cli(bench)
