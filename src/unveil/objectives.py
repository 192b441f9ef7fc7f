"""What training minimises. An objective owns the forward pass and returns named terms.

``objective(model, clean, obfuscated, step)`` gives a dict of scalar tensors; ``"loss"`` is the
one to minimise, the others are reported.
"""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from unveil.config import LossConfig
from unveil.models.vcae import Vcae
from unveil.vgg import VggFeatures


def pixel_distance(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the study's pixel loss of each image, ``B`` values.

    ``|x - x'|^2 / (112 * 112 * 3)`` for 112x112 images in [-1,1]: the mean over values; 4 times
    the mean squared error in [0,1].
    """
    return 4 * (restored - clean).square().mean(dim=(1, 2, 3))


class Objective(nn.Module):
    """The study's three losses, and the variational term where the model has a latent.

    ==========  ==========================================================
    pixel       ``pixel``
    perceptual  ``scale * distance of VGG16 features``
    mixed       ``rho * pixel + scale * distance of VGG16 features``
    ==========  ==========================================================

    Args:
        config: which loss.
        features: the frozen network; None for the pixel loss.
        scale: what brings the raw distance of features to the size of the pixel loss (see
            :func:`balance`), 1 for the raw scale.
    """

    def __init__(
        self, config: LossConfig, features: VggFeatures | None = None, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.config = config
        self.features = features
        self.scale = scale
        self.rho = {"pixel": 1.0, "perceptual": 0.0, "mixed": config.rho}[config.loss]

    def forward(
        self, model: nn.Module, clean: Tensor, obfuscated: Tensor, step: int
    ) -> dict[str, Tensor]:
        """Return the terms for one batch; ``step`` (0-based) sets the KL weight."""
        if isinstance(model, Vcae):
            restored, kl = model.sample_with_kl(obfuscated)
            terms = {"kl": kl}
            penalty = kl_weight(self.config, step) * kl
        else:
            restored, terms, penalty = model(obfuscated), {}, torch.zeros(())
        terms["pixel"] = pixel_distance(restored, clean).mean()
        loss = self.rho * terms["pixel"] + penalty.to(clean.device)
        if self.features is not None:
            terms["perceptual"] = self.scale * self.features.distance(restored, clean).mean()
            loss = loss + terms["perceptual"]
        return {"loss": loss, **terms}


def kl_weight(config: LossConfig, step: int) -> float:
    """Return the weight of the KL term (nats per latent element): a linear rise, then constant."""
    return config.kl_weight * min(1.0, (step + 1) / max(config.kl_warmup_steps, 1))


@torch.no_grad()
def balance(features: VggFeatures, clean: Tensor, obfuscated: Tensor) -> float:
    """Return the factor that makes the perceptual term equal the pixel term on ``obfuscated``.

    Without it rho would mean nothing: VGG16's features are in the hundreds, so their distance
    is about a million times the pixel loss. Not a number where nothing was hidden.
    """
    # A few at a time: the features of all of them would not fit into memory.
    batches = list(zip(torch.split(obfuscated, 8), torch.split(clean, 8), strict=True))
    pixel = sum(float(pixel_distance(x, y).sum()) for x, y in batches)
    raw = sum(float(features.distance(x, y).sum()) for x, y in batches)
    return pixel / raw if raw > 0 else math.nan


class TrainStep(nn.Module):
    """Model and objective as one module.

    Data-parallel training averages gradients only for calls through the wrapped module's own
    ``forward``, so this, never the bare model, is what it wraps.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        autocast: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.autocast = autocast

    def forward(self, clean: Tensor, obfuscated: Tensor, step: int) -> dict[str, Tensor]:
        """Return the objective's named terms for one batch."""
        with self.autocast():
            terms: dict[str, Tensor] = self.objective(self.model, clean, obfuscated, step)
            return terms
