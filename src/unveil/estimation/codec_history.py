"""Which lossy codec a picture last went through, from its pixels alone, by a small network.

Trained on drawn journeys (``tools/train_codecs.py``): its chances are as often right as they say
there.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from safetensors.numpy import load

from unveil.estimation.codec_features import codec_features
from unveil.estimation.jpeg_history import JpegHistory
from unveil.estimation.weight_files import read_weights

CODECS = ("none", "jpeg", "webp", "avif", "video")
WORDS = {"jpeg": "JPEG", "webp": "WebP", "avif": "AVIF", "video": "a video codec"}
WEIGHTS = "codecs.safetensors"
CLIPPED = 5.0
"""Standard deviations beyond which a feature says no more."""

MIN_CHANCE = 0.8
"""Of a codec that is named; of 621 held-out pictures without one, none came this far."""


@dataclass(frozen=True)
class CodecHistory:
    """What was found.

    Attributes:
        name: one of ``CODECS``, but for "none".
        chance: that it is right.
    """

    name: str
    chance: float


def find_codec(pixels: np.ndarray, jpeg: JpegHistory | None) -> CodecHistory | None:
    """Find the codec that ``pixels`` last went through; None where none shows for certain.

    Only what came after it unscaled counts: a resized picture has no grid any more.

    Args:
        pixels: ``H x W x 3`` uint8; of a large picture, the middle is looked at.
        jpeg: its earlier JPEG compression.
    """
    values = codec_features(pixels, jpeg)
    if values is None:
        return None
    chances = codec_chances(values)
    place = int(chances.argmax())
    if place == 0 or chances[place] < MIN_CHANCE:
        return None
    return CodecHistory(CODECS[place], float(chances[place]))


def codec_chances(values: np.ndarray) -> np.ndarray:
    """Return the chance of each of ``CODECS`` for these features; the sum is 1."""
    weights = _weights()
    x = ((values - weights["mean"]) / weights["scale"]).clip(-CLIPPED, CLIPPED)
    x = np.maximum(weights["first.weight"] @ x + weights["first.bias"], 0)
    x = np.maximum(weights["second.weight"] @ x + weights["second.bias"], 0)
    logits = weights["last.weight"] @ x + weights["last.bias"]
    odds: np.ndarray = np.exp(logits - logits.max())
    return odds / odds.sum()


@cache
def _weights() -> dict[str, np.ndarray]:
    weights = {
        name: value.astype(np.float32) for name, value in load(read_weights(WEIGHTS)).items()
    }
    if len(weights["last.bias"]) != len(CODECS):
        raise ValueError(f"{WEIGHTS}: other codecs than {CODECS}")
    return weights
