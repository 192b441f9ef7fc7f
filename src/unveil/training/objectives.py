"""Objectives: the forward pass of a training step and its loss, as named terms.

``objective(model, clean, obfuscated, degradations, step)`` returns scalar tensors by name; training
minimises ``"loss"`` and records all of them.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from unveil.config import LossConfig
from unveil.degradation import Degradation
from unveil.networks.network import Network
from unveil.training.identity import FaceDistance
from unveil.training.vgg import VggFeatures

Degradations = Sequence[Degradation]
"""The degradation of each of as many equal parts of a batch (:func:`torch.tensor_split`)."""


def pixel_distance(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the paper's pixel loss of each image, ``B`` values.

    The paper's ``|x - x'|^2 / (112 * 112 * 3)`` of 112x112 images in [-1,1] is 4 times the mean
    squared error of values in [0,1].

    Examples:
        >>> pixel_distance(torch.zeros(2, 3, 8, 8), torch.full((2, 3, 8, 8), 0.5))
        tensor([1., 1.])
    """
    return 4 * (restored - clean).square().mean(dim=(1, 2, 3))


class Objective(nn.Module):
    """The paper's three losses and two more, plus the terms of the network itself.

    ==========  ==========================================================
    pixel       ``pixel``: the mean of :func:`pixel_distance`
    psnr        mean over images of ``log(pixel)``: minus the PSNR, up to scale and offset
    perceptual  ``scale * distance of VGG16 features``
    mixed       ``rho * pixel + scale * distance of VGG16 features``
    identity    ``psnr + identity_weight * distance of face embeddings``
    ==========  ==========================================================

    Args:
        config: which loss, and its weights.
        features: the frozen VGG16; None for losses without a perceptual term.
        scale: factor of the perceptual term (see :func:`balance`); 1 for the raw distance.
        faces: distance of faces; None for losses without an identity term.
    """

    def __init__(
        self,
        config: LossConfig,
        features: VggFeatures | None = None,
        scale: float = 1.0,
        faces: FaceDistance | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.features = features
        self.faces = faces
        self.scale = scale
        self.rho = {"pixel": 1.0, "mixed": config.rho}.get(config.loss, 0.0)

    def forward(
        self,
        model: Network,
        clean: Tensor,
        obfuscated: Tensor,
        degradations: Degradations,
        step: int,
    ) -> dict[str, Tensor]:
        """Return the named terms of one batch.

        Args:
            model: the network, in training mode.
            clean: ``B x 3 x H x W`` in [0,1].
            obfuscated: the same photos after their degradations.
            degradations: one for each of as many equal parts of the batch.
            step: of the run, from 0.
        """
        inputs = _inputs(model, obfuscated, degradations)
        output = model.training_output(inputs, clean, self.config, step)
        terms = {name: term.value for name, term in output.terms.items()}
        distances = pixel_distance(output.restored, clean)
        terms["pixel"] = distances.mean()
        loss = self.rho * terms["pixel"]
        for term in output.terms.values():
            loss = loss + term.weight * term.value
        if self.config.loss in ("psnr", "identity"):
            loss = loss + (distances + MIN_DISTANCE).log().mean()
        if self.features is not None:
            distance = self.features.distance(output.restored, clean)
            terms["perceptual"] = self.scale * distance.mean()
            loss = loss + terms["perceptual"]
        if self.faces is not None:
            terms["identity"] = self.faces(output.restored, clean).mean()
            loss = loss + self.config.identity_weight * terms["identity"]
        return {"loss": loss, **terms}


def _inputs(model: Network, obfuscated: Tensor, degradations: Degradations) -> Tensor:
    """Return the network's inputs, each part of the batch with its degradation."""
    parts = obfuscated.tensor_split(len(degradations))
    return torch.cat(
        [model.inputs(part, known) for part, known in zip(parts, degradations, strict=True)]
    )


MIN_DISTANCE = 1e-7
"""Added to the pixel loss before its logarithm: a PSNR above about 76 dB is no gain."""


@torch.no_grad()
def balance(features: VggFeatures, clean: Tensor, obfuscated: Tensor) -> float:
    """Return the factor that makes the perceptual term equal the pixel term on ``obfuscated``.

    VGG16's features are in the hundreds, so that their raw distance is about a million times the
    pixel loss and rho would have no effect. NaN where ``obfuscated`` equals ``clean``.
    """
    # In small batches: the features of all photos would not fit into memory.
    batches = list(zip(torch.split(obfuscated, 8), torch.split(clean, 8), strict=True))
    pixel = sum(float(pixel_distance(x, y).sum()) for x, y in batches)
    raw = sum(float(features.distance(x, y).sum()) for x, y in batches)
    return pixel / raw if raw > 0 else math.nan


class TrainStep(nn.Module):
    """Network and objective as one module.

    Data-parallel training averages gradients only for calls of the wrapped module's ``forward``.
    The objective calls other methods of the network, so this module is wrapped instead.
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
        """Return the named terms of the objective, computed in the precision of the run."""
        with self.autocast():
            terms: dict[str, Tensor] = self.objective(
                self.model, clean, obfuscated, degradations, step
            )
            return terms
