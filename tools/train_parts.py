"""Train refiners on drawn journeys of LFW's training people, resumable.

    python tools/train_parts.py draw --kind blur --data ../shared/lfw --shards 20
    python tools/train_parts.py fit --kind blur --steps 6000
    python tools/train_parts.py export --kind blur

Those of hidden parts start from the shipped weights of the fast family, which correct the linear
estimate of whole pictures; what those were told and this one is not starts at weights of zero.
With ``--again`` they go on from their own. ``blind`` is the network for compression and noise,
which goes on from the shipped ``streaming``; ``export`` leaves a run for ``release_weights.py``.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import torch
import tyro
from torch import Tensor, nn

from planes_graph import random_planes, ship
from train_segmenter import training_photos
from unveil.config import RuntimeConfig
from unveil.linear.prior import read_prior
from unveil.networks import checkpoint
from unveil.networks.card import find_model, read_card
from unveil.networks.refiner import Refiner
from unveil.networks.torch_engine import choose_runtime, open_engine
from unveil.restoration import refining
from unveil.restoration.refining import FOLDER, REACH_PX, STRIDE_PX
from unveil.runtime import Runtime, keep_freed_memory, provenance
from unveil.training.journeys import stored, undone
from unveil.training.parts import Draw, PartsConfig, PartsTraining, draw_shard

Parts = refining.Kind
Kind = Literal["blur", "mosaic", "blind"]
DRAWS: dict[Kind, Draw] = {
    "blur": undone.draw_blur,
    "mosaic": undone.draw_blocks,
    "blind": stored.draw_stored,
}
STARTS: dict[Kind, tuple[str, tuple[int, ...]]] = {
    "blur": ("blur-fast", (8, 10, 11)),
    "mosaic": ("pixelate-fast", (8,)),
    "blind": ("streaming", ()),
}
"""Weights to start from, and the channels that mean something else to them."""


def draw(
    data: Path, kind: Kind, folder: Path = Path("runs/parts"), first: int = 0, shards: int = 20
) -> None:
    """Draw pictures.

    Args:
        data: LFW's folder.
        kind: what hides a part.
        folder: that shards and runs are in.
        first: number of the first shard.
        shards: how many.
    """
    photos, prior = training_photos(data), read_prior()
    for number in range(first, first + shards):
        draw_shard(DRAWS[kind], photos, prior, folder / kind / "shards", number)
        print(kind, number, flush=True)


def fit(
    kind: Kind, folder: Path = Path("runs/parts"), steps: int = 6_000, rate: float = 8e-4,
    threads: int = 1, *, again: bool = False,
) -> None:  # fmt: skip
    """Train.

    Args:
        kind: what hides a part.
        folder: that shards and runs are in; a run there goes on.
        steps: optimiser steps in all.
        rate: highest learning rate.
        threads: of torch.
        again: start from the shipped weights of the kind itself.
    """
    keep_freed_memory()
    torch.manual_seed(0)
    shards = sorted((folder / kind / "shards").glob("???.npz"))
    network = shipped(kind) if again and kind != "blind" else start_of(kind)
    runtime = choose_runtime(RuntimeConfig(device="cpu", threads=threads))
    config = PartsConfig(steps=steps, learning_rate=rate, runtime=runtime)
    training = PartsTraining(network, config, folder / kind, shards)
    training.run()


def export(kind: Kind, folder: Path = Path("runs/parts")) -> None:
    """Write the network of a run as the ONNX file that the package ships, checked against torch.

    Args:
        kind: what hides a part.
        folder: that the run is in.
    """
    saved: dict[str, Any] = torch.load(folder / kind / "state.pt", weights_only=True)
    network = start_of(kind)
    network.load_state_dict(saved["average"])
    if kind == "blind":
        leave_run(folder / kind, network, saved["step"])
        return
    if (network.stride_px, network.reach_px) != (STRIDE_PX[kind], REACH_PX[kind]):
        sys.exit(f"stride {network.stride_px} and reach {network.reach_px} are not as stated")
    example = partial(random_planes, 1, sum(part.channels for part in network.planes))
    ship(Exported(network.eval()), "restored", example, (2, 3), FOLDER / f"{kind}.onnx")


def leave_run(folder: Path, network: Refiner, steps: int) -> None:
    """Write the weights as the best checkpoint of a run, for ``release_weights.py``."""
    name, _ = STARTS["blind"]
    old = read_card(find_model(name))
    run = old.run | {"train": old.run["train"] | {"journey_steps": steps}}
    card = replace(old, run=run, step=old.step + steps, provenance=provenance(Runtime()))
    checkpoint.write(folder / "best", card, {"weights": network.state_dict()})
    print(folder)


def shipped(kind: Parts) -> Refiner:
    """Return the shipped network of a kind, to go on with."""
    network = start_of(kind)
    model = onnx.load(FOLDER / f"{kind}.onnx")
    weights = {
        one.name.removeprefix("network.").removesuffix(".half"): onnx.numpy_helper.to_array(one)
        for one in model.graph.initializer
        if one.name.startswith("network.")
    }
    values = {name: torch.from_numpy(one.astype(np.float32)) for name, one in weights.items()}
    network.load_state_dict(network.state_dict() | values)
    if missing := set(dict(network.named_parameters())) - set(values):
        raise KeyError(*missing)
    return network


class Exported(nn.Module):
    """A refiner from the planes on that it reads."""

    def __init__(self, network: Refiner) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor) -> Tensor:
        """Return the restored images and their expected error."""
        return self.network.correct(planes)


def start_of(kind: Kind) -> Refiner:
    """Return the network to begin with."""
    name, others = STARTS[kind]
    folder = find_model(name)
    network = open_engine(folder, read_card(folder), RuntimeConfig(device="cpu")).model
    if not isinstance(network, Refiner):
        raise TypeError(name)
    with torch.no_grad():
        network.head.weight[:, list(others)] = 0
    return network


if __name__ == "__main__":
    tyro.extras.subcommand_cli_from_dict({"draw": draw, "fit": fit, "export": export})
