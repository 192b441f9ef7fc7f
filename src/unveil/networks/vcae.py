"""The variational CAE (VCAE): the bottleneck holds a distribution per element.

Sources: D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes", 2014; D. J. Im et al.,
"Denoising Criterion for Variational Auto-Encoding Framework", 2015.

::

    codes  B x C x H/8 x W/8 -- 1x1 convolution --> mean
                             '- 1x1 convolution --> log of the variance
    latent = mean + noise * standard deviation --> decoder

The latent keeps the spatial layout of the codes (14x14 for 112x112), so that the network stays
fully convolutional. The prior of every latent element is the standard normal distribution.
"""

import torch
from torch import Tensor, nn

from unveil.config import LossConfig, ModelConfig
from unveil.networks.cae import Cae
from unveil.networks.network import LossTerm, TrainingOutput

INITIAL_LOG_VARIANCE = -6.0
"""Little noise at first: a decoder that sees mostly noise learns to ignore the latent, and then
nothing moves the means away from the prior (posterior collapse)."""

LOG_VARIANCE_RANGE = (-14.0, 8.0)
"""Clipping range: outside of it the variance over- or underflows in float32."""


class Vcae(Cae):
    """:class:`Cae` with a normal distribution for each element of the bottleneck.

    A call decodes the mean, which is deterministic. :meth:`sample` decodes a random latent.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        width = config.widths[-1]
        self.mean = nn.Conv2d(width, width, 1)
        self.log_variance = nn.Conv2d(width, width, 1)
        nn.init.dirac_(self.mean.weight)
        nn.init.normal_(self.log_variance.weight, std=0.01)
        for head, value in ((self.mean, 0.0), (self.log_variance, INITIAL_LOG_VARIANCE)):
            nn.init.constant_(head.bias, value)  # type: ignore[arg-type]  # both have a bias

    def encode(self, obfuscated: Tensor) -> Tensor:
        """Return the mean of the latent, ``B x C x H/stride x W/stride``."""
        return self.posterior(obfuscated)[0]

    def posterior(self, obfuscated: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the latent, each ``B x C x H/stride x W/stride``."""
        codes = super().encode(obfuscated)
        log_variance = self.log_variance(codes).float().clamp(*LOG_VARIANCE_RANGE)
        return self.mean(codes).float(), log_variance

    def sample(self, obfuscated: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the decoded image of a latent drawn from its distribution.

        ``generator`` draws the noise; default: torch's global one.
        """
        return self.sample_with_kl(obfuscated, generator)[0]

    def sample_with_kl(
        self, obfuscated: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return a sample and the KL divergence of the posterior from the prior.

        The divergence is a scalar, in nats per latent element: the mean over elements and batch.
        """
        mean, log_variance = self.posterior(obfuscated)
        noise = torch.empty_like(mean).normal_(generator=generator)
        height, width = obfuscated.shape[-2:]
        restored = self.decode(mean + noise * (log_variance / 2).exp())[..., :height, :width]
        kl = (mean.square() + log_variance.exp() - 1 - log_variance).mean() / 2
        return restored, kl

    def training_output(
        self, inputs: Tensor, clean: Tensor, config: LossConfig, step: int
    ) -> TrainingOutput:
        """Return a sample, and the KL divergence with the weight that it has at ``step``."""
        restored, kl = self.sample_with_kl(inputs)
        return TrainingOutput(restored, {"kl": LossTerm(kl, kl_weight(config, step))})


def kl_weight(config: LossConfig, step: int) -> float:
    """Return the weight of the KL divergence: a linear warm-up, then constant.

    Examples:
        >>> config = LossConfig(kl_weight=0.5, kl_warmup_steps=10)
        >>> [kl_weight(config, step) for step in (0, 4, 9, 99)]
        [0.05, 0.25, 0.5, 0.5]
    """
    return config.kl_weight * min(1.0, (step + 1) / max(config.kl_warmup_steps, 1))
