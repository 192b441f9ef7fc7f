"""Small networks of every architecture, as checkpoints, that the tests of ONNX files share."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from unveil.config import ModelConfig
from unveil.linear.prior import read_prior
from unveil.networks import checkpoint
from unveil.networks.architectures import build
from unveil.networks.card import Card
from unveil.networks.network import Network

SHAPES = {
    "cae": ModelConfig("cae", 8, 2, (4, 8), (0, 1), decoder="mirrored"),
    "vcae": ModelConfig("vcae", 9, 1, (4, 4, 8), (0, 0, 0)),
    "rescae": ModelConfig("rescae", 9, 1, (4, 4, 8), (0, 0, 0)),
    "blind": ModelConfig("blind", 6, 2, (4, 8), (1, 1)),
    "refiner": ModelConfig("refiner", 6, 2, (4, 8), (1, 1)),
}
FAMILIES = {"blind": ("streaming", "any"), "refiner": ("pixelate", "any")}


Weights = Mapping[str, torch.Tensor]


def write_tiny(folder: Path, architecture: str, store: Callable[[Weights], Weights] = dict) -> Path:
    """Write a checkpoint whose weights are all drawn: none of its layers starts as zero.

    Args:
        folder: of the checkpoint.
        architecture: name in ``MODELS``.
        store: what is written of the weights, e.g. in half precision.
    """
    torch.manual_seed(0)
    model = build(SHAPES[architecture])
    for values in model.parameters():
        torch.nn.init.normal_(values, std=0.15)
    model.use_prior(read_prior())
    operator, storage = FAMILIES.get(architecture, ("gaussian:kernel=9,sigma=4", "8bit"))
    card = Card(SHAPES[architecture], operator, storage, run={}, data={}, provenance={})
    checkpoint.write(folder, card, {"weights": dict(store(model.state_dict()))})
    return folder


class Unchanged(Network):
    """A network that returns its input."""

    stride_px, reach_px = 1, 0

    def correct(self, inputs):
        return inputs
