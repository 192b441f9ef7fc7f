"""ONNX models encoded as bytes, without the package ``onnx``.

A model is a protocol buffer: fields with a number and a value, whose messages nest
(https://protobuf.dev/programming-guides/encoding; the numbers are those of onnx.proto).
"""

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

IR_VERSION, OPSET = 8, 17
"""Versions of the format and of the operators; ONNX Runtime 1.12 and later read them."""

FLOAT, INT64 = 1, 7
"""Element types of tensors."""

INTEGER, INTEGERS = 2, 7
"""Types of attributes."""


class ModelEncoder:
    """The nodes and weights of a model; every node is added after those that it reads."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._weights: list[bytes] = []

    def weight(self, values: np.ndarray) -> str:
        """Add a constant, stored as float32 or, if it has integers, as int64; return its name."""
        whole = np.issubdtype(values.dtype, np.integer)
        stored = values.astype("<i8" if whole else "<f4")
        name = f"weight{len(self._weights)}"
        shape = [(1, size) for size in stored.shape]
        kind = (2, INT64 if whole else FLOAT)
        self._weights.append(message(*shape, kind, (8, name), (9, stored.tobytes())))
        return name

    def node(self, operator: str, *inputs: str, **attributes: int | Sequence[int]) -> str:
        """Add a node with one output; return the output's name.

        Args:
            operator: of ONNX, e.g. ``Conv``.
            inputs: names of weights, of the model's inputs, or of other nodes' outputs.
            attributes: of the operator.
        """
        name = f"node{len(self._nodes)}"
        fields: list[tuple[int, int | str | bytes]] = [(1, each) for each in inputs]
        fields += [(2, name), (4, operator)]
        fields += [(5, _attribute(key, value)) for key, value in attributes.items()]
        self._nodes.append(message(*fields))
        return name

    def encode(
        self, inputs: Mapping[str, Sequence[int | str]], outputs: Mapping[str, Sequence[int | str]]
    ) -> bytes:
        """Return the model.

        Args:
            inputs: shapes by name; a size that varies is given by a name, e.g. ``batch``.
            outputs: shapes of nodes' outputs by name.
        """
        fields: list[tuple[int, int | str | bytes]] = [(1, node) for node in self._nodes]
        fields.append((2, "graph"))
        fields += [(5, weight) for weight in self._weights]
        fields += [(11, _described(name, shape)) for name, shape in inputs.items()]
        fields += [(12, _described(name, shape)) for name, shape in outputs.items()]
        opset = message((1, ""), (2, OPSET))
        return message((1, IR_VERSION), (7, message(*fields)), (8, opset))


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return message((1, name), (3, value), (20, INTEGER))
    return message((1, name), *((8, each) for each in value), (20, INTEGERS))


def _described(name: str, shape: Iterable[int | str]) -> bytes:
    """Return the description of a float32 input or output."""
    sizes = [message((2 if isinstance(size, str) else 1, size)) for size in shape]
    tensor = message((1, FLOAT), (2, message(*((1, size) for size in sizes))))
    return message((1, name), (2, message((1, tensor))))


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """Return a message of the fields ``(number, value)``; a value is at least 0, text or bytes."""
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts += [_varint(number << 3), _varint(value)]
        else:
            content = value.encode() if isinstance(value, str) else value
            parts += [_varint(number << 3 | 2), _varint(len(content)), content]
    return b"".join(parts)


def _varint(value: int) -> bytes:
    """Return an integer in groups of 7 bits, lowest first; the top bit says that more follow."""
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return struct.pack(f"{len(groups) + 1}B", *groups, value)
