"""The CAE with residual blocks at its bottleneck (ResCAE).

Source: J. C. Trinidad, "Reconstructing Obfuscated Human Faces", CS231n 2017, after J. Johnson,
A. Alahi and L. Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
2016: three residual blocks of two 3x3 convolutions, as wide as the bottleneck (256).
"""

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from unveil.config import ModelConfig
from unveil.networks.blocks import ResidualBlock
from unveil.networks.cae import Cae

BLOCKS = 3
INITIAL_SCALE = 0.1
"""Factor on the He initialisation of each block's last convolution."""


class ResCae(Cae):
    """:class:`Cae` whose encoder ends in three residual blocks; 6.00 M parameters by default."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder.extend(_block(config.widths[-1]) for _ in range(BLOCKS))
        self.reach_px += BLOCKS * 2 * self.stride_px  # two 3x3 convolutions a block


def _block(width: int) -> ResidualBlock:
    """Return a block that starts near the identity: its small weights replace normalisation."""
    block = ResidualBlock(width, F.gelu)
    for layer in (block.first, block.second):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(cast(Tensor, layer.bias))
    block.second.weight.data.mul_(INITIAL_SCALE)
    return block
