"""Which outlines are those of hidden regions: a small network that looks at each candidate.

The segmenter's chances rise and fall slowly, and no one level cuts every region well. Candidates
are cut at several; what is inside, at the rim and around it tells the good ones. Trained on drawn
journeys (``tools/train_outlining.py``).
"""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from safetensors.numpy import load

from unveil.estimation.kinds import KINDS
from unveil.estimation.odds import log_odds
from unveil.estimation.regions import (
    CELL_PX,
    Candidate,
    Region,
    apart,
    box_of,
    candidate,
    candidates,
    mask_of,
    shrunk,
)
from unveil.estimation.segmenter import Segmentation
from unveil.estimation.weight_files import read_weights

WEIGHTS = "outlining.safetensors"
CLIPPED = 5.0
"""Standard deviations beyond which a value says no more."""

ODDS_UNIT = 3.0
"""What log odds are divided by, so that they are of about unit size."""

FAR = -2.3
"""Of the surroundings of a region that has none, in that unit: as clean as can be."""

ELLIPSE = np.pi / 4
"""Share of its box that an ellipse fills."""

MIN_STEP_LEVELS, FLAT_LEVELS = 0.05, 0.5
NEIGHBOURS = np.ones((3, 3), np.uint8)
AROUND_CELLS = 3
"""How far the surroundings of a region reach."""


def regions(answer: Segmentation, pixels: np.ndarray) -> list[Region]:
    """Return the regions of a picture that may be hidden, the likeliest first.

    Args:
        answer: of the segmenter about the picture.
        pixels: the picture, ``H x W x 3`` uint8.
    """
    found, values = described(answer, pixels)
    if not found:
        return []
    scores = chances(values)
    places = apart(found, scores)
    size = pixels.shape[:2]
    return [_region(found[place].cells, float(scores[place]), answer, size) for place in places]


def whole_region(answer: Segmentation, pixels: np.ndarray) -> Region:
    """Return all of a picture as a region."""
    every = candidate(np.ones(answer.chances.shape[1:], bool))
    score = float(chances(_values([every], answer, pixels))[0])
    return _region(every.cells, score, answer, pixels.shape[:2])


def _region(cells: np.ndarray, score: float, answer: Segmentation, size: tuple[int, ...]) -> Region:
    mask = mask_of(cells, *size)
    chance = float(1 - answer.chances[0][cells].mean())
    return Region(mask, box_of(mask), chance, answer.hidden, score)


def described(answer: Segmentation, pixels: np.ndarray) -> tuple[list[Candidate], np.ndarray]:
    """Return the candidates of a picture, and what speaks for each, ``N x 31`` float32."""
    found = candidates(1 - answer.chances[0])
    return found, _values(found, answer, pixels)


def _values(found: list[Candidate], answer: Segmentation, pixels: np.ndarray) -> np.ndarray:
    look = _look(pixels, answer.chances.shape[1:])
    odds, flat = log_odds(1 - answer.chances[0]) / ODDS_UNIT, float(look[3].mean())
    rows = []
    size = answer.chances.shape[2], answer.chances.shape[1]
    for one in found:
        # What is farther than its surroundings says nothing, and takes long to leave out.
        near = box_of(one.cells).grown(AROUND_CELLS, AROUND_CELLS, *size).place
        cells = one.cells[near]
        rims = _rims(cells)
        rows.append(
            [
                *_of_odds(cells, rims, odds[near], answer.hidden),
                *_of_shape(one),
                *_of_kind(cells, answer.chances[:, *near]),
                *_of_look(cells, rims, look[:, *near], flat),
            ]
        )
    return np.array(rows, np.float32)


def chances(values: np.ndarray) -> np.ndarray:
    """Return the chance of each candidate to be the outline of a hidden region, ``N``."""
    weights = _weights()
    x = ((values - weights["mean"]) / weights["scale"]).clip(-CLIPPED, CLIPPED)
    x = np.maximum(x @ weights["first.weight"].T + weights["first.bias"], 0)
    logits = (x @ weights["last.weight"].T + weights["last.bias"])[:, 0]
    found: np.ndarray = 1 / (1 + np.exp(-logits))
    return found


