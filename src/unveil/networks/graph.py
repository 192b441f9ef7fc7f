"""The content of an ONNX file: the convolutions of a network, and metadata.

The linear estimate and the conditions of a refiner depend on the whole image and on the operator.
torch computes them; they are inputs of the file, not part of it.
"""

import importlib.metadata
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unveil.degradation import Degradation
from unveil.degradation.degrade import degrade
from unveil.networks.card import Card
from unveil.networks.interface import Planes
from unveil.networks.network import Network
from unveil.networks.onnx_engine import FORMAT

OUTPUTS = {
    "restored": "the restored photo, B x 3 x H x W, RGB in [0,1]",
    "expected_error": "its expected absolute error, B x 1 x H x W",
}
"""Name and meaning of the outputs; the second only of networks that estimate their error."""


class Source(NamedTuple):
    """A network to export, with its weights.

    Attributes:
        name: shipped name, or that of the checkpoint's folder.
        model: on the CPU.
        card: of its weights.
    """

    name: str
    model: Network
    card: Card


class Graph(nn.Module):
    """The part of a network that goes into a file.

    A network that needs the degradation computes its inputs outside of the file; what others
    derive from the photo is part of it.
    """

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    @property
    def inputs(self) -> tuple[Planes, ...]:
        """The file's inputs."""
        return self.model.interface.planes

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the file's outputs."""
        return tuple(OUTPUTS) if self.model.estimates_error else tuple(OUTPUTS)[:1]

    def forward(
        self, obfuscated: Tensor, second: Tensor | None = None, third: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Return the restored photos and, where the network estimates it, their expected error.

        Not variadic: the exporter would choose other names for sizes, and files would change.
        """
        if self.model.needs_degradation:
            inputs = [part for part in (obfuscated, second, third) if part is not None]
            output = self.model.correct(torch.cat(inputs, dim=1))
        else:
            output = self.model.correct(self.model.inputs(obfuscated))
        return (output[:, :3], output[:, 3:]) if self.model.estimates_error else output


def graph_of(source: Source) -> Graph:
    """Return the part of ``source`` that goes into the file, ready to be exported."""
    return Graph(source.model).eval()


def inputs_of(source: Source, obfuscated: Tensor, degradation: Degradation) -> Tensor:
    """Return the file's inputs for these photos as one tensor, ``B x C x H x W``."""
    if source.model.needs_degradation:
        return source.model.inputs(obfuscated, degradation)
    return obfuscated


def example(source: Source, batch: int, height: int, width: int) -> tuple[Tensor, ...]:
    """Return example inputs of a file, always the same: degraded noise."""
    clean = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    undone = source.card.task.example
    inputs = inputs_of(source, degrade(clean, undone), undone)
    channels = [part.channels for part in graph_of(source).inputs]
    return torch.split(inputs, channels, dim=1)


def metadata(source: Source) -> dict[str, str]:
    """Return the metadata of a file: its weights, what they undo, its inputs and outputs."""
    graph, card = graph_of(source), source.card
    return {
        "format": str(FORMAT),
        "name": source.name,
        "architecture": card.model.architecture,
        "operator": card.operator,
        "storage": card.storage,
        "stride_px": str(source.model.stride_px),
        "reach_px": str(source.model.reach_px),
        "weights": "float32",
        "weights_sha256": card.files["weights"]["sha256"],
        "unveil_version": importlib.metadata.version("unveil"),
        **{f"input {part.name}": part.meaning for part in graph.inputs},
        **{f"output {name}": OUTPUTS[name] for name in graph.outputs},
    }
