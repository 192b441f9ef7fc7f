"""The refiner: a U-Net that corrects the linear estimate, knowing operator and storage.

::

    obfuscated --- LMMSE (unveil.linear) --- start -------------------------- + -- restored
        |                                      |                              |
        '--- inputs: both, and what is known --'-- residual U-Net -- correction

The linear estimate does what linear algebra can, for any operator and size; the network adds what
photos are like. A strided stem brings it to a size where convolutions are cheap, a pixel-shuffle
(W. Shi et al., 2016) back; between them are residual blocks without normalisation (B. Lim et al.,
"EDSR", 2017) and the skip connections of a U-Net (O. Ronneberger et al., 2015).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unveil.config import ModelConfig
from unveil.degradation import Degradation
from unveil.linear.closed_forms import expected_error, lmmse
from unveil.linear.prior import Prior
from unveil.networks.blocks import ResidualBlock, pad_to_multiple
from unveil.networks.conditions import CONDITIONS, conditions

CONTRAST = 10
"""Factor that makes the difference between obfuscated photo and linear estimate legible."""

LEAST_ERROR = 0.01
"""Least error that is foretold, in units of the doubt; keeps divisions finite."""

PRIOR_PX = 112
"""Frequencies along each axis of the prior that the weights hold."""


class Refiner(nn.Module):
    """Residual U-Net over the LMMSE estimate; any H and W.

    ``widths`` and ``blocks`` of ``config`` give channels and residual blocks of each scale (those
    of every scale but the last once on the way down and once on the way up).
    """

    power: Tensor
    is_told = True
    """Whether it looks at the degradation."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths, kernel, stride = config.widths, config.stem_kernel, config.stem_stride
        self.stride_px = stride * 2 ** (len(widths) - 1)
        self.reach_px = _reach_px(config)
        self.noise_planes = config.noise_planes
        self.register_buffer("power", torch.ones(3, PRIOR_PX, PRIOR_PX))
        planes, padding = 7 + CONDITIONS + config.noise_planes, (kernel - stride) // 2
        self.head = nn.Conv2d(planes, widths[0], kernel, stride, padding)
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

    def use_prior(self, prior: Prior) -> None:
        """Keep the power spectrum of clean photos with the weights."""
        self.power.copy_(prior.at(PRIOR_PX, PRIOR_PX))

    def forward(self, obfuscated: Tensor, degradation: Degradation) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images, same shape and range, float32."""
        restored: Tensor = self.correct(self.inputs(obfuscated, degradation))[:, :3]
        return restored

    def inputs(
        self,
        obfuscated: Tensor,
        degradation: Degradation,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return obfuscated, start, its doubt, conditions and noise, ``B x C x H x W``, float32.

        The doubt is the error that the start is to be expected to have. All that depends on the
        whole image is here; :meth:`correct` is local and can be tiled. Without a ``generator``
        there is no noise: a refiner that draws gives a typical answer.
        """
        size = obfuscated.shape[-2:]
        noise = torch.zeros(len(obfuscated), self.noise_planes, *size)
        if generator is not None:
            noise.normal_(generator=generator)
        # In bf16 the frequencies that the filter raises most would be lost.
        with torch.autocast(obfuscated.device.type, enabled=False):
            prior = Prior(self.power)
            start = lmmse(obfuscated, degradation, prior).clamp(-1, 2)
            doubt = torch.full((1, *size), expected_error(degradation, prior))
            known = torch.cat([doubt, conditions(degradation, *size)]).to(obfuscated)
            known = known.expand(len(obfuscated), -1, -1, -1)
            return torch.cat([obfuscated, start, known, noise.to(obfuscated)], dim=1)

    def correct(self, inputs: Tensor) -> Tensor:
        """Return restored images and their expected absolute error, ``B x 4 x H x W``, float32.

        The images are in [0,1], but for training, which needs gradients outside too.
        """
        height, width = inputs.shape[-2:]
        # At least two columns on the coarsest scale: with one, oneDNN's bf16 convolutions read
        # uninitialised memory (docs/log.md).
        padded = pad_to_multiple(inputs, self.stride_px, least=2)
        features = self.features(_legible(padded))
        # Detached: learning how large the errors are must not change them.
        found = torch.cat([self.tail(features), self.error(features.detach())], dim=1)
        correction, error = self.shuffle(found)[..., :height, :width].float().split((3, 1), dim=1)
        # In units of the doubt: an easy photo's small errors weigh no more than a hard one's.
        doubt = inputs[:, 6:7]
        restored = inputs[:, 3:6] + doubt * correction
        if not self.training:
            restored = restored.clamp(0, 1)
        expected = doubt * (F.softplus(error) + LEAST_ERROR)
        return torch.cat([restored, expected], dim=1)

    def features(self, legible: Tensor) -> Tensor:
        """Return what the U-Net makes of its inputs, at the size behind the stem."""
        x: Tensor = self.head(legible.contiguous(memory_format=torch.channels_last))
        skipped = []
        for blocks, down in zip(self.before, self.down, strict=True):
            x = blocks(x)
            skipped.append(x)
            x = down(x)
        x = self.middle(x)
        for blocks, up in zip(reversed(self.after), reversed(self.up), strict=True):
            x = blocks(up(x) + skipped.pop())
        return x


def _legible(inputs: Tensor) -> Tensor:
    """Bring the inputs to the size of the conditions.

    What the linear estimate changed is a few hundredths of a photo's range, too little beside the
    photo itself for a network to begin with, or to survive bf16.
    """
    obfuscated, start, doubt, rest = inputs.tensor_split((3, 6, 7), dim=1)
    change = CONTRAST * (obfuscated - start)
    return torch.cat([change, 2 * start - 1, doubt.log2() / 4 + 1.5, rest], dim=1)


def _blocks(width: int, count: int) -> nn.Sequential:
    """Return residual blocks that start as the identity."""
    blocks = [ResidualBlock(width, F.relu) for _ in range(count)]
    for block in blocks:
        _zero(block.second)
    return nn.Sequential(*blocks)


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # there is one
    return layer


def _reach_px(config: ModelConfig) -> int:
    """Return how far, in pixels, an input pixel can be from an output pixel it changes."""
    step, reach = config.stem_stride, config.stem_kernel
    for blocks in config.blocks[:-1]:
        # Two 3x3 convolutions a block, on the way down and up; 2x2 convolutions between scales.
        reach += 4 * blocks * step + 2 * step
        step *= 2
    return reach + 2 * config.blocks[-1] * step
