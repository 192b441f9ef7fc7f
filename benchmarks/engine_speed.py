"""Speed of both engines: torch beside ONNX Runtime, in 32, 16 and 8 bits.

    python benchmarks/engine_speed.py        (run nothing else meanwhile)

Prints the median seconds to restore a batch of small photos and one photo of a megapixel, a
refiner's closed form included, which numpy computes for both; the ratio is to torch in float32
(above 1 is faster). The scales of int8 are calibrated on noise, which spoils the quality but does
not change the speed.
"""

import statistics
from functools import partial

import numpy as np
import tyro

from timing import in_turn, machine, print_machine
from unveil.config import RuntimeConfig
from unveil.degradation.degrade import degrade
from unveil.networks.export import load_for_export, to_onnx
from unveil.networks.torch_engine import choose_runtime
from unveil.report import tables
from unveil.restoration.restorers import NetworkRestorer, load_network
from unveil.runtime import keep_freed_memory
from unveil.training.quantise import in_onnx, to_int8

SIZES = {"32 of 112x112": (32, 112, 112), "1 of 1152x864": (1, 864, 1152)}
"""Batch, height and width."""


def noise(batch: int, height: int, width: int) -> np.ndarray:
    """Return uniform noise, ``B x 3 x H x W`` in [0,1], the same each time."""
    return np.random.default_rng(0).random((batch, 3, height, width), np.float32)


def in_8_bits(model: str) -> NetworkRestorer:
    """Return a network that ONNX Runtime runs in int8."""
    source = load_for_export(model)
    return in_onnx(source, to_int8(source, to_onnx(source), noise(4, 112, 112)))


def engines(model: str) -> dict[str, NetworkRestorer]:
    """Return a network on every engine and precision, by name; the first is the baseline."""
    fp32, bf16 = (RuntimeConfig(device="cpu", precision=name) for name in ("fp32", "bf16"))
    return {
        "torch fp32": load_network(model, fp32, "torch"),
        "torch bf16": load_network(model, bf16, "torch"),
        "onnx fp32": load_network(model, engine="onnx"),
        "onnx int8": in_8_bits(model),
    }


def bench(models: tuple[str, ...] = ("cae-blur", "blur-fast", "blur"), rounds: int = 7) -> None:
    """Print the table.

    Args:
        models: names of shipped weights.
        rounds: timings of each engine.
    """
    keep_freed_memory()
    choose_runtime(RuntimeConfig(device="cpu"))  # both engines take the threads that torch does
    rows: list[dict[str, object]] = []
    for model in models:
        timed = engines(model)
        for label, size in SIZES.items():
            example = timed["torch fp32"].card.task.example
            images = degrade(noise(*size), example)
            works = {
                name: partial(network.restore, images, example) for name, network in timed.items()
            }
            taken = in_turn(works, rounds)
            base = statistics.median(taken["torch fp32"])
            for name, seconds in taken.items():
                median = statistics.median(seconds)
                about: dict[str, object] = {"model": model, "photos": label, "engine": name}
                speed = {"seconds": median, "images/s": size[0] / median, "ratio": base / median}
                rows.append(about | speed)
    print(tables.markdown(rows))
    print_machine(machine())


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
