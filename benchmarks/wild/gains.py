"""How much nearer to the picture before a restored one is than its file, and shares of that."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from wild.cases import Drawn
from wild.draws import Pixels
from wild.journeys import Journey, Picture, without_loss
from wild.shares import share

MAX_PSNR = 60.0
"""Of equal pictures, in dB: a step of one level anywhere is a loss."""

WORSE_DB, BETTER_DB = 0.1, 0.5

Gain = dict[str, Any]
"""JSON values."""


def reference(drawn: Drawn) -> Pixels:
    """Return the file's picture as it would be had nothing been hidden and nothing been lost."""
    case = drawn.case
    return without_loss(Picture(drawn.before), Journey(case.journey, case.steps, case.suffix))


def psnr(pixels: Pixels, other: Pixels) -> float:
    """Return the peak signal-to-noise ratio of two pictures in dB, at most ``MAX_PSNR``."""
    error = np.mean((pixels.astype(np.float64) - other) ** 2)
    return float(min(20 * np.log10(255 / np.sqrt(error)), MAX_PSNR)) if error else MAX_PSNR


def gain(drawn: Drawn, file: Pixels, restored: Pixels) -> Gain:
    """Return what restoring brought, in dB over the whole picture."""
    case, before = drawn.case, reference(drawn)
    areas = [float(mask.sum()) for mask in drawn.masks]
    largest = case.regions[int(np.argmax(areas))] if areas else None
    came = psnr(file, before)
    return {
        "half": case.half,
        "role": case.role,
        "number": case.number,
        "journey": case.journey,
        "kind": largest.kind if largest else "none",
        "mask": largest.shape if largest else "",
        "came_db": round(came, 3),
        "gain_db": round(psnr(restored, before) - came, 3),
        "is_changed": bool((file != restored).any()),
    }


def tallies(gains: Sequence[Gain]) -> list[Gain]:
    """Return shares that became worse and better, mean and worst gains: of all, and by kind."""
    found = []
    for role in sorted({one["role"] for one in gains}):
        some = [one for one in gains if one["role"] == role]
        found.append(_tally(some, "", role, "all"))
        for by in ("kind", "mask", "journey"):
            values = sorted({one[by] for one in some})
            groups = ([one for one in some if one[by] == value] for value in values)
            found += [_tally(*pair, role, by) for pair in zip(groups, values, strict=True)]
    return [_tally(gains, "", "all", "all"), *found, *_against_told(gains)]


def _against_told(gains: Sequence[Gain]) -> list[Gain]:
    """Return how what was found compares with what was told, of the pictures that were told."""
    rows = [one for one in gains if "told_db" in one]
    if not rows:
        return []
    could = [one for one in rows if one["told_db"] > BETTER_DB]
    as_told = [one | {"gain_db": one["told_db"]} for one in rows]
    return [_tally(as_told, "", "told", "all"), _tally(could, "", "could be bettered", "all")]


def _tally(gains: Sequence[Gain], value: str, role: str, by: str) -> Gain:
    db = np.array([one["gain_db"] for one in gains])
    worse, better = int((db < -WORSE_DB).sum()), int((db > BETTER_DB).sum())
    return {
        "role": role,
        "by": by,
        "value": value,
        "images": len(db),
        "worse": share("made worse", by, value, worse, len(db))["share"],
        "better": share("bettered", by, value, better, len(db))["share"],
        "mean_db": round(float(db.mean()), 3),
        "worst_db": round(float(db.min()), 3),
    }
