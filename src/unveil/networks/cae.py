"""The denoising convolutional autoencoder (CAE).

Sources: M. Giunta and L. Rinaldi, "The denoising Convolutional Autoencoder", 2022, after
J. C. Trinidad, "Reconstructing Obfuscated Human Faces", CS231n 2017. The paper's figure of the
network is missing; its sources agree on the layers that are the defaults of ``ModelConfig``.
``BLUR_CAE`` and ``MOSAIC_CAE`` move most of the computation to coarser scales: see docs/design.md.

::

    obfuscated  B x 3 x H x W                                restored  B x 3 x H x W
        | stem convolution                                       ^ mirrored convolution, tanh
        | (3x3 convolutions)                                     | (3x3 convolutions)
        | 4x4 stride-2 convolution, a scale each                 | 4x4 stride-2 transposed
        '------------------------ bottleneck --------------------'

There are no skip connections: everything passes through the bottleneck. There is no batch
normalisation: with it, tiles and parts of a batch would differ from the whole.
"""

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from unveil.config import ModelConfig
from unveil.networks.blocks import pad_to_multiple
from unveil.networks.network import Network

BLUR_CAE = ModelConfig(
    stem_kernel=8, stem_stride=2, widths=(64, 192), blocks=(1, 2), decoder="mirrored"
)
"""The shipped shape for blurs: 1.82 M parameters, bottleneck 192 x H/4 x W/4."""

MOSAIC_CAE = ModelConfig(
    stem_kernel=8, stem_stride=2, widths=(64, 128, 160), blocks=(0, 0, 3), decoder="mirrored"
)
"""The shipped shape for mosaics: 2.33 M parameters, bottleneck 160 x H/8 x W/8.

It has one more scale because a block can only be interpreted together with its neighbours.
"""


class Cae(Network):
    """Fully convolutional encoder and decoder; any H and W.

    The default ``config`` has 2.46 M parameters and a bottleneck of 256 x H/8 x W/8; a 112 x 112
    image costs 3.7 GFLOP. Internally images are in [-1,1], the range of tanh.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.stride_px = config.stem_stride * 2 ** (len(config.widths) - 1)
        self.reach_px = _reach_px(config)
        self.encoder = nn.Sequential(*_encoder(config))
        self.decoder = nn.Sequential(*_decoder(config))
        _initialise(self)

    def correct(self, inputs: Tensor) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images, same shape and range, float32."""
        height, width = inputs.shape[-2:]
        return self.decode(self.encode(inputs))[..., :height, :width]

    def encode(self, obfuscated: Tensor) -> Tensor:
        """Return the codes at the bottleneck, ``B x C x H/stride x W/stride`` (rounded up)."""
        codes: Tensor = self.encoder(pad_to_multiple(obfuscated * 2 - 1, self.stride_px))
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """Return the images of ``codes`` in [0,1], float32; sides are multiples of the stride."""
        # tanh in float32: near 1 the steps of bf16 are as coarse as 8-bit levels.
        return (torch.tanh(self.decoder(codes).float()) + 1) / 2


def _encoder(config: ModelConfig) -> list[nn.Module]:
    kernel, stride = config.stem_kernel, config.stem_stride
    layers = [nn.Conv2d(3, config.widths[0], kernel, stride, (kernel - stride) // 2), nn.GELU()]
    layers += _refine(config.widths[0], config.blocks[0])
    for (narrow, wide), blocks in zip(pairwise(config.widths), config.blocks[1:], strict=True):
        layers += [nn.Conv2d(narrow, wide, 4, 2, 1), nn.GELU(), *_refine(wide, blocks)]
    return layers


def _decoder(config: ModelConfig) -> list[nn.Module]:
    layers: list[nn.Module] = []
    width = config.widths[-1]
    outputs = config.widths[:0:-1] if config.decoder == "wide" else config.widths[-2::-1]
    for blocks, output in zip(config.blocks[:0:-1], outputs, strict=True):
        layers += [*_refine(width, blocks), nn.ConvTranspose2d(width, output, 4, 2, 1), nn.GELU()]
        width = output
    layers += _refine(width, config.blocks[0])
    kernel, stride = config.stem_kernel, config.stem_stride
    return [*layers, nn.ConvTranspose2d(width, 3, kernel, stride, (kernel - stride) // 2)]


def _refine(width: int, blocks: int) -> list[nn.Module]:
    """Return ``blocks`` 3x3 convolutions that preserve channels and size, each with a GELU."""
    return [layer for _ in range(blocks) for layer in (nn.Conv2d(width, width, 3, 1, 1), nn.GELU())]


def _initialise(model: nn.Module) -> None:
    """Initialise the weights so that a deep network without normalisation trains.

    He-normal by each layer's fan-in (K. He et al., 2015). The 3x3 convolutions start near the
    identity, so that at first they pass the output of the strided ones on.
    """
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    for layer in layers:
        fan_in: float = layer.in_channels * math.prod(layer.kernel_size)
        if isinstance(layer, nn.ConvTranspose2d):
            fan_in /= math.prod(layer.stride)  # the share of the kernel that an output pixel sees
        nn.init.normal_(layer.weight, std=math.sqrt(2 / fan_in))
        nn.init.zeros_(cast(Tensor, layer.bias))
        if layer.kernel_size == (3, 3) and layer.in_channels == layer.out_channels:
            identity = nn.init.dirac_(torch.empty_like(layer.weight))
            layer.weight.data.mul_(0.5).add_(identity, alpha=1.2)
    # A quarter of the scale in the last layer keeps tanh in its linear range at first.
    layers[-1].weight.data.mul_(0.25)


def _reach_px(config: ModelConfig) -> int:
    """Return the largest distance in pixels of an input pixel from an output pixel it changes."""
    step = config.stem_stride
    reach = 2 * config.stem_kernel + 2 * step * config.blocks[0]
    for blocks in config.blocks[1:]:
        # Two 4x4 convolutions (down and up) reach 4 pixels of the finer scale each.
        reach += 8 * step
        step *= 2
        reach += 2 * step * blocks
    return reach
