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
    """Look at a picture, ``H x W x 3`` uint8, and at its mirror image; large ones are shrunk.

    The two together find some regions more at the same rate of false alarms (docs/log.md).
    """
    small = shrunk(pixels)
    rows, columns = (-(-side // CELL_PX) for side in small.shape[:2])
    lacking = [(0, max(-side % CELL_PX, TRAINED_PX - side)) for side in small.shape[:2]]
    image = np.pad(small, (*lacking, (0, 0)), "symmetric")
    (kinds, hidden), (mirrored, hidden_there) = _logits(image), _logits(image[:, ::-1])
    logs = (_log_shares(kinds) + _log_shares(mirrored)[..., ::-1]) / 2
    chances = np.exp(logs[..., :rows, :columns])
    chance = 1 / (1 + np.exp(-(hidden + hidden_there) / 2))
    return Segmentation(chances / chances.sum(axis=0), float(chance))


def _logits(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the logits of each kind in each cell, ``K x h x w``, and that anything is hidden."""
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32) / 255
    kinds, hidden = _session().run(["kinds", "hidden"], {"image": planes})
    return kinds[0], float(hidden[0])


def _log_shares(logits: np.ndarray) -> np.ndarray:
    """Return the logarithms of the shares that logits stand for, along the first axis."""
    above = logits - logits.max(axis=0)
    shares: np.ndarray = above - np.log(np.exp(above).sum(axis=0))
    return shares


@cache
def _session() -> Any:
    return open_session(read_weights(GRAPH), GRAPH)
