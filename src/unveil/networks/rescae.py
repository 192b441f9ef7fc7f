"""The CAE with residual blocks at its bottleneck (ResCAE).

Source: J. C. Trinidad, "Reconstructing Obfuscated Human Faces", CS231n 2017, after J. Johnson,
A. Alahi and L. Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
2016: three residual blocks of two 3x3 convolutions, as wide as the bottleneck (256).
"""

from typing import cast

from torch import Tensor, nn

from unveil.config import ModelConfig
from unveil.networks.cae import Cae

BLOCKS = 3
FIRST_SCALE = 0.1
"""Share of its He weights that a block's last convolution starts with."""


class ResCae(Cae):
    """:class:`Cae` whose encoder ends in three residual blocks; 6.00 M parameters by default."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder.extend(ResidualBlock(config.widths[-1]) for _ in range(BLOCKS))
        self.reach_px += BLOCKS * 2 * self.stride_px  # two 3x3 convolutions a block


class ResidualBlock(nn.Module):
    """``codes + convolution(GELU(convolution(codes)))``, 3x3; nearly the identity at first.

    No batch normalisation, for the reason that :mod:`unveil.networks.cae` gives; the small first
    weights take its place.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, 1, 1)
        self.last = nn.Conv2d(width, width, 3, 1, 1)
        for layer in (self.first, self.last):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(cast(Tensor, layer.bias))
        self.last.weight.data.mul_(FIRST_SCALE)

    def forward(self, codes: Tensor) -> Tensor:
        """Map ``B x C x H x W`` to the same shape."""
        change: Tensor = self.last(nn.functional.gelu(self.first(codes)))
        return codes + change
