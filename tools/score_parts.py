"""Pixelate a part of whole test photos, and score whether it is detected, and where.

    python tools/score_parts.py --data ../shared/lfw

For every mosaic and storage: how often block and box are right, and how often a mosaic is detected
in photos without one. Appends one row each to ``results/parts.jsonl``.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fill_tables
import script
from unveil.config import DataConfig
from unveil.degradation import Degradation, Linear, Storage, parse_operator, parse_storage
from unveil.degradation.degrade import store
from unveil.degradation.operators import obfuscate
from unveil.estimation.finding import Finding
from unveil.estimation.part import find_part
from unveil.images.arrays import to_array
from unveil.images.box import Box
from unveil.images.photos import read_photo
from unveil.linear.prior import read_prior
from unveil.report.rows import Row, append_row
from unveil.runtime import Runtime, keep_freed_memory, provenance
from unveil.training.data import open_photos

NONE = "none"
FACE_PX = 112
MIN_OVERLAP = 0.8
"""Intersection over union of two boxes from which on the place counts as right."""


@dataclass(frozen=True)
class Options:
    """What to score."""

    data: Path
    out: Path = Path("results/parts.jsonl")
    operators: tuple[str, ...] = (NONE, *(f"pixelate:block={b}" for b in (6, 8, 12, 16, 24)))
    storages: tuple[str, ...] = (
        *("8bit", "jpeg:95", "jpeg:75", "jpeg:50"),
        *("h264:crf=23", "h264:crf=30"),
    )
    photos: int = 100


def main(options: Options) -> None:
    """Score every mosaic in every storage and print the table."""
    keep_freed_memory()
    photos = open_photos(DataConfig(options.data))
    numbers = photos.splits["test"][: options.photos].tolist()
    wholes = [to_array(read_photo(options.data / photos.paths[number])) for number in numbers]
    rows = []
    for text in options.operators:
        for storage in options.storages:
            rows.append(score(text, parse_storage(storage), wholes))
            append_row(options.out, rows[-1])
    print(fill_tables.parts(rows))


def score(text: str, storage: Storage, wholes: list[np.ndarray]) -> Row:
    """Return the row of one mosaic in one storage."""
    prior, draw = read_prior(), random.Random(text)  # noqa: S311  # no secret
    operator = None if text == NONE else Degradation(parse_operator(text)).linear
    found, shares = [], []
    for clean in wholes:
        box = place(operator, draw)
        hidden = clean.copy()
        if operator is not None:
            hidden[..., *box.place] = obfuscate(clean[..., *box.place], operator)
        finding = find_part(store(hidden, storage), storage, prior)
        found.append(finding is not None)
        shares.append(share(finding, operator, box))
    return {
        "operator": text,
        "storage": str(storage),
        "model": "",
        "split": "test",
        "images": len(wholes),
        **dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")),
        "seen": round(sum(found) / len(found), 4),
        "placed": round(sum(one >= MIN_OVERLAP for one in shares) / len(shares), 4),
        **provenance(Runtime()),
    }


def place(operator: Linear | None, draw: random.Random) -> Box:
    """Return the box to pixelate: whole blocks about as wide as the face, near the center."""
    block = getattr(operator, "block", 8)
    side = FACE_PX // block * block
    return Box(draw.randrange(30, 100), draw.randrange(30, 100), side, side)


def share(finding: Finding | None, operator: Linear | None, box: Box) -> float:
    """Return the intersection over union of two boxes; 0 if the operator is another."""
    if finding is None or finding.box is None or finding.operator != operator:
        return 0.0
    covered = np.zeros((2, 300, 300), bool)
    covered[0][box.place] = covered[1][finding.box.place] = True
    return float(covered.all(axis=0).sum() / covered.any(axis=0).sum())


if __name__ == "__main__":
    script.run(main, __doc__)
