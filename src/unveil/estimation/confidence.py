"""How sure a finding is: chances that were calibrated on pictures, not odds among hypotheses.

The coefficients are fitted on the development half of the wild bench
(``benchmarks/wild_calibrate.py``).
"""

import json
import math
from functools import cache

import numpy as np

from unveil.estimation.classifier import Opinion
from unveil.estimation.comb import Comb
from unveil.estimation.features import Features
from unveil.estimation.kinds import KINDS
from unveil.estimation.odds import log_odds
from unveil.estimation.regions import WHOLE_SHARE, Region
from unveil.estimation.weight_files import read_weights

COEFFICIENTS = "confidence.json"
UNKNOWN_CHANCE = 0.5
"""Of a region that is too small to look at."""

MIN_COMB_SCORE, MAX_COMB_FLATNESS = 7.0, 0.42
"""Of mosaics 98 % are beyond, of clean JPEGs below one or the other (docs/log.md)."""

SHARE_PLACE = 5
"""Which value of the evidence is the share of the picture that a region covers."""


def chance_hidden(region: Region, seen: Features, opinion: Opinion, *, is_told: bool) -> float:
    """Return the chance that a region is hidden at all."""
    name = "told" if is_told else "seen"
    values = evidence(region, seen, opinion, is_told=is_told)
    return logistic(_coefficients()[name], values)


def with_prior(chance: float, prior: float) -> float:
    """Return the chance that a told place is hidden, where ``prior`` of such places are.

    The coefficients are those of the bench, where nearly all told places are hidden.
    """
    odds = log_odds(chance) - log_odds(_coefficients()["told_share"][0]) + log_odds(prior)
    return float(1 / (1 + np.exp(-odds)))


def chance_clean(most: float, picture: float) -> float:
    """Return the chance that a picture is clean in which no region counts as hidden.

    Args:
        most: the largest chance of its regions to be hidden.
        picture: the segmenter's chance that anything is hidden.
    """
    return logistic(_coefficients()["clean"], [float(log_odds(most)), float(log_odds(picture))])


def least_chance(region: Region) -> float:
    """Return the chance from which a region counts as hidden, where the place was not told.

    It is set by clean pictures, for parts and for whole pictures: two in a thousand reach it.
    """
    name = "least_whole" if is_whole(region) else "least_part"
    return float(_coefficients()[name][0])


def is_whole(region: Region) -> bool:
    """Return whether a region is all of the picture."""
    return bool(region.mask.mean() > WHOLE_SHARE)


def evidence(region: Region, seen: Features, opinion: Opinion, *, is_told: bool) -> list[float]:
    """Return what speaks for a region, as logarithms of odds and as shares."""
    by_classifier = float(log_odds(1 - float(opinion.chances[0])))
    if is_told:
        return [by_classifier]
    kind, _ = likeliest_kind(opinion)
    is_block = seen.comb is not None and is_clear(seen.comb)
    return [
        by_classifier,
        float(log_odds(region.picture)),
        float(log_odds(region.outlined)),
        float(log_odds(region.chance)),
        float(np.log(region.mask.sum())) - 8,
        float(region.mask.mean()),
        # A drawing is flat in large parts, as mosaics and fills are.
        seen.flat_share * (not is_block),
        float(kind == "mosaic" and not is_block),
        float(kind in ("solid", "other") and is_whole(region)),
        # Some are more often seen where nothing is: a soft background looks like a disk.
        *(float(kind == name) for name in KINDS[2:]),
    ]


def is_clear(comb: Comb) -> bool:
    """Return whether the steps of a region stand in a grid, with little between them."""
    flatness = max(comb.across.flatness, comb.down.flatness)
    return comb.score > MIN_COMB_SCORE and flatness < MAX_COMB_FLATNESS


def likeliest_kind(opinion: Opinion) -> tuple[str, float]:
    """Return the likeliest kind of what hides a region, and its share among those that do."""
    chances = opinion.chances[1:] / max(float(opinion.chances[1:].sum()), 1e-9)
    best = int(chances.argmax())
    return KINDS[1 + best], float(chances[best])


def chance_right(share: float) -> float:
    """Return how often the likeliest kind is right, by its share."""
    return logistic(_coefficients()["kind"], [float(log_odds(share))])


def logistic(coefficients: list[float], values: list[float]) -> float:
    """Return the chance by a logistic regression; the first coefficient is the constant."""
    x = coefficients[0] + sum(c * v for c, v in zip(coefficients[1:], values, strict=True))
    return 1 / (1 + math.exp(-max(min(x, 30.0), -30.0)))


@cache
def _coefficients() -> dict[str, list[float]]:
    found: dict[str, list[float]] = json.loads(read_weights(COEFFICIENTS))
    return found
