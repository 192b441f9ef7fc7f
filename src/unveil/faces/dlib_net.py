"""dlib's face recognition network, read from dlib's own file and encoded as an ONNX model.

A ResNet of 29 convolutions that maps an aligned face to 128 numbers; two faces of one person are
less than 0.6 apart (D. E. King, "High Quality Face Recognition with Deep Metric Learning",
2017; the layers of K. He et al., 2016, with half the channels). dlib itself takes 20 times as long
on a CPU. The weights are in the public domain (CC0).
"""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from unveil.errors import UnveilError
from unveil.faces.onnx_encoding import ModelEncoder

SIDE_PX = 150
MEAN = (122.782, 117.001, 104.298)
STD = (256.0, 256.0, 256.0)
"""What dlib subtracts from red, green and blue (0 to 255), and divides the difference by."""

LEVELS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
"""Channels and residual blocks at each resolution; each level but the first halves it."""

STEM_PX, STEM_SIDE_PX = 7, 35
"""Side of the first kernel, and of the planes after the first convolution and the pooling."""

FEATURES = 128


def dlib_model(content: bytes) -> bytes:
    """Return dlib's network as an ONNX model: faces ``B x 3 x 150 x 150`` to ``B x 128``.

    Affine layers are folded into the convolutions before them.

    Args:
        content: of dlib's file.

    Raises:
        UnveilError: the bytes are not the weights of this network.
    """
    encoder, layers = ModelEncoder(), _layers(content)
    try:
        output = _encode(encoder, layers)
    except (ValueError, StopIteration):
        raise UnveilError("not the weights of dlib's face recognition network.") from None
    return encoder.encode({"faces": ("batch", 3, SIDE_PX, SIDE_PX)}, {output: ("batch", FEATURES)})


def _encode(encoder: ModelEncoder, layers: Iterator[np.ndarray]) -> str:
    """Add the network's nodes; return the name of its output."""
    width, side = LEVELS[0][0], STEM_SIDE_PX
    stem = _convolution(encoder, layers, "faces", (width, 3, STEM_PX), strides=(2, 2))
    x = encoder.node("Relu", stem)
    x = encoder.node("MaxPool", x, kernel_shape=(3, 3), strides=(2, 2))
    widths = [width for width, count in LEVELS for _ in range(count)]
    starts = {sum(count for _, count in LEVELS[:level]) for level in range(1, len(LEVELS))}
    for number, (narrow, wide) in enumerate(pairwise([width, *widths])):
        if number in starts:
            x, side = _halving_block(encoder, layers, x, (narrow, wide), side)
        else:
            refined = _refined(encoder, layers, x, (narrow, wide), strides=(1, 1), pads=(1,) * 4)
            x = encoder.node("Relu", encoder.node("Add", refined, x))
    x = encoder.node("Flatten", encoder.node("GlobalAveragePool", x))
    weights = next(layers).reshape(widths[-1], FEATURES)
    return encoder.node("MatMul", x, encoder.weight(weights))


def _halving_block(
    encoder: ModelEncoder,
    layers: Iterator[np.ndarray],
    x: str,
    widths: tuple[int, int],
    side: int,
) -> tuple[str, int]:
    """Add a residual block that halves the planes; return its output and their new side.

    dlib's sum pads its terms with zeros at the ends of channels, rows and columns.
    """
    # dlib pads the 3x3 convolutions that keep the size, and no others.
    refined = _refined(encoder, layers, x, widths, strides=(2, 2))
    shortcut = encoder.node("AveragePool", x, kernel_shape=(2, 2), strides=(2, 2))
    refined_side, halved = (side - 3) // 2 + 1, side // 2
    refined = _grow(encoder, refined, 0, halved - refined_side)
    shortcut = _grow(encoder, shortcut, widths[1] - widths[0], 0)
    return encoder.node("Relu", encoder.node("Add", refined, shortcut)), halved


def _refined(
    encoder: ModelEncoder,
    layers: Iterator[np.ndarray],
    x: str,
    widths: tuple[int, int],
    **first: tuple[int, ...],
) -> str:
    """Add a block's two 3x3 convolutions, the first with the attributes ``first``."""
    narrow, wide = widths
    x = encoder.node("Relu", _convolution(encoder, layers, x, (wide, narrow, 3), **first))
    return _convolution(encoder, layers, x, (wide, wide, 3), pads=(1, 1, 1, 1))


def _grow(encoder: ModelEncoder, x: str, channels: int, px: int) -> str:
    """Pad channels, and rows and columns, with zeros at their ends."""
    if not channels and not px:
        return x
    ends = encoder.weight(np.array([0, 0, 0, 0, 0, channels, px, px]))
    return encoder.node("Pad", x, ends)


def _convolution(
    encoder: ModelEncoder,
    layers: Iterator[np.ndarray],
    x: str,
    size: tuple[int, int, int],
    **attributes: tuple[int, ...],
) -> str:
    """Add the file's next convolution (outputs, inputs and side), its affine layer folded in."""
    outputs, inputs, side = size
    weights, (gain, offset) = next(layers), next(layers).reshape(2, -1)
    count = outputs * inputs * side**2
    kernel = weights[:count].reshape(outputs, inputs, side, side) * gain[:, None, None, None]
    bias = weights[count:] * gain + offset
    return encoder.node("Conv", x, encoder.weight(kernel), encoder.weight(bias), **attributes)


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
