"""Cost of storing the inputs as real files while a refiner is trained.

    python benchmarks/storage_speed.py        (run nothing else meanwhile)

Prints the milliseconds a batch of obfuscating alone, with rounding to 8 bits, and with encoding
and decoding by the real JPEG codec; and of a whole training step of the shipped shape on each.
"""

import statistics
from collections.abc import Callable
from functools import partial

import torch
import tyro

from timing import in_turn, machine, print_machine
from unveil.config import LossConfig, ModelConfig, RuntimeConfig
from unveil.degradation import Degradation, GaussianBlur, parse_storage
from unveil.degradation.degrade import degrade
from unveil.networks.architectures import build
from unveil.networks.torch_engine import autocast, choose_runtime
from unveil.report import tables
from unveil.runtime import Runtime, keep_freed_memory
from unveil.training.objectives import Objective, TrainStep

BATCH = 16
SIDE_PX = 112
REFINER = ModelConfig("refiner", 6, 2, widths=(48, 96, 160), blocks=(2, 3, 4))
STORAGES = ("float", "8bit", "jpeg:75")


def works(runtime: Runtime) -> dict[str, Callable[[], object]]:
    """Return the works to time, by name."""
    clean = torch.rand(BATCH, 3, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(0))
    model = build(REFINER).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters())
    step = TrainStep(model, Objective(LossConfig(loss="psnr"), None), partial(autocast, runtime))

    def train(degradation: Degradation) -> None:
        step(clean, degrade(clean, degradation), [degradation], 0)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()

    kinds = [Degradation(GaussianBlur(), parse_storage(text)) for text in STORAGES]
    found: dict[str, Callable[[], object]] = {}
    for text, kind in zip(STORAGES, kinds, strict=True):
        found[f"obfuscate, {text}"] = partial(degrade, clean, kind)
    for text, kind in zip(STORAGES, kinds, strict=True):
        found[f"training step, {text}"] = partial(train, kind)
    return found


def bench(rounds: int = 12) -> None:
    """Print the table.

    Args:
        rounds: timings of each entry; medians are printed.
    """
    keep_freed_memory()
    runtime = choose_runtime(RuntimeConfig())
    rows = [
        {"work": name, "ms a batch of 16": 1e3 * statistics.median(seconds)}
        for name, seconds in in_turn(works(runtime), rounds).items()
    ]
    print(tables.markdown(rows))
    print_machine(machine(runtime), runtime.precision)


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
