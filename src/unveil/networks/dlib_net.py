"""dlib's face recognition network, read from dlib's own file and encoded as an ONNX model.

A ResNet of 29 convolutions that maps an aligned face to 128 numbers; two faces of one person are
less than 0.6 apart (D. E. King, "High Quality Face Recognition with Deep Metric Learning",
2017; the layers of K. He et al., 2016, with half the channels). dlib itself takes 20 times as long
on a CPU. The weights are in the public domain (CC0).
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from unveil.errors import UnveilError
from unveil.networks.dlib_files import EMBEDDER_FILE, model_file
from unveil.networks.onnx_encoding import ModelEncoder

SIDE_PX = 150
MEAN = (122.782, 117.001, 104.298)
STD = (256.0, 256.0, 256.0)
"""What dlib subtracts from red, green and blue (0 to 255), and divides the difference by."""

LEVELS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
"""Channels and residual blocks at each resolution; each level but the first halves it."""

STEM_PX, STEM_SIDE_PX = 7, 35
"""Side of the first kernel, and of the planes after the first convolution and the pooling."""

FEATURES = 128

WIDTHS = tuple(width for width, count in LEVELS for _ in range(count))
"""Channels of each residual block."""

HALVING = frozenset(sum(count for _, count in LEVELS[:level]) for level in range(1, len(LEVELS)))
"""Numbers of the blocks that halve the planes."""


Weights = Mapping[str, np.ndarray]
"""Kernels ``outputs x inputs x side x side`` and biases by name, as torch names them."""


def dlib_model(content: bytes) -> bytes:
    """Return dlib's network as an ONNX model: faces ``B x 3 x 150 x 150`` to ``B x 128``.

    Args:
        content: of dlib's file.

    Raises:
        UnveilError: the bytes are not the weights of this network.
    """
    return face_model(dlib_weights(content))


def published_weights() -> dict[str, np.ndarray]:
    """Return the weights of dlib's network.

    Raises:
        UnveilError: its file is missing or damaged.
    """
    return dlib_weights(model_file(EMBEDDER_FILE).read_bytes())


def dlib_weights(content: bytes) -> dict[str, np.ndarray]:
    """Return the network's weights; affine layers are folded into the convolutions before them.

    Args:
        content: of dlib's file.

    Raises:
        UnveilError: the bytes are not the weights of this network.
    """
    layers = _layers(content)
    weights: dict[str, np.ndarray] = {}
    try:
        for name, size in _convolutions():
            weights |= _folded(layers, name, size)
        weights["head.weight"] = next(layers).reshape(WIDTHS[-1], FEATURES).T
    except (ValueError, StopIteration):
        raise UnveilError("not the weights of dlib's face recognition network.") from None
    return {name: np.ascontiguousarray(values, np.float32) for name, values in weights.items()}


def _convolutions() -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Yield the name of each convolution, and its outputs, inputs and side, in the file's order."""
    yield "stem", (LEVELS[0][0], 3, STEM_PX)
    for number, (narrow, wide) in enumerate(pairwise([LEVELS[0][0], *WIDTHS])):
        yield f"blocks.{number}.0", (wide, narrow, 3)
        yield f"blocks.{number}.1", (wide, wide, 3)


def _folded(
    layers: Iterator[np.ndarray], name: str, size: tuple[int, int, int]
) -> dict[str, np.ndarray]:
    """Return kernel and bias of the file's next convolution, its affine layer folded in."""
    outputs, inputs, side = size
    values, (gain, offset) = next(layers), next(layers).reshape(2, -1)
    count = outputs * inputs * side**2
    kernel = values[:count].reshape(outputs, inputs, side, side) * gain[:, None, None, None]
    return {f"{name}.weight": kernel, f"{name}.bias": values[count:] * gain + offset}


