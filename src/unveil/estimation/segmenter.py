"""The segmenter, run by ONNX Runtime: for each cell of 4 x 4 pixels, how likely it is hidden."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from unveil.estimation.regions import CELL_PX, shrunk
from unveil.estimation.weight_files import read_weights
from unveil.networks.onnx_engine import open_session

GRAPH = "segmenter.onnx"

TRAINED_PX = 160
"""Side of the pieces that it was trained on: smaller pictures are mirrored to it."""


@dataclass(frozen=True)
class Segmentation:
    """What the segmenter says of a picture.

    Attributes:
        chances: of each of ``KINDS`` in each cell, ``K x h x w``, sum 1.
        hidden: chance that anything is hidden in it.
    """

    chances: np.ndarray
    hidden: float


def segment(pixels: np.ndarray) -> Segmentation:
    """Look at a picture, ``H x W x 3`` uint8; a large one is shrunk before."""
    small = shrunk(pixels)
    rows, columns = (-(-side // CELL_PX) for side in small.shape[:2])
    lacking = [(0, max(0, TRAINED_PX - side)) for side in small.shape[:2]]
    image = np.pad(small, (*lacking, (0, 0)), "symmetric").transpose(2, 0, 1)[None]
    feed = {"image": image.astype(np.float32) / 255}
    logits, hidden = _session().run(["kinds", "hidden"], feed)
    logits = logits[..., :rows, :columns]
    odds = np.exp(logits[0] - logits[0].max(axis=0))
    return Segmentation(odds / odds.sum(axis=0), float(1 / (1 + np.exp(-hidden[0]))))


@cache
def _session() -> Any:
    return open_session(read_weights(GRAPH), GRAPH)
