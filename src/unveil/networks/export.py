"""Writing a network as an ONNX file, which gets its name only when it does what PyTorch does."""

import contextlib
import hashlib
import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from unveil.documents import parse_json
from unveil.errors import UnveilError
from unveil.files import temporary_beside
from unveil.networks import checkpoint
from unveil.networks.architectures import build_from
from unveil.networks.card import Card, find_model, read_card
from unveil.networks.graph import Graph, Source, example, graph_of, metadata
from unveil.networks.onnx_engine import DIGITS, open_session
from unveil.tensors import SCALES_SUFFIX

OPSET = 20
TOLERANCE = 1e-4
"""Greatest difference from PyTorch that a file may have, of values in [0,1]."""

TRACED = (2, 37, 45)
"""Batch, height and width that the exporter sees; none is 1 or equal, so all stay free."""


FREE = {0: "batch", 2: "height", 3: "width"}
"""The axes of any length, by the names that the file has for them."""


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        path: the file.
        size_bytes: its size.
        difference: greatest one from PyTorch, of values in [0,1], at the sizes of :func:`sizes`.
    """

    path: Path
    size_bytes: int
    difference: float

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.size_bytes / 1e6:.1f} MB, differs from PyTorch by at most "
            f"{self.difference:.1g} (of values in [0,1], at {len(sizes(1))} sizes)"
        )

    def as_row(self) -> dict[str, object]:
        """Return the report as plain values for JSON."""
        return {**asdict(self), "path": str(self.path)}


def load_for_export(model: str) -> Source:
    """Load shipped weights by name, or a checkpoint by its folder, as files hold them.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: weights that are damaged or were changed.
    """
    folder = find_model(model)
    return _source(folder, read_card(folder))


def _source(folder: Path, card: Card) -> Source:
    network = build_from(folder, card)
    checkpoint.load_weights(network, folder, card)
    return Source(folder.name, network.eval(), card)


def export_to_cache(folder: Path, card: Card, cache: Path, stem: str) -> bytes:
    """Export the network of a checkpoint into ``cache``; return the file's content.

    Args:
        folder: the checkpoint.
        card: of the checkpoint.
        cache: folder of the file.
        stem: of the file's name, which gets the content's sha256, too.

    Raises:
        UnveilError: the network cannot be exported.
    """
    source = _source(folder, card)
    content = to_onnx(source)
    name = f"{stem}-{hashlib.sha256(content).hexdigest()[:DIGITS]}.onnx"
    write_checked(source, content, cache / name)
    return content


def write_onnx(source: Source, target: Path) -> Report:
    """Write ``source`` to ``target``, checked against PyTorch; all of it or nothing.

    Raises:
        UnveilError: an operator of the network has no counterpart in ONNX, or the file does
            something else than PyTorch.
    """
    return write_checked(source, to_onnx(source), target)


def write_checked(source: Source, content: bytes, target: Path) -> Report:
    """Write ``content``, an ONNX file of ``source``, if it does what PyTorch does.

    Raises:
        UnveilError: it does something else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(target) as partial:
        partial.write_bytes(content)
        difference = check(source, partial)
    return Report(target, len(content), difference)


def to_onnx(source: Source) -> bytes:
    """Return the ONNX file of ``source``: any batch, height and width.

    Raises:
        UnveilError: an operator of the network has no counterpart in ONNX.
    """
    graph = graph_of(source)
    try:
        with quiet(), torch.inference_mode():
            model = _convert(graph, example(source, *TRACED))
    except Exception as error:  # the exporter's exceptions have no common base
        raise UnveilError(f"{source.name}: {_operator_in(error)}; nothing was written.") from error
    _tidy(model)
    content: bytes = model.SerializeToString()
    return set_metadata(content, metadata(source))


