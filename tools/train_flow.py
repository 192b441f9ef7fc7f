"""Train the flow of `unveil restore --samples` on LFW's training people, resumable.

    python tools/train_flow.py draw --data ../shared/lfw
    python tools/train_flow.py fit
    python tools/train_flow.py export

It starts from the layers of ``pixelate-fast``. What it starts a guess with is the answer of
``pixelate`` and drawn detail; photos are those of the study's training split.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from torch import Tensor, nn

from planes_graph import random_planes, ship
from unveil.arrays import to_numpy
from unveil.config import DataConfig, RuntimeConfig
from unveil.degradation import Degradation, Pixelate, Storage
from unveil.degradation.degrade import degrade
from unveil.networks.card import find_model, read_card
from unveil.networks.flow import PLANES, Flow
from unveil.networks.refiner import Refiner
from unveil.networks.torch_engine import open_engine
from unveil.restoration import flow
from unveil.restoration.realism import Answer, drawn_detail
from unveil.restoration.restorers import NetworkRestorer, load
from unveil.runtime import keep_freed_memory, set_threads
from unveil.training.data import open_photos
from unveil.training.flowing import FlowConfig, FlowTraining, Guessed, draw_shard, open_shards

FOLDER = Path("runs/flow")
START, ANSWERING = "pixelate-fast", "pixelate"
BLOCKS_PX = (4, 16)
STUDY_BLOCK_PX, STUDY_SHARE = 8, 0.4


def draw(data: Path, folder: Path = FOLDER, shards: int = 8, threads: int = 1) -> None:
    """Guess at photos of the study's training split.

    Args:
        data: LFW's folder.
        folder: that shards and the run are in.
        shards: how many, of 500 photos.
        threads: of ONNX Runtime.
    """
    keep_freed_memory()
    set_threads(threads)
    photos, network = open_photos(DataConfig(data)), load(ANSWERING)
    if not isinstance(network, NetworkRestorer):
        raise TypeError(network)
    for shard in range(shards):
        draw_shard(
            partial(guess, network), photos, photos.splits["train"], folder / "shards", shard
        )
        print(shard, flush=True)


def guess(network: NetworkRestorer, clean: np.ndarray, rng: np.random.Generator) -> Guessed:
    """Return a photo, mirrored or not, pixelated by drawn blocks, and a first guess at it."""
    clean = clean[..., ::-1] if rng.random() < 1 / 2 else clean
    is_study = rng.random() < STUDY_SHARE
    block = STUDY_BLOCK_PX if is_study else int(rng.integers(BLOCKS_PX[0], BLOCKS_PX[1] + 1))
    left, top = (0, 0) if rng.random() < 1 / 2 else rng.integers(block, size=2).tolist()
    known = Degradation(Pixelate(block, left, top), Storage())
    obfuscated = to_numpy(degrade(np.ascontiguousarray(clean), known))
    restored, error = network.restore_with_error(obfuscated, known)
    answer = Answer(restored, error, obfuscated, known)
    drawn = drawn_detail(answer, network.prior, int(rng.integers(2**31)), most=1.0)
    return Guessed(
        flow.known_planes(answer).astype(np.float16),
        to_numpy(drawn).astype(np.float16),
        np.rint(255 * clean).astype(np.uint8),
    )


def fit(folder: Path = FOLDER, steps: int = 4_000, threads: int = 1) -> None:
    """Train.

    Args:
        folder: that shards and the run are in; a run there goes on.
        steps: optimiser steps in all.
        threads: of torch.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    photos = open_shards(sorted((folder / "shards").glob("???.npz")))
    FlowTraining(start(), FlowConfig(steps), folder, photos).run()


def start() -> Flow:
    """Return the network to begin with."""
    folder = find_model(START)
    card = read_card(folder)
    refiner = open_engine(folder, card, RuntimeConfig(device="cpu")).model
    if not isinstance(refiner, Refiner):
        raise TypeError(START)
    network = Flow(card.model)
    network.start_from(refiner)
    return network


def export(folder: Path = FOLDER) -> None:
    """Write the network of a run as the ONNX file that the package ships, checked against torch.

    Args:
        folder: that the run is in.
    """
    saved: dict[str, Any] = torch.load(folder / "state.pt", weights_only=True)
    network = start()
    network.load_state_dict(saved["average"])
    if (network.stride_px, network.reach_px) != (flow.STRIDE_PX, flow.REACH_PX):
        sys.exit(f"stride {network.stride_px} and reach {network.reach_px} are not as stated")
    example = partial(random_planes, 2, sum(part.channels for part in PLANES))
    ship(Exported(network.eval()), "velocity", example, (0, 2, 3), flow.FOLDER / flow.WEIGHTS)


class Exported(nn.Module):
    """A flow as a function of the planes that it reads."""

    def __init__(self, network: Flow) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor) -> Tensor:
        """Return the velocity."""
        return self.network.velocity(planes)


if __name__ == "__main__":
    tyro.extras.subcommand_cli_from_dict({"draw": draw, "fit": fit, "export": export})
