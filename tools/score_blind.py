"""Restore test photos with the operator found, beside the operator stated.

    python tools/score_blind.py --data ../shared/lfw

For every operator and storage: how often kind, block and phase are right, the relative error of
sigma (or the radius), and the PSNR of both. Appends one row each to ``results/blind.jsonl``.
"""

import math
import statistics
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

import script
from unveil.config import DataConfig
from unveil.degradation import (
    AnisotropicGaussian,
    Degradation,
    Disk,
    GaussianBlur,
    Operator,
    parse_operator,
    parse_storage,
)
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.linear.prior import read_prior
from unveil.report import tables
from unveil.report.rows import Row, append_row
from unveil.restoration.choice import FALLBACK, model_for
from unveil.restoration.restorers import NetworkRestorer, load
from unveil.runtime import keep_freed_memory
from unveil.training.data import Photos, open_photos
from unveil.training.evaluate import Scoring, make_row, score

OPERATORS = (
    *("gaussian:kernel=9,sigma=4", "gaussian:kernel=13,sigma=2", "gaussian:kernel=25,sigma=4"),
    *("gaussian:kernel=37,sigma=6", "gaussian:kernel=15,sigma=2.7", "box:kernel=9"),
    *("disk:radius=2.5", "disk:radius=4", "disk:radius=7.3"),
    *(
        "aniso:sigma_x=4,sigma_y=1.5,angle_degrees=30",
        "aniso:sigma_x=2,sigma_y=1,angle_degrees=-70",
    ),
    *("pixelate:block=8", "pixelate:block=5,left=2,top=3", "pixelate:block=13,left=6,top=1"),
)


@dataclass(frozen=True)
class Options:
    """What to score."""

    data: Path
    out: Path = Path("results/blind.jsonl")
    operators: tuple[str, ...] = OPERATORS
    storages: tuple[str, ...] = ("8bit", "jpeg:75")
    photos: int = 3708


class Blind:
    """A restorer without a stated operator: it inspects each photo and keeps the findings.

    Like `unveil restore` it takes the weights for what it found.
    """

    def __init__(self) -> None:
        self.load = cache(partial(load, is_large=True))
        self.findings: list[Finding] = []
        self.prior = read_prior()

    def __call__(self, obfuscated: np.ndarray, degradation: Degradation) -> np.ndarray:
        """Restore each photo by the operator found in it, ``B x 3 x H x W``."""
        return np.concatenate([self._one(image[None], degradation) for image in obfuscated])

    def _one(self, image: np.ndarray, degradation: Degradation) -> np.ndarray:
        found = inspect(image, degradation.storage, self.prior)
        self.findings.append(found)
        known = found.degradation
        if known is None:
            return image
        restored: np.ndarray = self.load(model_for(known, fallback=FALLBACK)).restore(image, known)
        return restored


def main(options: Options) -> None:
    """Score every operator in every storage and print the table."""
    keep_freed_memory()
    photos = open_photos(DataConfig(options.data))
    rows = []
    for text in options.operators:
        for storage in options.storages:
            degradation = Degradation(parse_operator(text), parse_storage(storage))
            numbers = photos.splits["test"][: options.photos]
            rows.append(compare(photos, numbers, degradation))
            append_row(options.out, rows[-1])
    shown = ("operator", "storage", "told_psnr", "psnr", "kind_right", "within_5_percent")
    print(tables.markdown([{name: row[name] for name in shown} for row in rows]))


def compare(photos: Photos, numbers: np.ndarray, degradation: Degradation) -> Row:
    """Return the row of one degradation: operator found beside operator stated."""
    blind, best = Blind(), load(model_for(degradation, fallback=FALLBACK), is_large=True)
    scoring = Scoring(photos, numbers, degradation, best.runtime)
    told = score(best.restore, scoring).means()["psnr"]
    card = best.card if isinstance(best, NetworkRestorer) else None
    sha256 = card.files["weights"]["sha256"] if card else None
    row = make_row(best.name, "test", scoring, score(blind, scoring), sha256)
    right = [is_right(found.operator, scoring.degradation.operator) for found in blind.findings]
    errors = [sigma_error(found.operator, scoring.degradation.operator) for found in blind.findings]
    known = [error for error in errors if error is not None]
    return row | {
        "told_psnr": round(told, 4),
        "kind_right": round(sum(right) / len(right), 4),
        "within_5_percent": round(sum(e < 0.05 for e in known) / len(right), 4) if known else None,
        "median_sigma_error": round(statistics.median_low(known), 4) if known else None,
    }


CONTINUOUS = GaussianBlur | Disk | AnisotropicGaussian
"""Operators with sizes in fractions of a pixel, of which only the kind can be right."""


def is_right(found: Operator, true: Operator) -> bool:
    """Return whether the kind was found, and of boxes and mosaics every parameter."""
    return type(found) is type(true) if isinstance(true, CONTINUOUS) else found == true


def sigma_error(found: Operator, true: Operator) -> float | None:
    """Return the relative error of sigma or radius, of two widths the larger, where kinds agree."""
    error = true.differs_from(found) if isinstance(true, CONTINUOUS) else math.inf
    return error if math.isfinite(error) else None


if __name__ == "__main__":
    script.run(main, __doc__)