def face_model(weights: Weights) -> bytes:
    """Return a network of this shape as an ONNX model, as :func:`dlib_model`.

    Args:
        weights: by the names of :func:`dlib_weights`.
    """
    encoder = ModelEncoder()
    stem = _convolution(encoder, weights, "stem", "faces", strides=(2, 2))
    x = encoder.node("Relu", stem)
    x = encoder.node("MaxPool", x, kernel_shape=(3, 3), strides=(2, 2))
    side = STEM_SIDE_PX
    for number, (narrow, wide) in enumerate(pairwise([LEVELS[0][0], *WIDTHS])):
        block = f"blocks.{number}"
        if number in HALVING:
            x, side = _halving_block(encoder, weights, block, x, (narrow, wide), side)
        else:
            refined = _refined(encoder, weights, block, x, strides=(1, 1), pads=(1,) * 4)
            x = encoder.node("Relu", encoder.node("Add", refined, x))
    x = encoder.node("Flatten", encoder.node("GlobalAveragePool", x))
    output = encoder.node("MatMul", x, encoder.weight(weights["head.weight"].T))
    return encoder.encode({"faces": ("batch", 3, SIDE_PX, SIDE_PX)}, {output: ("batch", FEATURES)})


def _halving_block(
    encoder: ModelEncoder, weights: Weights, block: str, x: str, widths: tuple[int, int], side: int
) -> tuple[str, int]:
    """Add a residual block that halves the planes; return its output and their new side.

    dlib's sum pads its terms with zeros at the ends of channels, rows and columns.
    """
    # dlib pads the 3x3 convolutions that keep the size, and no others.
    refined = _refined(encoder, weights, block, x, strides=(2, 2))
    shortcut = encoder.node("AveragePool", x, kernel_shape=(2, 2), strides=(2, 2))
    refined_side, halved = (side - 3) // 2 + 1, side // 2
    refined = _grow(encoder, refined, 0, halved - refined_side)
    shortcut = _grow(encoder, shortcut, widths[1] - widths[0], 0)
    return encoder.node("Relu", encoder.node("Add", refined, shortcut)), halved


def _refined(
    encoder: ModelEncoder, weights: Weights, block: str, x: str, **first: tuple[int, ...]
) -> str:
    """Add a block's two 3x3 convolutions, the first with the attributes ``first``."""
    x = encoder.node("Relu", _convolution(encoder, weights, f"{block}.0", x, **first))
    return _convolution(encoder, weights, f"{block}.1", x, pads=(1, 1, 1, 1))


def _grow(encoder: ModelEncoder, x: str, channels: int, px: int) -> str:
    """Pad channels, and rows and columns, with zeros at their ends."""
    if not channels and not px:
        return x
    ends = encoder.weight(np.array([0, 0, 0, 0, 0, channels, px, px]))
    return encoder.node("Pad", x, ends)


def _convolution(
    encoder: ModelEncoder, weights: Weights, name: str, x: str, **attributes: tuple[int, ...]
) -> str:
    kernel, bias = (encoder.weight(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    return encoder.node("Conv", x, kernel, bias, **attributes)


_LAYER = re.compile(rb"\x01(?:\x05con_4|\x07affine_|\x04fc_2)")


def _layers(content: bytes) -> Iterator[np.ndarray]:
    """Yield the values of each layer in the file, from the first layer to the last.

    dlib writes a layer as its name, a version, four sizes and the weights as raw floats.
    """
    position = 0
    while found := _LAYER.search(content, position):
        position = found.end()
        if found.group().endswith(b"fc_2"):
            for _ in range(2):  # number of outputs and kind of bias precede the weights
                _, position = _integer(content, position)
        sizes = []
        for _ in range(5):
            size, position = _integer(content, position)
            sizes.append(size)
        count = int(np.prod(sizes[1:]))
        yield np.frombuffer(content, "<f4", count, position)
        position += 4 * count


def _integer(content: bytes, position: int) -> tuple[int, int]:
    """Return dlib's packed integer at ``position``, and the position after it."""
    size = content[position] & 0x7F
    end = position + 1 + size
    value = int.from_bytes(content[position + 1 : end], "little")
    return (-value if content[position] & 0x80 else value), end
