"""Write a network that reads planes as an ONNX file of the package, checked against torch."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from export_segmenter import halved, strip
from unveil.estimation.weight_files import write_weights
from unveil.networks.export import OPSET, quiet
from unveil.networks.onnx_engine import open_session

TOLERANCE = 5e-3
"""Greatest difference of a value, by weights of 16 bits."""


def ship(
    network: nn.Module, output: str, example: Callable[[int, int], Tensor], free: tuple[int, ...],
    target: Path,
) -> None:  # fmt: skip
    """Write the network, with weights in 16 bits; end with a line if it is not what torch does.

    Args:
        network: maps planes to an output, as the file will.
        output: name of the output; the input is ``planes``.
        example: returns planes of a height and width.
        free: axes of any length.
        target: the file.
    """
    lengths = dict.fromkeys(free, torch.export.Dim.DYNAMIC)
    with quiet(), torch.inference_mode():
        program = torch.export.export(network, (example(96, 116),), dynamic_shapes=(lengths,))
        made: Any = torch.onnx.export(
            program, input_names=["planes"], output_names=[output],
            opset_version=OPSET, dynamo=True, verbose=False,
        )  # fmt: skip
        wanted = network(planes := example(77, 130)).numpy()
    graph = strip(halved(made.model_proto)).SerializeToString()
    (found,) = open_session(graph).run(None, {"planes": planes.numpy()})
    error = float(np.abs(found - wanted).max())
    print(f"{len(graph) / 1e6:.1f} MB, error {error:.2g}")
    if not error < TOLERANCE:
        sys.exit("differs from torch")
    print(write_weights(target.name, graph, target.parent))


def random_planes(batch: int, channels: int, height: int, width: int) -> Tensor:
    """Return random planes as a refiner reads them; the expected error is above 0."""
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(batch, channels, height, width, generator=generator)
    values[:, 3:6] = values[:, :3]
    values[:, 6] = values[:, 6] * 0.1 + 0.01
    return values
