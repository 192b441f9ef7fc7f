"""Which outlines are those of hidden regions: a small network that looks at each candidate.

The segmenter's chances rise and fall slowly, and no one level cuts every region well. Candidates
are cut at several; what is inside, at the rim and around it tells the good ones. Trained on drawn
journeys (``tools/train_outlining.py``).
"""

from functools import cache

import cv2
import numpy as np
from safetensors.numpy import load

from unveil.estimation.kinds import KINDS
from unveil.estimation.regions import (
    CELL_PX,
    Candidate,
    Region,
    apart,
    box_of,
    candidates,
    mask_of,
    shrunk,
)
from unveil.estimation.segmenter import Segmentation
from unveil.estimation.weight_files import read_weights

WEIGHTS = "outlining.safetensors"
CLIPPED_CHANCE = 1e-3
CLIPPED = 5.0
"""Standard deviations beyond which a value says no more."""

FAR = -2.3
"""The log odds around a region that has no surroundings, over 3: as clean as can be."""

ELLIPSE = np.pi / 4
"""Share of its box that an ellipse fills."""

MIN_STEP_LEVELS, FLAT_LEVELS = 0.05, 0.5
NEIGHBOURS = np.ones((3, 3), np.uint8)


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
    hidden = 1 - answer.chances[0]
    regions_ = []
    for place in apart(found, scores):
        cells = found[place].cells
        mask = mask_of(cells, *pixels.shape[:2])
        if mask.any():
            chance, score = float(hidden[cells].mean()), float(scores[place])
            regions_.append(Region(mask, box_of(mask), chance, answer.hidden, score))
    return regions_


def described(answer: Segmentation, pixels: np.ndarray) -> tuple[list[Candidate], np.ndarray]:
    """Return the candidates of a picture, and what speaks for each, ``N x 31`` float32."""
    found = candidates(1 - answer.chances[0])
    look = _look(pixels, answer.chances.shape[1:])
    odds = _log_odds(1 - answer.chances[0])
    rows = [
        [
            *_of_odds(one, odds, answer.hidden),
            *_of_shape(one),
            *_of_kind(one, answer.chances),
            *_of_look(one, look),
        ]
        for one in found
    ]
    return found, np.array(rows, np.float32)


def chances(values: np.ndarray) -> np.ndarray:
    """Return the chance of each candidate to be the outline of a hidden region, ``N``."""
    weights = _weights()
    x = ((values - weights["mean"]) / weights["scale"]).clip(-CLIPPED, CLIPPED)
    x = np.maximum(x @ weights["first.weight"].T + weights["first.bias"], 0)
    logits = (x @ weights["last.weight"].T + weights["last.bias"])[:, 0]
    found: np.ndarray = 1 / (1 + np.exp(-logits))
    return found


def _log_odds(chance: np.ndarray) -> np.ndarray:
    kept = np.clip(chance, CLIPPED_CHANCE, 1 - CLIPPED_CHANCE)
    odds: np.ndarray = np.log(kept / (1 - kept)) / 3
    return odds


def _rims(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cells just inside, just outside, and some way around a candidate."""
    inside = cells.astype(np.uint8)
    # The border of the picture is no rim: beyond it lies more of the same.
    worn = cv2.erode(np.pad(inside, 1, constant_values=1), NEIGHBOURS)[1:-1, 1:-1]
    near = cv2.dilate(inside, NEIGHBOURS).astype(bool)
    wide = cv2.dilate(inside, NEIGHBOURS, iterations=3).astype(bool)
    return cells & ~worn.astype(bool), near & ~cells, wide & ~near


def _of_odds(one: Candidate, odds: np.ndarray, picture: float) -> list[float]:
    """Return how the odds fall from the inside of a candidate to its surroundings."""
    inner, near, around = _rims(one.cells)
    inside = odds[one.cells]
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
        float(_log_odds(np.array(picture))),
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


def _of_kind(one: Candidate, chances: np.ndarray) -> list[float]:
    """Return which kind the cells are of, and how far they agree."""
    shares = chances[1:, one.cells].mean(axis=1)
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


def _of_look(one: Candidate, look: np.ndarray) -> list[float]:
    """Return contrast, steps and flatness inside, steps around, and the picture's flatness."""
    _, _, around = _rims(one.cells)
    mean, square, step, flat = (float(v) for v in look[:, one.cells].mean(axis=1))
    outside = float(look[2][around].mean()) if around.any() else step
    return [
        float(np.log(max(square - mean**2, 0) + 1)) / 4,
        float(np.log(step + MIN_STEP_LEVELS)),
        float(np.log(outside + MIN_STEP_LEVELS)),
        flat,
        float(look[3].mean()),
    ]


@cache
def _weights() -> dict[str, np.ndarray]:
    return {name: value.astype(np.float32) for name, value in load(read_weights(WEIGHTS)).items()}
