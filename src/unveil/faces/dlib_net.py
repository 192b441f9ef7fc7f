"""dlib's face recognition network, read from dlib's own file into a torch module.

A ResNet of 29 convolutions that maps an aligned face to 128 numbers; two faces of one person are
less than 0.6 apart (D. E. King, "High Quality Face Recognition with Deep Metric Learning",
2017; the layers of K. He et al., 2016, with half the channels). dlib computes faces one by one;
torch runs batches, bf16 and GPUs. The weights are in the public domain (CC0).
"""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unveil.errors import UnveilError

SIDE_PX = 150
MEAN = (122.782, 117.001, 104.298)
"""What dlib subtracts from red, green and blue (0 to 255) before dividing by 256."""

LEVELS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
"""Channels and residual blocks at each resolution; each level but the first halves it."""


class DlibNet(nn.Module):
    """The network, its affine layers folded into the convolutions before them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, LEVELS[0][0], 7, stride=2)
        widths = [width for width, count in LEVELS for _ in range(count)]
        starts = {sum(count for _, count in LEVELS[:level]) for level in range(1, len(LEVELS))}
        self.blocks = nn.ModuleList(
            Block(narrow, wide, halve=number in starts)
            for number, (narrow, wide) in enumerate(pairwise([LEVELS[0][0], *widths]))
        )
        self.last = nn.Linear(widths[-1], 128, bias=False)

    def forward(self, faces: Tensor) -> Tensor:
        """Map aligned faces, ``B x 3 x 150 x 150`` in [0,1], to ``B x 128`` float32."""
        mean = torch.tensor(MEAN, device=faces.device)[:, None, None]
        x = (faces * 255 - mean) / 256
        x = F.relu(self.stem(x.contiguous(memory_format=torch.channels_last)))
        x = F.max_pool2d(x, 3, 2)
        for block in self.blocks:
            x = block(x)
        descriptors: Tensor = self.last(x.mean(dim=(2, 3)))
        return descriptors.float()


class Block(nn.Module):
    """Residual block: two 3x3 convolutions and a shortcut; it may halve the size, add channels."""

    def __init__(self, narrow: int, wide: int, *, halve: bool) -> None:
        super().__init__()
        self.halve = halve
        # dlib pads the 3x3 convolutions that keep the size, and no others.
        stride, padding = (2, 0) if halve else (1, 1)
        self.first = nn.Conv2d(narrow, wide, 3, stride, padding)
        self.second = nn.Conv2d(wide, wide, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``B x narrow x H x W`` to ``B x wide`` of the same size, or of half."""
        refined = self.second(F.relu(self.first(x)))
        shortcut = F.avg_pool2d(x, 2, 2) if self.halve else x
        shape = [max(a, b) for a, b in zip(refined.shape, shortcut.shape, strict=True)]
        return F.relu(_grow(refined, shape) + _grow(shortcut, shape))


def _grow(x: Tensor, shape: list[int]) -> Tensor:
    """Pad channels, rows and columns with zeros at their ends, as dlib's sum does."""
    channels, height, width = (n - have for n, have in zip(shape[1:], x.shape[1:], strict=True))
    return F.pad(x, (0, width, 0, height, 0, channels)) if channels or height or width else x


def load_dlib_net(content: bytes) -> DlibNet:
    """Build the network with the weights of dlib's file, given as its bytes.

    Raises:
        UnveilError: the bytes are not the weights of this network.
    """
    net, layers = DlibNet(), _layers(content)
    try:
        _fill(net.stem, layers)
        for module in net.modules():
            if isinstance(module, Block):
                _fill(module.first, layers)
                _fill(module.second, layers)
        net.last.weight.data.copy_(next(layers).view(net.last.weight.shape[::-1]).T)
    except (RuntimeError, StopIteration):
        raise UnveilError("not the weights of dlib's face recognition network.") from None
    return net.eval().requires_grad_(requires_grad=False)


def _fill(convolution: nn.Conv2d, layers: Iterator[Tensor]) -> None:
    """Set a convolution to the next one of the file, with its affine layer folded in."""
    count = convolution.weight.numel()
    weights, (gain, offset) = next(layers).flatten(), next(layers).view(2, -1)
    kernel = weights[:count].view_as(convolution.weight)
    convolution.weight.data.copy_(kernel * gain[:, None, None, None])
    convolution.bias.data.copy_(weights[count:] * gain + offset)  # type: ignore[union-attr]


_LAYER = re.compile(rb"\x01(?:\x05con_4|\x07affine_|\x04fc_2)")


def _layers(content: bytes) -> Iterator[Tensor]:
    """Yield the tensor of each layer in the file, from the first layer to the last.

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
        yield torch.from_numpy(np.frombuffer(content, "<f4", count, position).copy())
        position += 4 * count


def _integer(content: bytes, position: int) -> tuple[int, int]:
    """Return dlib's packed integer at ``position``, and the position after it."""
    size = content[position] & 0x7F
    end = position + 1 + size
    value = int.from_bytes(content[position + 1 : end], "little")
    return (-value if content[position] & 0x80 else value), end
