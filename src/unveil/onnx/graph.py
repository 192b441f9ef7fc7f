"""What an ONNX file holds: the part of a network that is convolutions, and what it says of itself.

A refiner's linear estimate and what it is told of the operator are linear algebra in torch, of the
whole image and other for each operator. They are inputs of the file, not part of it.
"""

import importlib.metadata
from typing import cast

import torch
from torch import Tensor, nn

from unveil.degradation import Degradation
from unveil.degradation.degrade import degrade
from unveil.networks.refiner import Refiner
from unveil.restoration.restorers import Network

INPUTS = {
    "obfuscated": "the photo, B x 3 x H x W, RGB in [0,1]",
    "start": "its linear estimate, B x 3 x H x W",
    "known": "what is known, B x C x H x W: the estimate's expected error, then the planes of "
    "unveil.networks.conditions, then noise (0 for the typical answer)",
}
"""Name and meaning of the inputs; networks that are told nothing take the first only."""

OUTPUTS = {
    "restored": "the restored photo, B x 3 x H x W, RGB in [0,1]",
    "expected_error": "its expected absolute error, B x 1 x H x W",
}
"""Name and meaning of the outputs; networks that know no error give the first only."""

FORMAT = 1
"""Version of these names and of what :func:`metadata` says."""


class Told(nn.Module):
    """A refiner behind its linear algebra."""

    names = tuple(INPUTS)
    outputs = tuple(OUTPUTS)

    def __init__(self, model: Refiner) -> None:
        super().__init__()
        self.model = model

    def forward(self, obfuscated: Tensor, start: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return the restored photos and their expected error."""
        done = self.model.correct(torch.cat([obfuscated, start, known], dim=1))
        return done[:, :3], done[:, 3:]


class Blind(nn.Module):
    """A refiner that is told nothing: what it reads beside the photo is made in the file."""

    names = tuple(INPUTS)[:1]
    outputs = tuple(OUTPUTS)

    def __init__(self, model: Refiner) -> None:
        super().__init__()
        self.model = model

    def forward(self, obfuscated: Tensor) -> tuple[Tensor, Tensor]:
        """Return the restored photos and their expected error."""
        # A degradation is told to all refiners; this one does not look at it.
        done = self.model.correct(self.model.inputs(obfuscated, cast(Degradation, None)))
        return done[:, :3], done[:, 3:]


class Plain(nn.Module):
    """A network that maps photos to photos."""

    names = tuple(INPUTS)[:1]
    outputs = tuple(OUTPUTS)[:1]

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, obfuscated: Tensor) -> Tensor:
        """Return the restored photos."""
        restored: Tensor = self.model(obfuscated)
        return restored


Graph = Told | Blind | Plain


def graph_of(network: Network) -> Graph:
    """Return what of ``network`` goes into the file, ready to be exported."""
    model = network.model
    if not isinstance(model, Refiner):
        return Plain(model).eval()
    return (Told if network.needs_degradation else Blind)(model).eval()


def planes(network: Network, obfuscated: Tensor, degradation: Degradation) -> Tensor:
    """Return what the file's inputs hold, side by side, ``B x C x H x W``, for these photos."""
    if isinstance(network.model, Refiner) and network.needs_degradation:
        return network.model.inputs(obfuscated, degradation)
    return obfuscated


def example(network: Network, batch: int, height: int, width: int) -> tuple[Tensor, ...]:
    """Return inputs of a file: noise that went through what the weights undo, always the same."""
    clean = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    undone = network.card.task.example
    inputs = planes(network, degrade(clean, undone), undone)
    return inputs.tensor_split((3, 6), dim=1) if inputs.shape[1] > 3 else (inputs,)


def metadata(network: Network) -> dict[str, str]:
    """Return what a file says of itself: which weights, what they undo, what goes in and out."""
    graph, card = graph_of(network), network.card
    return {
        "format": str(FORMAT),
        "name": network.name,
        "architecture": card.model.architecture,
        "operator": card.operator,
        "storage": card.storage,
        "stride_px": str(network.model.stride_px),
        "weights": "float32",
        "weights_sha256": card.files["weights"]["sha256"],
        "unveil_version": importlib.metadata.version("unveil"),
        **{f"input {name}": INPUTS[name] for name in graph.names},
        **{f"output {name}": OUTPUTS[name] for name in graph.outputs},
    }