class Rims(NamedTuple):
    """The cells just inside, just outside, and some way around a candidate, ``h x w`` bool."""

    inner: np.ndarray
    near: np.ndarray
    around: np.ndarray


def _rims(cells: np.ndarray) -> Rims:
    inside = cells.astype(np.uint8)
    # The border of the picture is no rim: beyond it lies more of the same.
    worn = cv2.erode(np.pad(inside, 1, constant_values=1), NEIGHBOURS)[1:-1, 1:-1]
    near = cv2.dilate(inside, NEIGHBOURS).astype(bool)
    wide = cv2.dilate(inside, NEIGHBOURS, iterations=AROUND_CELLS).astype(bool)
    return Rims(cells & ~worn.astype(bool), near & ~cells, wide & ~near)


def _of_odds(cells: np.ndarray, rims: Rims, odds: np.ndarray, picture: float) -> list[float]:
    """Return how the odds fall from the inside of a candidate to its surroundings."""
    inner, near, around = rims
    inside = odds[cells]
    rim = float(odds[inner].mean()) if inner.any() else float(inside.mean())
    beyond = float(odds[near].mean()) if near.any() else FAR
    outside = odds[around] if around.any() else np.array([FAR])
    return [
        float(inside.mean()),
        rim,
        float(np.quantile(inside, 0.1)),
        beyond,
        float(outside.mean()),
        float(np.quantile(outside, 0.9)),
        rim - beyond,
        float(log_odds(picture)) / ODDS_UNIT,
    ]


def _of_shape(one: Candidate) -> list[float]:
    """Return size, how much of its box and hull a candidate fills, and its stretch."""
    area = float(one.cells.sum())
    box = box_of(one.cells)
    share = area / (box.width * box.height)
    hull = max(cv2.contourArea(cv2.convexHull(one.outline)), 1.0)
    size = np.log(area) / 2 - 2.5
    return [
        size,
        size**2,
        share,
        float(abs(share - ELLIPSE) < 0.07),
        cv2.contourArea(one.outline) / hull,
        one.filled,
        float(one.cells.mean()),
        float(one.cells.mean() > 0.9),
        max(box.width, box.height) / min(box.width, box.height) / 2,
    ]


def _of_kind(cells: np.ndarray, chances: np.ndarray) -> list[float]:
    """Return which kind the cells are of, and how far they agree."""
    shares = chances[1:, cells].mean(axis=1)
    kinds = np.zeros(len(KINDS) - 1)
    kinds[int(shares.argmax())] = 1
    return [float(shares.max() / shares.sum()), *kinds]


def _look(pixels: np.ndarray, cells: tuple[int, ...]) -> np.ndarray:
    """Return brightness, its square, steps and flat shares by cell, ``4 x h x w``."""
    height, width = cells
    small = shrunk(pixels)
    gray = cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY).astype(np.float32)
    lacking = (0, height * CELL_PX - len(gray)), (0, width * CELL_PX - gray.shape[1])
    gray = np.pad(gray, lacking, "edge")
    steps = np.abs(np.diff(gray, axis=1, append=gray[:, -1:]))
    planes = [gray, gray**2, steps, (steps < FLAT_LEVELS).astype(np.float32)]
    return np.stack([cv2.resize(p, (width, height), interpolation=cv2.INTER_AREA) for p in planes])


def _of_look(cells: np.ndarray, rims: Rims, look: np.ndarray, picture: float) -> list[float]:
    """Return contrast, steps and flatness inside, steps around, and the picture's flatness."""
    mean, square, step, flat = (float(v) for v in look[:, cells].mean(axis=1))
    outside = float(look[2][rims.around].mean()) if rims.around.any() else step
    return [
        float(np.log(max(square - mean**2, 0) + 1)) / 4,
        float(np.log(step + MIN_STEP_LEVELS)),
        float(np.log(outside + MIN_STEP_LEVELS)),
        flat,
        picture,
    ]


@cache
def _weights() -> dict[str, np.ndarray]:
    return {name: value.astype(np.float32) for name, value in load(read_weights(WEIGHTS)).items()}