def without_weights(content: bytes, weights: Path) -> bytes:
    """Return an ONNX file whose parameters are references into a file of safetensors.

    Weights that the file holds in 16 bits are converted to float32 by the graph, those in 8 bits
    multiplied by their scales, too; ONNX Runtime does so once, when it opens the graph.

    Args:
        content: an ONNX file of :func:`to_onnx`.
        weights: the weights of its network; must lie beside the file.
    """
    import onnx

    model, stored = onnx.load_from_string(content), _stored_tensors(weights)
    kept, converted = [], []
    for tensor in model.graph.initializer:
        name = tensor.name.removeprefix("model.")
        if name not in stored:
            kept.append(tensor)
            continue
        kept.append(_reference(weights.name, stored[name], tensor.name, tensor.dims))
        source = kept[-1]
        if source.data_type == onnx.TensorProto.FLOAT:
            continue
        source.name += ".stored"
        target = tensor.name + ".cast" if name + SCALES_SUFFIX in stored else tensor.name
        converted.append(
            onnx.helper.make_node("Cast", [source.name], [target], to=onnx.TensorProto.FLOAT)
        )
        if target != tensor.name:
            scales = stored[name + SCALES_SUFFIX]
            kept.append(_reference(weights.name, scales, tensor.name + ".scales", scales.shape))
            inputs = [target, kept[-1].name]
            converted.append(onnx.helper.make_node("Mul", inputs, [tensor.name]))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = [*converted, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    written: bytes = model.SerializeToString()
    return written


class _Stored(NamedTuple):
    """Where a tensor stands in a file of safetensors."""

    kind: str
    shape: list[int]
    offset: int
    length: int


def _stored_tensors(weights: Path) -> dict[str, _Stored]:
    """Return where the tensors of a file of safetensors stand: a length, a header, the data."""
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = parse_json(file.read(length).decode())
    header.pop("__metadata__", None)
    return {
        name: _Stored(
            *(entry["dtype"], entry["shape"], 8 + length + entry["data_offsets"][0]),
            entry["data_offsets"][1] - entry["data_offsets"][0],
        )
        for name, entry in header.items()
    }


def _reference(file: str, stored: _Stored, name: str, shape: Iterable[int]) -> Any:
    """Return a tensor of ONNX that is a part of another file.

    Raises:
        UnveilError: the exporter has changed the tensor's shape.
    """
    import onnx

    if list(shape) != stored.shape:
        raise UnveilError(f"{name}: is {list(shape)} in the graph, but {stored.shape} in {file}.")
    tensor = onnx.TensorProto(name=name, dims=stored.shape)
    kinds = {"F32": "FLOAT", "F16": "FLOAT16", "I8": "INT8"}
    tensor.data_type = getattr(onnx.TensorProto, kinds[stored.kind])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", file), ("offset", stored.offset), ("length", stored.length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def set_metadata(content: bytes, said: dict[str, str]) -> bytes:
    """Return an ONNX file that says ``said`` of itself and nothing else."""
    import onnx

    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, said)
    changed: bytes = model.SerializeToString()
    return changed


def sizes(stride_px: int) -> list[tuple[int, int, int]]:
    """Return batch, height and width of what a file is checked on: two multiples, three not."""
    near, far = 3 * stride_px, 5 * stride_px
    return [
        (1, near, far),
        (2, far, near),
        (1, near + 1, far - 1),
        (2, far + 1, near - 1),
        (3, 5, 1),
    ]


@torch.inference_mode()
def check(source: Source, path: Path) -> float:
    """Return the greatest difference between the file and ``source``, of values in [0,1].

    Raises:
        UnveilError: ONNX Runtime cannot run the file, or it differs by more than ``TOLERANCE``.
    """
    graph, greatest = graph_of(source), 0.0
    session, names = open_session(path), [part.name for part in graph.inputs]
    for size in sizes(source.model.stride_px):
        inputs = example(source, *size)
        wanted = graph(*inputs)
        wanted = torch.cat(wanted if isinstance(wanted, tuple) else [wanted], dim=1)
        feed = {name: part.numpy() for name, part in zip(names, inputs, strict=True)}
        found = np.concatenate(session.run(None, feed), axis=1)
        difference = float(np.abs(found - wanted.numpy()).max())
        if not difference <= TOLERANCE:  # so that NaN is refused too
            raise UnveilError(
                f"{source.name}: as ONNX it differs from PyTorch by {difference:.2g} at "
                f"{size[2]}x{size[1]} pixels; nothing was written."
            )
        greatest = max(greatest, difference)
    return greatest


def _convert(graph: Graph, inputs: tuple[torch.Tensor, ...]) -> Any:
    free = dict.fromkeys(FREE, torch.export.Dim.DYNAMIC)
    shapes = tuple(free for _ in inputs)
    program = torch.export.export(graph, inputs, dynamic_shapes=shapes)
    exported: Any = torch.onnx.export(
        program,
        input_names=[part.name for part in graph.inputs],
        output_names=list(graph.outputs),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    return exported.model_proto


def _operator_in(error: BaseException) -> str:
    """Return what of ``error`` is of use: the operator that ONNX lacks."""
    cause: BaseException | None = error
    while cause is not None:
        found = re.search(r"No ONNX function found for <OpOverload\(op='([^']+)'", str(cause))
        if found:
            return f"the operator {found[1]} has no counterpart in ONNX"
        cause, last = cause.__cause__, cause
    return f"cannot be exported ({str(last).splitlines()[0].rstrip('.')})"


def _tidy(model: Any) -> None:
    """Name the free axes, and drop what the exporter notes of this machine: paths of sources."""
    for item in (*model.graph.input, *model.graph.output):
        for axis, name in FREE.items():
            item.type.tensor_type.shape.dim[axis].dim_param = name
    del model.graph.value_info[:]
    for item in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        del item.metadata_props[:]
        item.doc_string = ""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep advice that the exporter has for its own kind off the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
