"""What training minimises. An objective owns the forward pass and returns named terms.

``objective(model, clean, obfuscated, degradations, step)`` gives a dict of scalar tensors;
``"loss"`` is the one to minimise, the others are reported.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unveil.config import LossConfig
from unveil.degradation import Degradation
from unveil.errors import UsageError
from unveil.metrics.vgg import VggFeatures
from unveil.networks.network import Network

Degradations = Sequence[Degradation]
"""What happened to each of so many equal parts of a batch (:func:`torch.tensor_split`)."""


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
    energy      see :func:`energy_score`
    psnr        mean over images of ``log(pixel)``: minus the PSNR, but for factor and offset
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
        self.rho = {
            "pixel": 1.0,
            "psnr": 0.0,
            "energy": 0.0,
            "perceptual": 0.0,
            "mixed": config.rho,
        }[config.loss]

    def forward(
        self,
        model: Network,
        clean: Tensor,
        obfuscated: Tensor,
        degradations: Degradations,
        step: int,
    ) -> dict[str, Tensor]:
        """Return the terms for one batch at ``step`` (from 0) of the run."""
        if self.config.loss == "energy":
            return {"loss": energy_score(*_draw_two(model, obfuscated, degradations), clean)}
        inputs = _inputs(model, obfuscated, degradations)
        output = model.training_output(inputs, clean, self.config, step)
        terms = {name: term.value for name, term in output.terms.items()}
        distances = pixel_distance(output.restored, clean)
        terms["pixel"] = distances.mean()
        loss = self.rho * terms["pixel"]
        for term in output.terms.values():
            loss = loss + term.weight * term.value
        if self.config.loss == "psnr":
            loss = loss + (distances + MIN_DISTANCE).log().mean()
        if self.features is not None:
            distance = self.features.distance(output.restored, clean)
            terms["perceptual"] = self.scale * distance.mean()
            loss = loss + terms["perceptual"]
        return {"loss": loss, **terms}


def _draw_two(
    model: Network, obfuscated: Tensor, degradations: Degradations
) -> tuple[Tensor, Tensor]:
    """Return two different answers to each image of a batch, each ``B x 3 x H x W``."""
    if not model.draws:
        raise UsageError("the energy loss is for refiners with --noise-planes.")
    generator = torch.Generator().manual_seed(torch.initial_seed())
    inputs = [_inputs(model, obfuscated, degradations, generator) for _ in range(2)]
    drawn = model.correct(torch.cat(inputs))[:, :3]
    first, second = drawn.chunk(2)
    return first, second


def _inputs(
    model: Network,
    obfuscated: Tensor,
    degradations: Degradations,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the network's inputs, each part of the batch with its degradation."""
    parts = obfuscated.tensor_split(len(degradations))
    return torch.cat(
        [model.inputs(part, d, generator) for part, d in zip(parts, degradations, strict=True)]
    )


SCALES = (1, 2, 4, 8)
"""Sides of the squares, in pixels, whose means the energy score compares."""


def energy_score(first: Tensor, second: Tensor, clean: Tensor) -> Tensor:
    """Return how far two drawn answers are from the truth, less how far they are apart.

    Least on average when answers are drawn from what the truth may be, at each scale (the fair
    CRPS of two; T. Gneiting and A. Raftery, 2007). All ``B x 3 x H x W``.
    """
    scores = []
    for scale in SCALES:
        one, other, truth = (F.avg_pool2d(images, scale) for images in (first, second, clean))
        far = ((one - truth).abs() + (other - truth).abs()) / 2
        scores.append((far - (one - other).abs() / 2).mean())
    return torch.stack(scores).mean()


MIN_DISTANCE = 1e-7
"""Added to the pixel loss before its logarithm: a PSNR above about 76 dB is no gain."""


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
        model: Network,
        objective: Objective,
        autocast: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.autocast = autocast

    def forward(
        self, clean: Tensor, obfuscated: Tensor, degradations: Degradations, step: int
    ) -> dict[str, Tensor]:
        """Return the objective's named terms for one batch."""
        with self.autocast():
            terms: dict[str, Tensor] = self.objective(
                self.model, clean, obfuscated, degradations, step
            )
            return terms
