"""The segmenter, run by ONNX Runtime: for each cell of 4 x 4 pixels, how likely it is hidden."""

import hashlib
import threading
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

MAX_MIRRORED_PIXELS = 500_000
"""Of a larger picture the mirror image takes too long."""

REMEMBERED = 4
"""Pictures whose answer is remembered, by a checksum."""


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
    """Look at a picture, ``H x W x 3`` uint8; large ones are shrunk, small ones mirrored, too.

    A picture and its mirror image find more regions together at the same rate of false alarms
    (docs/log.md). Of the last few pictures the answer is remembered, and nothing else of them: one
    that is checked is restored next.
    """
    key = hashlib.sha256(pixels.tobytes()).digest() + repr(pixels.shape).encode()
    if (known := _remembered.get(key)) is not None:
        return known
    answer = _segment(pixels)
    with _turn:
        _remembered[key] = answer
        while len(_remembered) > REMEMBERED:
            del _remembered[next(iter(_remembered))]
    return answer


_remembered: dict[bytes, Segmentation] = {}
_turn = threading.Lock()


def _segment(pixels: np.ndarray) -> Segmentation:
    small = shrunk(pixels)
    rows, columns = (-(-side // CELL_PX) for side in small.shape[:2])
    lacking = [(0, max(-side % CELL_PX, TRAINED_PX - side)) for side in small.shape[:2]]
    image = np.pad(small, (*lacking, (0, 0)), "symmetric")
    logs, hidden = _look(image)
    if pixels.shape[0] * pixels.shape[1] <= MAX_MIRRORED_PIXELS:
        mirrored, hidden_there = _look(image[:, ::-1])
        logs, hidden = (logs + mirrored[..., ::-1]) / 2, (hidden + hidden_there) / 2
    chances = np.exp(logs[..., :rows, :columns])
    chances /= chances.sum(axis=0)
    chances.setflags(write=False)  # it is shared
    return Segmentation(chances, float(1 / (1 + np.exp(-hidden))))


def _look(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Return logarithms of each kind's chance, ``K x h x w``, and log odds that any is there."""
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32) / 255
    kinds, hidden = _session().run(["kinds", "hidden"], {"image": planes})
    above = kinds[0] - kinds[0].max(axis=0)
    return above - np.log(np.exp(above).sum(axis=0)), float(hidden[0])


@cache
def _session() -> Any:
    return open_session(read_weights(GRAPH), GRAPH)
