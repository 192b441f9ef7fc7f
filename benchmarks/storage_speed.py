"""What keeping the inputs as real files costs a refiner's training.

make bench        (nothing else should run meanwhile)

Milliseconds a batch, in turn: obfuscating alone, with rounding to 8 bits, with the real JPEG
codec there and back, and a whole training step of the shipped shape on inputs of each kind.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
import tyro

from unveil.config import LossConfig, ModelConfig, RuntimeConfig
from unveil.degradation import Degradation, GaussianBlur, parse_storage
from unveil.degradation.degrade import degrade
from unveil.networks.architectures import build
from unveil.report import tables
from unveil.runtime import Runtime, choose_runtime, keep_freed_memory, provenance
from unveil.training.objectives import Objective, TrainStep

BATCH = 16
SIDE_PX = 112
REFINER = ModelConfig("refiner", 6, 2, widths=(48, 96, 160), blocks=(2, 3, 4))
STORAGES = ("float", "8bit", "jpeg:75")


def works(runtime: Runtime) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    clean = torch.rand(BATCH, 3, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(0))
    model = build(REFINER).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters())
    step = TrainStep(model, Objective(LossConfig(loss="psnr"), None), runtime.autocast)

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
    timed = works(runtime)
    spent_ms: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 1):
        for name, work in timed.items():
            started = time.perf_counter()
            work()
            if number:  # the first round warms up
                spent_ms[name].append(1e3 * (time.perf_counter() - started))
    rows = [
        {"work": name, "ms a batch of 16": statistics.median(s)} for name, s in spent_ms.items()
    ]
    print(tables.markdown(rows))
    machine = provenance(runtime)
    print(f"\n{machine['device']}; {machine['precision']}; {machine['versions']}")


if __name__ == "__main__":
    tyro.cli(bench)
