"""The kind and the strength of what hides a region, from its features, by a few small networks.

They differ in where their training began; the mean of their answers errs less than each.

Trained on drawn journeys (``tools/train_classifier.py``): its chances are as often right as they
say there, and its intervals hold as many strengths.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from safetensors.numpy import load

from unveil.estimation.kinds import KINDS
from unveil.estimation.weight_files import read_weights

WEIGHTS = "classifier.safetensors"
CLIPPED = 6.0
"""Standard deviations beyond which a feature says no more."""

MIN_LOG_SPREAD, MAX_LOG_SPREAD = -5.0, 1.0


@dataclass(frozen=True)
class Opinion:
    """What the classifier says of a region.

    Attributes:
        chances: of each of ``KINDS``, sum 1.
        log_width: logarithm of the width in pixels, if it is of that kind.
        log_spread: logarithm of its mean absolute error.
    """

    chances: np.ndarray
    log_width: np.ndarray
    log_spread: np.ndarray


def classify(values: np.ndarray) -> Opinion:
    """Return the opinion on a region by its :func:`.features.features`."""
    weights = _weights()
    x = ((values - weights["mean"]) / weights["scale"]).clip(-CLIPPED, CLIPPED)
    direct = _layer(x, "direct")
    x = _silu(_layer(x, "first"))
    x = x + _silu(_layer(x, "second"))
    x = x + _silu(_layer(x, "third"))
    logits, width, spread = np.split(_layer(x, "last") + direct, 3, axis=-1)
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    chances = odds / odds.sum(-1, keepdims=True)
    error = np.exp(spread.clip(MIN_LOG_SPREAD, MAX_LOG_SPREAD))
    # Where the networks differ, each expects too small an error.
    error = error + np.abs(width - width.mean(0))
    return Opinion(chances.mean(0), width.mean(0), np.log(error.mean(0)))


def _layer(x: np.ndarray, name: str) -> np.ndarray:
    """Return a layer of each network; ``x`` is one input for all, or one for each."""
    weights = _weights()
    product = (weights[f"{name}.weight"] @ x[..., None])[..., 0]
    result: np.ndarray = product + weights[f"{name}.bias"]
    return result


def _silu(x: np.ndarray) -> np.ndarray:
    result: np.ndarray = x / (1 + np.exp(-x))
    return result


@cache
def _weights() -> dict[str, np.ndarray]:
    weights = {
        name: value.astype(np.float32) for name, value in load(read_weights(WEIGHTS)).items()
    }
    if weights["last.bias"].shape[-1] != 3 * len(KINDS):
        raise ValueError(f"{WEIGHTS}: other kinds than {KINDS}")
    return weights
