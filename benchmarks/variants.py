"""Networks on the closed form's estimate that were tried beside the shipped one.

Each takes the degradation, like :class:`unveil.networks.refiner.Refiner`, and is a row in the same
table as the peers: the quality after the same training time.
"""

import numpy as np
import torch
from torch import Tensor, nn

from peer_nets import NafNet
from unveil.arrays import to_numpy
from unveil.config import ModelConfig
from unveil.degradation import Blur, Degradation
from unveil.degradation.operators import obfuscate
from unveil.linear.blur import lmmse_gains
from unveil.linear.closed_forms import lmmse
from unveil.linear.prior import Prior
from unveil.linear.spectral import apply
from unveil.networks.refiner import DIFFERENCE_GAIN, PRIOR_PX, Refiner


class Aware(nn.Module):
    """Base of the variants: holds the prior with the weights."""

    power: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("power", torch.ones(3, PRIOR_PX, PRIOR_PX))

    def use_prior(self, prior: Prior) -> None:
        """Keep the power spectrum of clean photos."""
        self.power.copy_(torch.from_numpy(prior.at(PRIOR_PX, PRIOR_PX)))

    def start(self, obfuscated: Tensor, degradation: Degradation) -> Tensor:
        """Return the linear estimate, computed in float32."""
        with torch.autocast(obfuscated.device.type, enabled=False):
            return lmmse(obfuscated, degradation, Prior(to_numpy(self.power))).clamp(-1, 2)


class NafRefiner(Aware):
    """NAFNet of width 32 with the linear estimate as its input and base."""

    def __init__(self) -> None:
        super().__init__()
        self.net = NafNet()

    def forward(self, obfuscated: Tensor, degradation: Degradation) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images."""
        restored: Tensor = self.net(self.start(obfuscated, degradation))
        return restored


class Unrolled(nn.Module):
    """Two small refiners with an exact data step between them (half-quadratic splitting).

    The second takes the output of the first, corrected by its residual against the input.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.first, self.second = Refiner(config), Refiner(config)

    def use_prior(self, prior: Prior) -> None:
        """Keep the power spectrum of clean photos."""
        self.first.use_prior(prior)
        self.second.use_prior(prior)

    def forward(self, obfuscated: Tensor, degradation: Degradation) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images."""
        operator = degradation.operator
        if not isinstance(operator, Blur):
            raise TypeError("only for blurs")
        inputs = self.first.inputs(obfuscated, degradation)
        once = self.first.correct(inputs)[:, :3]
        with torch.autocast(obfuscated.device.type, enabled=False):
            # The residual has about a hundredth of a photo's power.
            prior = Prior(to_numpy(self.first.power) / 100)
            gains = lmmse_gains(operator, degradation.storage, prior, *once.shape[-2:])
            missing = apply(operator, gains, obfuscated - obfuscate(once, operator))
        again = torch.cat([inputs[:, :3], once + missing, inputs[:, 6:]], dim=1)
        restored: Tensor = self.second.correct(again)[:, :3]
        return restored


class ManyStarts(Aware):
    """A refiner's U-Net over three estimates: the closed form for less, as much and more noise."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.net = Refiner(config)
        self.net.head = other_inputs(self.net.head, 12)

    def forward(self, obfuscated: Tensor, degradation: Degradation) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images."""
        with torch.autocast(obfuscated.device.type, enabled=False):
            starts = [
                lmmse(obfuscated, degradation, Prior(to_numpy(self.power) * factor)).clamp(-1, 2)
                for factor in (1.0, 0.1, 10.0)  # power against noise
            ]
        changes = [DIFFERENCE_GAIN * (obfuscated - start) for start in starts]
        inputs = torch.cat([2 * starts[0] - 1, *changes], dim=1)
        correction: Tensor = self.net.shuffle(self.net.tail(self.net.features(inputs)))
        return starts[0] + correction.float()


class PlugAndPlay(Aware):
    """Half-quadratic splitting with a denoiser trained on noise alone (K. Zhang et al., 2021).

    The denoiser is not trained on a blur, so that it serves any operator, in several passes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.net = Refiner(config)
        self.net.head = other_inputs(self.net.head, 4)

    def denoise(self, noisy: Tensor, noise: float) -> Tensor:
        """Remove white noise of standard deviation ``noise`` from ``B x 3 x H x W``."""
        level = torch.full_like(noisy[:, :1], noise * 10)
        features = self.net.features(torch.cat([noisy, level], dim=1))
        correction: Tensor = self.net.shuffle(self.net.tail(features))
        return noisy + correction.float()

    def forward(self, obfuscated: Tensor, degradation: Degradation) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images."""
        operator = degradation.operator
        if not isinstance(operator, Blur):
            raise TypeError("only for blurs")
        restored = self.start(obfuscated, degradation)
        for noise in PLUG_NOISES:
            guess = self.denoise(restored, noise)
            with torch.autocast(obfuscated.device.type, enabled=False):
                white = Prior(np.full(self.power.shape, noise**2, np.float32))
                gains = lmmse_gains(operator, degradation.storage, white, *guess.shape[-2:])
                missing = apply(operator, gains, obfuscated - obfuscate(guess, operator))
                restored = guess + missing
        return restored


PLUG_NOISES = tuple(0.05 * 0.1 ** (step / 7) for step in range(8))
"""Standard deviations of the noise in the steps of the splitting, of values in [0,1]."""


def other_inputs(head: nn.Conv2d, planes: int) -> nn.Conv2d:
    """Return a refiner's stem with random weights for another number of input planes."""
    kernel, stride, padding = head.kernel_size[0], head.stride[0], head.padding[0]
    return nn.Conv2d(planes, head.out_channels, kernel, stride, padding)


def denoising_loss(net: nn.Module, clean: Tensor, step: int) -> Tensor:
    """Return the loss of one batch of a :class:`PlugAndPlay`: noise of one of its levels."""
    generator = torch.Generator().manual_seed(step)
    noise = PLUG_NOISES[step % len(PLUG_NOISES)]
    noisy = clean + noise * torch.randn(clean.shape, generator=generator)
    if not isinstance(net, PlugAndPlay):
        raise TypeError("only PlugAndPlay trains on noise")
    restored = net.denoise(noisy, noise)
    return (restored - clean).square().mean(dim=(1, 2, 3)).add(1e-7).log().mean()
