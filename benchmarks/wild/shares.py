"""Shares of cases that are right, with their intervals, by what was hidden where and how."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from unveil.metrics.shares import wilson
from wild.scores import Scored

MIN_IOU = 0.6
"""Intersection over union from which on a region counts as found."""

WIDTH_TOLERANCE = 0.10
LENGTH_TOLERANCE = 0.15
ANGLE_TOLERANCE_DEGREES = 10
PITCH_TOLERANCE = 0.02
PHASE_TOLERANCE_PX = 0.5
GOOD_QUALITY = 75
BINS = 10

Tally = dict[str, Any]
"""Question, by what and of which value it is asked, right ones, all, and the share's interval."""

Labelled = Iterable[tuple[str, str, bool]]
"""By what, of which value, and whether that one is right."""


def tallies(rows: Sequence[Scored]) -> list[Tally]:
    """Return the answers to all questions about the scored cases of a half."""
    hidden = [row for row in rows if row["role"] == "hidden"]
    clean = [row for row in rows if row["role"] == "clean"]
    told = [row for row in rows if row["role"] == "told"]
    found: list[Tally] = []
    for question, ask, asked in (
        ("region found", _found, hidden),
        ("picture seen as hidden", _seen, hidden),
        ("clean called hidden", _called, clean),
        ("kind right, place told", _kind, told),
        ("strength within 10 %", _strength, told),
        ("block within 2 %", _pitch, told),
        ("phase within half a pixel", _phase, told),
        ("motion: 15 % and 10 degrees", _motion, told),
        ("90 % interval holds", _interval, told),
    ):
        found += _tally(question, ask, asked)
    for by, some in (("left to itself", [*hidden, *clean]), ("place told", told)):
        found += confidence(by, some)
    return found


def _tally(question: str, ask: Callable[[Scored], Labelled], rows: Sequence[Scored]) -> list[Tally]:
    counts: dict[tuple[str, str], list[bool]] = {}
    for row in rows:
        for by, value, is_right in ask(row):
            counts.setdefault((by, value), []).append(is_right)
    return [
        share(question, by, value, sum(rights), len(rights))
        for (by, value), rights in sorted(counts.items())
    ]


def share(question: str, by: str, value: str, right: int, count: int) -> Tally:
    """Return a share with its interval."""
    low, high = wilson(right / count, count) if count else (0.0, 1.0)
    return {
        "question": question,
        "by": by,
        "value": value,
        "right": int(right),
        "images": int(count),
        "share": [round(number, 4) for number in (right / count, low, high)],
    }


def _found(row: Scored) -> Labelled:
    for region in row["regions"]:
        is_found = region["iou"] >= MIN_IOU
        yield "all", "", is_found
        yield "kind", region["kind"], is_found
        yield "mask", region["shape"], is_found
        yield "journey", row["journey"], is_found
        yield "program", region["program"], is_found


def _seen(row: Scored) -> Labelled:
    is_seen = row["said"] not in ("none", "error")
    yield "all", "", is_seen
    yield "kind", row["kind"], is_seen


def _called(row: Scored) -> Labelled:
    is_called = row["said"] != "none"
    yield "all", "", is_called
    yield "control", row["control"], is_called
    yield "journey", row["journey"], is_called


def _kind(row: Scored) -> Labelled:
    is_right = row["said"] == row["kind"]
    if row["kind"] != "none":
        yield "all", "", is_right
        yield "journey", row["journey"], is_right
    yield "kind", row["kind"], is_right


def _error(row: Scored) -> float | None:
    """Return the relative error of the strength: infinity for another kind, None without truth."""
    if row["strength_px"] is None or row["kind"] in ("none", "solid", "other"):
        return None
    if row["said"] != row["kind"] or row.get("said_px") is None:
        return math.inf
    return abs(row["said_px"] / row["strength_px"] - 1)


def _strength(row: Scored) -> Labelled:
    if (error := _error(row)) is None:
        return
    is_right = error <= WIDTH_TOLERANCE
    yield "kind", row["kind"], is_right
    if row["kind"] == "gaussian":
        if row["journey"] == "jpeg" and row["quality"] >= GOOD_QUALITY:
            yield "gaussian", "jpeg 75 or better", is_right
        elif row["journey"] in ("png", "resized, jpeg"):
            yield "gaussian", row["journey"], is_right


AXES = ("across", "down")


def _by_axis(row: Scored, key: str, tolerance: float) -> Labelled:
    if row["kind"] != "mosaic":
        return
    errors = row.get(key) if row["said"] == "mosaic" else None
    rights = [error <= tolerance for error in errors or (math.inf, math.inf)]
    yield "all", "", all(rights)
    for axis, is_right in zip(AXES, rights, strict=True):
        yield "axis", axis, is_right
    yield "journey", row["journey"], all(rights)


def _pitch(row: Scored) -> Labelled:
    return _by_axis(row, "pitch_error", PITCH_TOLERANCE)


def _phase(row: Scored) -> Labelled:
    return _by_axis(row, "phase_error_px", PHASE_TOLERANCE_PX)


def _motion(row: Scored) -> Labelled:
    if row["kind"] != "motion" or (error := _error(row)) is None:
        return
    angle = row.get("angle_error")
    is_near = angle is not None and angle <= ANGLE_TOLERANCE_DEGREES
    yield "all", "", error <= LENGTH_TOLERANCE and is_near


def _interval(row: Scored) -> Labelled:
    """Of strengths that came with an interval, where the kind is right."""
    error, interval = _error(row), row.get("interval_px")
    if error is None or interval is None or row["said"] != row["kind"]:
        return
    holds = interval[0] <= row["strength_px"] <= interval[1]
    yield "all", "", holds
    yield "kind", row["kind"], holds


def confidence(by: str, rows: Sequence[Scored]) -> list[Tally]:
    """Return the reliability of confidences: a share for each bin, and their calibration error.

    Right is the kind of the largest region, or ``none`` where nothing is hidden. The error is the
    mean over the pictures of what lies between share and mean confidence of their bin.
    """
    said = [row for row in rows if row.get("confidence") is not None]
    if not said:
        return []
    bins: dict[int, list[Scored]] = {}
    for row in said:
        bins.setdefault(min(int(row["confidence"] * BINS), BINS - 1), []).append(row)
    found, error = [], 0.0
    for number, inside in sorted(bins.items()):
        right = sum(row["said"] == row["kind"] for row in inside)
        stated = sum(row["confidence"] for row in inside) / len(inside)
        value = f"{number / BINS:.1f} to {(number + 1) / BINS:.1f}"
        tally = share("confidence", by, value, right, len(inside))
        found.append(tally | {"stated": round(stated, 4)})
        error += abs(right / len(inside) - stated) * len(inside) / len(said)
    right = sum(row["said"] == row["kind"] for row in said)
    total = share("calibration error", by, "", right, len(said))
    return [*found, total | {"error": round(error, 4)}]
