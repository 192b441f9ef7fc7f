"""Verdicts on the losses as the paper has them, with a raw perceptual term.

They come from a study of its own (``unveil study run --scale raw``): a calibrated term is another
loss. Each run has one seed; intervals are those over photos.
"""

import math
import statistics
from collections.abc import Callable, Sequence

from unveil.metrics.quality import psnr_of_matched_colours
from unveil.report.rows import Row
from unveil.study.plan import PAPER
from unveil.study.report.claims import Claim, Interval, Verdict
from unveil.study.report.select import Results

COMMAND = "`unveil study run --scale raw --epochs 1 --only blur-cae-perceptual blur-cae-mixed`"
CALIBRATED = "the perceptual term of all runs is calibrated; the paper's is raw"

MIN_SHIFT = 1.0
"""Smallest difference of mean colours, in levels of 255, that counts as a drift."""

MENDED = 0.5
"""Largest share of a drift that is left where it is mended."""

MIN_PHOTOS = 2
"""Smallest number of photos over which there is an interval."""

Judge = Callable[[Row, Row, Row], Claim]
"""Judges the raw perceptual loss, with a pixel term (rho 1), and the input."""


def judge_raw(raw: Results | None) -> list[Claim]:
    """Return the claims on the raw losses; undecided without their runs."""
    return [_judged(raw, said, judge) for said, judge in JUDGES.items()]


def _judged(raw: Results | None, said: str, judge: Judge) -> Claim:
    if raw is None:
        return Claim(said, CALIBRATED, "undecided", COMMAND)
    found = [raw.final(name) for name in ("blur-cae-perceptual", "blur-cae-mixed-1", "blur")]
    perceptual, mixed, before = found
    if perceptual is None or mixed is None or before is None:
        return Claim(said, "a run is missing", "undecided", COMMAND)
    shifts = [row.get("measured", {}).get("colour_shift", []) for row in found if row]
    if len({len(each) for each in shifts}) != 1 or len(shifts[0]) < MIN_PHOTOS:
        return Claim(said, "diverged, or mean colours were not measured", "undecided", COMMAND)
    if perceptual["epochs"] != mixed["epochs"]:
        return Claim(said, "not equally many epochs", "undecided", COMMAND)
    return judge(perceptual, mixed, before)


def _below_the_input(perceptual: Row, mixed: Row, before: Row) -> Claim:
    alone, both = (_over_photos(_apart(row, before, "psnr")) for row in (perceptual, mixed))
    return Claim(
        BELOW,
        f"{alone} after {perceptual['epochs']} epoch(s); with the pixel term {both}",
        alone.verdict(0.0, above=False),
        "below the input, over photos",
    )


def _colours(perceptual: Row, mixed: Row, before: Row) -> Claim:
    drift = _over_photos(_apart(perceptual, before, "colour_shift"))
    pairs = zip(*(row["measured"]["colour_shift"] for row in (perceptual, mixed)), strict=True)
    mended = _over_photos([MENDED * alone - both for alone, both in pairs])
    parts = (drift.verdict(MIN_SHIFT, above=True), mended.verdict(0.0, above=True))
    agreed: Verdict = "agrees" if set(parts) == {"agrees"} else "undecided"
    return Claim(
        COLOURS,
        f"mean colours are off by {_shift(perceptual)} levels, with the pixel term by "
        f"{_shift(mixed)}, in the input by {_shift(before)}; with the clean photos' mean colours "
        f"{_matched(perceptual):.2f} and {_matched(mixed):.2f} dB, for {_psnr(perceptual):.2f} "
        f"and {_psnr(mixed):.2f}",
        "does not agree" if "does not agree" in parts else agreed,
        f"{MIN_SHIFT:g} level more than in the input, at most {MENDED:g} of it with the pixel term",
    )


def _apart(first: Row, second: Row, metric: str) -> list[float]:
    pairs = zip(first["measured"][metric], second["measured"][metric], strict=True)
    return [one - other for one, other in pairs]


def _over_photos(values: Sequence[float]) -> Interval:
    return Interval(
        statistics.fmean(values), 1.96 * statistics.stdev(values) / math.sqrt(len(values))
    )


def _shift(row: Row) -> str:
    return f"{statistics.fmean(row['measured']['colour_shift']):.1f}"


def _psnr(row: Row) -> float:
    return statistics.fmean(row["measured"]["psnr"])


def _matched(row: Row) -> float:
    measured = row["measured"]
    pairs = zip(measured["psnr"], measured["colour_shift"], strict=True)
    return statistics.fmean(psnr_of_matched_colours(*pair) for pair in pairs)


BELOW = (
    "With the perceptual loss, the CAE scores below its own input "
    f"({PAPER['blur-cae-perceptual'][0] - PAPER['blur'][0]:+.2f} dB)."
)
COLOURS = "The perceptual loss lets colours drift; the mixed loss mends them."
JUDGES: dict[str, Judge] = {BELOW: _below_the_input, COLOURS: _colours}
