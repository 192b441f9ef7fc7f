"""Write the segmenter of a training run as the ONNX file that the package ships.

    python tools/export_segmenter.py --state runs/segmenter/state.pt

Weights are kept in 16 bits; ONNX Runtime converts them when it opens the file.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import tyro
from onnx import helper, numpy_helper
from torch import Tensor, nn

from unveil.estimation.kinds import KINDS
from unveil.estimation.segmenter import GRAPH
from unveil.estimation.weight_files import write_weights
from unveil.networks.export import OPSET, quiet
from unveil.networks.onnx_engine import open_session
from unveil.networks.segmenter import Segmenter

TOLERANCE = 2e-2
"""Greatest difference of a logit, by weights of 16 bits."""

SIDE_PX = 96


class Exported(nn.Module):
    """The segmenter, with the two outputs that inspecting needs."""

    def __init__(self, model: Segmenter) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of kinds and of being hidden."""
        answer = self.model(image)
        return answer.kinds, answer.hidden


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose large weights are in 16 bits, converted when it is opened."""
    nodes, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 256:
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), tensor.name + ".half"))
        cast = helper.make_node("Cast", [tensor.name + ".half"], [tensor.name], to=1)
        nodes.append(cast)
    rest = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes + rest)
    return model


def strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model without what the exporter notes of its own working."""
    del model.graph.value_info[:]
    for item in (model.graph, *model.graph.node):
        del item.metadata_props[:]
        item.doc_string = ""
    return model


def export(state: Path) -> None:
    """Write the file, and check it against torch.

    Args:
        state: of the training run.
    """
    saved: dict[str, Any] = torch.load(state, weights_only=True)
    segmenter = Segmenter(len(KINDS))
    segmenter.load_state_dict(saved["average"])
    model = Exported(segmenter.eval())
    example = torch.rand(1, 3, SIDE_PX, SIDE_PX + 20)
    free = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    with quiet(), torch.inference_mode():
        program = torch.export.export(model, (example,), dynamic_shapes=(free,))
        made: Any = torch.onnx.export(
            program, input_names=["image"], output_names=["kinds", "hidden"],
            opset_version=OPSET, dynamo=True, verbose=False,
        )  # fmt: skip
        wanted = model(torch.rand(1, 3, 77, 130, generator=torch.Generator().manual_seed(0)))
    content = strip(halved(made.model_proto))
    graph = content.SerializeToString()
    image = torch.rand(1, 3, 77, 130, generator=torch.Generator().manual_seed(0)).numpy()
    found = open_session(graph).run(None, {"image": image})
    error = max(float(np.abs(f - w.numpy()).max()) for f, w in zip(found, wanted, strict=True))
    print(f"{len(graph) / 1e6:.1f} MB, step {saved['step']}, error {error:.2g}")
    if not error < TOLERANCE:
        sys.exit("differs from torch")
    print(write_weights(GRAPH, graph))


if __name__ == "__main__":
    tyro.cli(export, description=__doc__)
