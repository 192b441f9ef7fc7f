"""Fit the chances of findings on the development half of the wild bench.

    PYTHONPATH=tools python benchmarks/wild_calibrate.py --data ../shared/lfw

Writes the coefficients that the package ships. The held-out half takes no part.
"""

import json
import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from unveil.estimation import confidence
from unveil.estimation.classifier import classify
from unveil.estimation.features import features
from unveil.estimation.inspection import look
from unveil.estimation.jpeg_history import find_jpeg
from unveil.estimation.odds import log_odds
from unveil.estimation.regions import WHOLE_SHARE
from unveil.estimation.segmenter import segment
from unveil.estimation.weight_files import write_weights
from unveil.images.box import Box
from wild import store
from wild.cases import Role, open_source

MIN_SHARE = 0.5
"""Of a seen region's pixels that are hidden, from which it counts as hidden."""

FALSE_ALARMS = 0.002
"""Share of the clean pictures that may be called hidden, for parts and for whole pictures."""

RIDGE, STEPS = 1.0, 50

Examples = dict[str, list[tuple[list[float], bool]]]
"""For each regression, what speaks for a finding, and whether it is right."""


def calibrate(
    data: Path,
    folder: Path = Path("runs/wild"),
    hidden: int = 240,
    clean: int = 320,
    told: int = 200,
    limits: int = 1300,
    jobs: int = 2,
) -> None:
    """Fit.

    Args:
        data: LFW's folder.
        folder: where the pictures are.
        hidden: pictures with something hidden.
        clean: pictures without.
        told: pictures whose hidden place is told.
        limits: further clean pictures, for the limits alone: those that chances are fitted on
            look cleaner than others.
        jobs: processes.
    """
    source = open_source(data, "development")
    counts: dict[Role, int] = {"hidden": hidden, "clean": clean + limits, "told": told}
    cases = [
        store.stored(source, role, number, folder)
        for role, count in counts.items()
        for number in range(count)
    ]
    examples: Examples = {"seen": [], "told": [], "kind": []}
    pictures: list[Seen] = []
    kept: list[list[list[float]]] = []
    os.environ["OMP_NUM_THREADS"] = "1"
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for case, found in zip(cases, pool.imap(collected, cases, chunksize=8), strict=True):
            if found.is_clean and case.case.number >= clean:
                kept.append([values for values, _ in found.examples["seen"]])
                continue
            for name, rows in found.examples.items():
                examples[name] += rows
            pictures += [found] if found.picture is not None else []
    coefficients = {name: fit(rows) for name, rows in examples.items()}
    for name, is_whole in (("least_part", False), ("least_whole", True)):
        coefficients[name] = [least_chance(kept, coefficients["seen"], is_whole)]
    coefficients["told_share"] = [round(float(np.mean([y for _, y in examples["told"]])), 4)]
    examples["clean"] = called_clean(pictures, coefficients)
    coefficients["clean"] = fit(examples["clean"])
    content = json.dumps(coefficients, indent=1) + "\n"
    write_weights(confidence.COEFFICIENTS, content.encode())
    for name, rows in examples.items():
        error = error_of(coefficients[name], rows)
        print(name, len(rows), coefficients[name], f"error {error:.3f}")


@dataclass
class Seen:
    """What is seen in a picture, and whether it is true.

    Attributes:
        examples: of each regression.
        is_clean: whether nothing is hidden in it.
        picture: the segmenter's chance that something is; None where the place was told.
        has_small: whether a region was too small to look at.
    """

    examples: Examples
    is_clean: bool
    picture: float | None = None
    has_small: bool = False


def collected(case: store.Stored) -> Seen:
    """Return what is seen in a picture."""
    examples: Examples = {"seen": [], "told": [], "kind": []}
    found = Seen(examples, case.case.role == "clean")
    pixels = np.asarray(Image.open(case.file).convert("RGB"))
    masks = [store.read_mask(path) >= 0.5 for path in case.masks]
    is_told = case.case.role == "told"
    box = Box(*case.case.regions[0].box) if is_told else None
    for region in look(segment(pixels), pixels, box):
        seen = features(pixels, region.mask, find_jpeg(pixels))
        found.picture = None if is_told else region.picture
        if seen is None:
            found.has_small = True
            continue
        opinion = classify(seen.values)
        shares = [float((region.mask & mask).sum() / region.mask.sum()) for mask in masks]
        best = int(np.argmax(shares)) if shares else 0
        kind = case.case.regions[best].kind if shares else "none"
        is_hidden = kind != "none" and (is_told or shares[best] > MIN_SHARE)
        values = confidence.evidence(region, seen, opinion, is_told=is_told)
        examples["told" if is_told else "seen"].append((values, is_hidden))
        if is_hidden:
            name, chance = confidence.likeliest_kind(opinion)
            examples["kind"].append(([float(log_odds(chance))], name == kind))
    return found


def called_clean(
    pictures: list[Seen], coefficients: dict[str, list[float]]
) -> list[tuple[list[float], bool]]:
    """Return, of pictures without a region above its limit, the evidence, and whether it is right.

    Args:
        pictures: whose place was not told.
        coefficients: of the chance of a region, and the limits.
    """
    rows = []
    for one in pictures:
        regions = [values for values, _ in one.examples["seen"]]
        chances = [confidence.logistic(coefficients["seen"], values) for values in regions]
        shares = [values[confidence.SHARE_PLACE] for values in regions]
        limits = [
            coefficients["least_whole" if share > WHOLE_SHARE else "least_part"][0]
            for share in shares
        ]
        if all(chance < limit for chance, limit in zip(chances, limits, strict=True)):
            small = [confidence.UNKNOWN_CHANCE] * one.has_small
            most = max([*chances, *small], default=0.0)
            odds = [float(log_odds(most)), float(log_odds(one.picture or 0.0))]
            rows.append((odds, one.is_clean))
    return rows


def fit(rows: list[tuple[list[float], bool]]) -> list[float]:
    """Return the coefficients of a logistic regression, the constant first, by Newton's method."""
    x = np.array([[1.0, *values] for values, _ in rows])
    y = np.array([float(right) for _, right in rows])
    found = np.zeros(x.shape[1])
    ridge = np.diag([0.0] + [RIDGE] * (x.shape[1] - 1))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-x @ found))
        slope = x.T @ (y - chance) - ridge @ found
        curvature = (x.T * (chance * (1 - chance))) @ x + ridge + 1e-9 * np.eye(len(found))
        found = found + np.linalg.solve(curvature, slope)
    return [round(float(value), 4) for value in found]


def least_chance(
    clean: list[list[list[float]]], coefficients: list[float], is_whole: bool
) -> float:
    """Return the chance that all but ``FALSE_ALARMS`` of the clean pictures stay below.

    Args:
        clean: what speaks for each region of each clean picture.
        coefficients: of the chance.
        is_whole: whether regions that are the whole picture count, or the others.
    """
    most = [
        max(
            (
                confidence.logistic(coefficients, values)
                for values in seen
                if (values[confidence.SHARE_PLACE] > WHOLE_SHARE) == is_whole
            ),
            default=0.0,
        )
        for seen in clean
    ]
    return max(0.5, round(float(np.quantile(most, 1 - FALSE_ALARMS)), 4))


def error_of(coefficients: list[float], rows: list[tuple[list[float], bool]]) -> float:
    """Return the share of examples on the wrong side of a half."""
    wrong = [(confidence.logistic(coefficients, values) > 0.5) != right for values, right in rows]
    return float(np.mean(wrong))


if __name__ == "__main__":
    tyro.cli(calibrate, description=__doc__)
