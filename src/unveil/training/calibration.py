"""From a loss's settings to the objective: VGG16's weights, and the scale of its term."""

import math
from typing import Any

import torch

from unveil.config import RunConfig
from unveil.degradation.degrade import degrade
from unveil.errors import UnveilError
from unveil.metrics.vgg import VggFeatures
from unveil.metrics.vgg_weights import load_features
from unveil.runtime import Runtime
from unveil.training.data import Photos
from unveil.training.objectives import Objective, balance

PHOTOS = 256
"""How many training photos, the first of the split, set the scale of the perceptual term."""


def build_objective(
    config: RunConfig, photos: Photos, runtime: Runtime, stored: dict[str, Any]
) -> tuple[Objective, dict[str, Any]]:
    """Return the objective of ``config`` and what the checkpoint records of it.

    ``stored`` is that record where the run goes on, else empty: the scale is found once.

    Raises:
        UnveilError: VGG16 weights that are missing, unknown or not those of ``stored``.
    """
    loss = config.loss
    if not loss.is_perceptual:
        return Objective(loss), {}
    features, record = load_features(loss)
    if stored and {name: stored.get(name) for name in record} != record:
        raise UnveilError(
            f"the run was started with the VGG16 weights {stored.get('vgg')}, "
            f"not {record['vgg']}; name them with --vgg-weights."
        )
    features = features.to(runtime.device).to(memory_format=torch.channels_last)
    if loss.scale == "raw":
        scale = 1.0
    else:
        scale = stored.get("scale") or calibrate(features, config, photos, runtime)
    return Objective(loss, features, scale), {**record, "scale": scale}


def calibrate(features: VggFeatures, config: RunConfig, photos: Photos, runtime: Runtime) -> float:
    """Return the scale at which obfuscated training photos have equal pixel and VGG16 terms.

    Raises:
        UnveilError: the obfuscation changes nothing that could be compared.
    """
    numbers = photos.splits["train"][: config.train.limit][:PHOTOS]
    clean = photos.batch(numbers, runtime.device)
    with runtime.autocast():
        scale = balance(features, clean, degrade(clean, config.train.task.example))
    if not math.isfinite(scale):
        raise UnveilError(
            f"{config.train.operator} changes nothing in the training photos, so the perceptual "
            "term cannot be calibrated on it; choose another --operator, or --scale raw."
        )
    return scale
