"""How fast both engines restore: torch beside ONNX Runtime, in 32, 16 and 8 bits.

make bench        (nothing else should run meanwhile)

Seconds to restore a batch of small photos and one of a megapixel, with a refiner's linear algebra,
which torch does for both. All take turns on the same photos; the median counts, and the ratio is to
torch in float32 (above 1 is faster). The scales of 8 bits are set on noise, which spoils what they
restore but not how fast.
"""

import statistics
import time
from dataclasses import replace

import onnxruntime
import torch
import tyro
from torch import Tensor

from unveil.config import RuntimeConfig
from unveil.degradation.degrade import degrade
from unveil.onnx.export import load_for_export, to_onnx
from unveil.onnx.quantise import in_int8, to_int8
from unveil.onnx.session import Session, open_session
from unveil.report import tables
from unveil.restoration.restorers import NetworkRestorer
from unveil.runtime import choose_runtime, keep_freed_memory, provenance

SIZES = {"32 of 112x112": (32, 112, 112), "1 of 1152x864": (1, 864, 1152)}
"""Batch, height and width."""


def noise(batch: int, height: int, width: int) -> Tensor:
    """Return ``B x 3 x H x W`` in [0,1], always the same."""
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


def engines(model: str) -> dict[str, NetworkRestorer]:
    """Return a network on every engine and precision, by name; the first is compared with."""
    network = load_for_export(model)
    bf16 = choose_runtime(RuntimeConfig(device="cpu", precision="bf16"))
    return {
        "torch fp32": network,
        "torch bf16": replace(network, runtime=bf16),
        "onnx fp32": replace(network, engine=Session(open_session(to_onnx(network)))),
        "onnx int8": in_int8(network, to_int8(network, noise(4, 112, 112))),
    }


def time_in_turn(
    timed: dict[str, NetworkRestorer], images: Tensor, rounds: int
) -> dict[str, float]:
    """Return the median seconds of each network to restore ``images``."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 1):
        for name, network in timed.items():
            started = time.perf_counter()
            network.restore(images)
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def bench(models: tuple[str, ...] = ("cae-blur", "blur-fast", "blur"), rounds: int = 7) -> None:
    """Print the table.

    Args:
        models: names of shipped weights.
        rounds: timings of each engine.
    """
    keep_freed_memory()
    rows: list[dict[str, object]] = []
    for model in models:
        timed = engines(model)
        for label, size in SIZES.items():
            images = degrade(noise(*size), timed["torch fp32"].card.task.example)
            medians = time_in_turn(timed, images, rounds)
            base = medians["torch fp32"]
            for name, median in medians.items():
                about = {"model": model, "photos": label, "engine": name}
                rows.append(about | {"seconds": median, "ratio": base / median})
    print(tables.markdown(rows))
    machine = provenance(choose_runtime(RuntimeConfig(device="cpu")))
    print(f"\n{machine['device']}; {machine['versions']}, onnxruntime {onnxruntime.__version__}")


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
