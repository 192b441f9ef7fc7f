"""The refiner: a U-Net that corrects the linear estimate, given operator and storage.

::

    obfuscated --- LMMSE (unveil.linear) --- estimate ------------------------- + -- restored
        |                                        |                              |
        '--- inputs: both, and the conditions ---'-- residual U-Net -- correction

The linear estimate inverts any linear operator at any size; the network adds what photos look like
beyond their power spectrum. A strided stem reduces the resolution to where convolutions are cheap,
and a pixel shuffle (W. Shi et al., 2016) restores it. Between them are residual blocks without
normalisation (B. Lim et al., "EDSR", 2017) and the skip connections of a U-Net (O. Ronneberger et
al., 2015).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unveil.arrays import to_numpy
from unveil.config import LossConfig, ModelConfig
from unveil.degradation import Degradation
from unveil.linear.prior import Prior
from unveil.networks.blocks import ResidualBlock, pad_to_multiple
from unveil.networks.interface import ESTIMATE, KNOWN, OBFUSCATED, refiner_inputs
from unveil.networks.network import LossTerm, Network, TrainingOutput

DIFFERENCE_GAIN = 10
"""Factor that brings the difference between obfuscated photo and linear estimate to order 1."""

MIN_RELATIVE_ERROR = 0.01
"""Smallest expected error, relative to that of the linear estimate; keeps divisions finite."""

PRIOR_PX = 112
"""Number of frequencies along each axis of the prior that the weights hold."""


class Refiner(Network):
    """Residual U-Net over the LMMSE estimate; any H and W.

    ``widths`` and ``blocks`` of ``config`` are the channels and residual blocks of each scale. The
    blocks of every scale but the coarsest occur twice: in the encoder and in the decoder.
    """

    power: Tensor
    needs_degradation = True
    estimates_error = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths, kernel, stride = config.widths, config.stem_kernel, config.stem_stride
        self.stride_px = stride * 2 ** (len(widths) - 1)
        self.reach_px = _reach_px(config)
        self.planes = (OBFUSCATED, ESTIMATE, KNOWN)
        self.register_buffer("power", torch.ones(3, PRIOR_PX, PRIOR_PX))
        channels = sum(part.channels for part in self.planes)
        self.head = nn.Conv2d(channels, widths[0], kernel, stride, (kernel - stride) // 2)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(widths))
        self.before, self.after = (
            nn.ModuleList(_blocks(w, b) for w, b in zip(widths[:-1], config.blocks, strict=False))
            for _ in range(2)
        )
        self.middle = _blocks(widths[-1], config.blocks[-1])
        self.tail = _zero(nn.Conv2d(widths[0], 3 * stride**2, 3, padding=1))
        self.error = _zero(nn.Conv2d(widths[0], stride**2, 3, padding=1))
        self.shuffle = nn.PixelShuffle(stride)

    @property
    def prior(self) -> Prior:
        """Power spectrum of clean photos that the linear estimate assumes."""
        return Prior(to_numpy(self.power))

    def use_prior(self, prior: Prior) -> None:
        """Store the power spectrum of clean photos with the weights."""
        self.power.copy_(torch.from_numpy(prior.at(PRIOR_PX, PRIOR_PX)))

    def inputs(self, obfuscated: Tensor, degradation: Degradation | None = None) -> Tensor:
        """Return the planes of :attr:`planes`: see :func:`.interface.refiner_inputs`.

        Raises:
            UsageError: no degradation is given, or its operator is not linear.
        """
        inputs: Tensor = refiner_inputs(obfuscated, degradation, self.prior)
        return inputs

    def correct(self, inputs: Tensor) -> Tensor:
        """Return restored images and their expected absolute error, ``B x 4 x H x W``, float32.

        In training mode the images are not clipped to [0,1]: gradients are needed outside too.
        """
        height, width = inputs.shape[-2:]
        # At least two columns on the coarsest scale: with one, oneDNN's bf16 convolutions read
        # uninitialised memory (docs/log.md).
        padded = pad_to_multiple(inputs, self.stride_px, least=2)
        features = self.features(scaled(padded))
        # Detached: learning how large the errors are must not change the images.
        found = torch.cat([self.tail(features), self.error(features.detach())], dim=1)
        correction, error = self.shuffle(found)[..., :height, :width].float().split((3, 1), dim=1)
        # In units of the estimate's error, so that the network sees all strengths at one scale.
        estimate_error = inputs[:, 6:7]
        restored = inputs[:, 3:6] + estimate_error * correction
        if not self.training:
            restored = restored.clamp(0, 1)
        expected = estimate_error * (F.softplus(error) + MIN_RELATIVE_ERROR)
        return torch.cat([restored, expected], dim=1)

    def training_output(
        self, inputs: Tensor, clean: Tensor, config: LossConfig, step: int
    ) -> TrainingOutput:
        """Return the restored images, and how likely their error is under the expected one."""
        output = self.correct(inputs)
        restored, expected = output[:, :3], output[:, 3:]
        nll = error_nll(restored.detach(), clean, expected)
        return TrainingOutput(restored, {"error_nll": LossTerm(nll)})

    def features(self, scaled: Tensor) -> Tensor:
        """Return the last features of the U-Net, at the resolution behind the stem."""
        x: Tensor = self.head(scaled.contiguous(memory_format=torch.channels_last))
        skipped = []
        for blocks, down in zip(self.before, self.down, strict=True):
            x = blocks(x)
            skipped.append(x)
            x = down(x)
        x = self.middle(x)
        for blocks, up in zip(reversed(self.after), reversed(self.up), strict=True):
            x = blocks(up(x) + skipped.pop())
        return x


def error_nll(restored: Tensor, clean: Tensor, expected: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of the absolute error, up to a constant.

    The error is modelled as Laplacian with scale ``expected``.

    Args:
        restored: ``B x 3 x H x W``.
        clean: ``B x 3 x H x W``.
        expected: ``B x 1 x H x W``, above 0; mean absolute error over the colours.

    Examples:
        >>> clean, restored = torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.2)
        >>> nll = [error_nll(restored, clean, torch.full((1, 1, 8, 8), e)) for e in (0.1, 0.2, 0.4)]
        >>> min(nll) == nll[1]
        tensor(True)
    """
    error = (restored - clean).abs().mean(dim=1, keepdim=True)
    return (error / expected + expected.log()).mean()


def scaled(inputs: Tensor) -> Tensor:
    """Bring all inputs to the order of 1.

    The linear estimate differs from the obfuscated photo by a few hundredths of its range: too
    little beside the photo itself to be learnt from early on, or to survive bf16.
    """
    obfuscated, estimate, error, rest = inputs.tensor_split((3, 6, 7), dim=1)
    change = DIFFERENCE_GAIN * (obfuscated - estimate)
    return torch.cat([change, 2 * estimate - 1, error.log2() / 4 + 1.5, rest], dim=1)


def _blocks(width: int, count: int) -> nn.Sequential:
    """Return residual blocks that start as the identity."""
    blocks = [ResidualBlock(width, F.relu) for _ in range(count)]
    for block in blocks:
        _zero(block.second)
    return nn.Sequential(*blocks)


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # it has a bias
    return layer


def _reach_px(config: ModelConfig) -> int:
    """Return the largest distance in pixels of an input pixel from an output pixel it changes."""
    step, reach = config.stem_stride, config.stem_kernel
    for blocks in config.blocks[:-1]:
        # Two 3x3 convolutions a block, in encoder and decoder; 2x2 convolutions between scales.
        reach += 4 * blocks * step + 2 * step
        step *= 2
    return reach + 2 * config.blocks[-1] * step
