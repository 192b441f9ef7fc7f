"""Speed of both engines: torch beside ONNX Runtime, in 32, 16 and 8 bits.

    python benchmarks/engine_speed.py        (run nothing else meanwhile)

Prints the median seconds to restore a batch of small photos and one photo of a megapixel, a
refiner's closed form included, which torch computes for both; the ratio is to torch in float32
(above 1 is faster). The scales of int8 are calibrated on noise, which spoils the quality but does
not change the speed.
"""

import statistics
from dataclasses import replace
from functools import partial

import onnxruntime
import torch
import tyro
from torch import Tensor

from timing import in_turn, machine, print_machine
from unveil.config import RuntimeConfig
from unveil.degradation.degrade import degrade
from unveil.onnx.export import load_for_export, to_onnx
from unveil.onnx.quantise import in_int8, to_int8
from unveil.onnx.session import Session, open_session
from unveil.report import tables
from unveil.restoration.restorers import NetworkRestorer
from unveil.networks.torch_engine import choose_runtime
from unveil.runtime import keep_freed_memory

SIZES = {"32 of 112x112": (32, 112, 112), "1 of 1152x864": (1, 864, 1152)}
"""Batch, height and width."""


def noise(batch: int, height: int, width: int) -> Tensor:
    """Return uniform noise, ``B x 3 x H x W`` in [0,1], the same each time."""
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


def engines(model: str) -> dict[str, NetworkRestorer]:
    """Return a network on every engine and precision, by name; the first is the baseline."""
    network = load_for_export(model)
    bf16 = choose_runtime(RuntimeConfig(device="cpu", precision="bf16"))
    return {
        "torch fp32": network,
        "torch bf16": replace(network, runtime=bf16),
        "onnx fp32": replace(network, engine=Session(open_session(to_onnx(network)))),
        "onnx int8": in_int8(network, to_int8(network, noise(4, 112, 112))),
    }


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
            works = {name: partial(network.restore, images) for name, network in timed.items()}
            taken = in_turn(works, rounds)
            base = statistics.median(taken["torch fp32"])
            for name, seconds in taken.items():
                median = statistics.median(seconds)
                about = {"model": model, "photos": label, "engine": name}
                rows.append(about | {"seconds": median, "ratio": base / median})
    print(tables.markdown(rows))
    cpu = choose_runtime(RuntimeConfig(device="cpu"))
    print_machine(machine(cpu, onnxruntime=onnxruntime.__version__))


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
