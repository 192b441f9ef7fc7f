"""Builds the objective of a run: loads VGG16 or dlib's network, and calibrates by some photos."""

import math
from typing import Any

import torch
from torch import Tensor

from unveil.config import RunConfig
from unveil.degradation.degrade import degrade
from unveil.errors import UnveilError
from unveil.networks.torch_engine import autocast
from unveil.runtime import Runtime
from unveil.training.data import Photos
from unveil.training.identity import FaceDistance
from unveil.training.objectives import Objective, balance
from unveil.training.vgg import VggFeatures, load_features

CALIBRATION_PHOTOS = 256
"""Number of training photos, the first of the split, that the scale, or the mean embedding, is
computed from."""


def build_objective(
    config: RunConfig, photos: Photos, runtime: Runtime, stored: dict[str, Any]
) -> tuple[Objective, dict[str, Any]]:
    """Return the objective of ``config``, and its record for the checkpoint.

    Args:
        config: the run.
        photos: its photos; the scale is computed from those for training.
        runtime: device and precision.
        stored: the record in the checkpoint of a run that is resumed, else empty. Its scale is used
            again, so that the objective of a resumed run is bit-identical.

    Raises:
        UnveilError: the weights of VGG16 or of dlib's network are missing or damaged, or VGG16's
            are not those of ``stored``.
    """
    loss = config.loss
    if loss.loss == "identity":
        return Objective(loss, faces=FaceDistance(_examples(config, photos, runtime))), {}
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
    """Return the scale that makes both terms of the loss equal on obfuscated training photos.

    Without it the two terms differ by orders of magnitude, and rho would mean nothing.

    Raises:
        UnveilError: the operator leaves these photos unchanged, so that both terms are 0.
    """
    clean = _examples(config, photos, runtime)
    with autocast(runtime):
        scale = balance(features, clean, degrade(clean, config.train.task.example))
    if not math.isfinite(scale):
        raise UnveilError(
            f"{config.train.operator} changes nothing in the training photos, so the perceptual "
            "term cannot be calibrated on it; choose another --operator, or --scale raw."
        )
    return scale


def _examples(config: RunConfig, photos: Photos, runtime: Runtime) -> Tensor:
    numbers = photos.splits["train"][: config.train.limit][:CALIBRATION_PHOTOS]
    return photos.batch(numbers, runtime.device)
