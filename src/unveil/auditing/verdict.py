"""The risk of one face by the measured curves, and the setting that would hide it."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from unveil.auditing.settings import GRID, Setting, operator_at
from unveil.degradation import Operator, Solid, Unchanged
from unveil.errors import UnveilError, UsageError
from unveil.estimation.finding import Finding
from unveil.report.rows import Row

CURVE = Path(__file__).parent / "curve.json"
PEOPLE = 1000
"""Size of the gallery that verdicts are about."""

RISK = f"rank1_of_{PEOPLE}"
"""Key of the risk in a row: share identified, and both ends of its interval."""

SAFE_RISK = 0.02
"""Greatest risk, by the upper end of its interval, that a hidden face may have (default)."""

ADVICE_RISK = 0.05
"""Risk, by the upper end of its interval, above which a stronger setting is advised."""

MIN_CONFIDENCE = 0.5
"""Chance that the kind is right below which a risk is not read from the kind's curve."""


@dataclass(frozen=True)
class Risk:
    """Rate of identification at rank 1 among ``PEOPLE`` people, by the strongest attacker.

    Attributes:
        share: of the probes, in [0,1].
        low: lower end of the 95 % interval.
        high: upper end of the 95 % interval.
        attacker: name of the strongest attacker.
    """

    share: float
    low: float
    high: float
    attacker: str


@dataclass(frozen=True)
class Point:
    """The risk at one strength.

    Attributes:
        strength: of the operator, in face widths.
        risk: by the strongest attacker.
        is_attacked: whether one was trained on it; else the risk may be higher than measured.
    """

    strength: float
    risk: Risk
    is_attacked: bool = False


PAIRS = (
    "risks are over pairs of photos of one person, most of two events; of one event, more are named"
)
"""What is said once of all risks (docs/audit.md has both)."""

TRAINED_FOR_IT = "fused"
"""The attacker whose network was trained on faces that were hidden in this way."""

Curves = dict[tuple[str, int], list[Point]]
"""Points from mild to strong, by kind of operator and face width in pixels."""


def curves_of(rows: Iterable[Row]) -> Curves:
    """Return the strongest attacker's risk at every setting, made to fall with strength.

    Args:
        rows: of ``unveil audit curve``.
    """
    measured = measured_curves(rows)
    return {key: _falling(_as_attacked(points)) for key, points in measured.items()}


def measured_curves(rows: Iterable[Row]) -> Curves:
    """Return the strongest attacker's risk at every setting, as measured.

    Args:
        rows: of ``unveil audit curve``.
    """
    strongest: dict[tuple[str, int, float], Risk] = {}
    attacked = set()
    for row in rows:
        key = row["kind"], row["face_px"], row["strength"]
        share, low, high = row[RISK]
        risk = Risk(share, low, high, row["attacker"])
        if row["attacker"] == TRAINED_FOR_IT:
            attacked.add(key)
        if key not in strongest or risk.share > strongest[key].share:
            strongest[key] = risk
    curves: Curves = {}
    for key, risk in sorted(strongest.items(), key=lambda item: item[0]):
        kind, face_px, strength = key
        curves.setdefault((kind, face_px), []).append(Point(strength, risk, key in attacked))
    return curves


def _as_attacked(points: Sequence[Point]) -> list[Point]:
    """Return points that allow for an attacker who is trained on each, where one is on some.

    Between two that were attacked the risk is theirs; beyond the strongest it may be as high as
    there: what hides more shows no more.
    """
    attacked = [point for point in points if point.is_attacked]
    if not attacked:
        return list(points)
    found = []
    for point in points:
        known, risk = _between(attacked, point.strength), point.risk
        if known is not None and point.strength > attacked[-1].strength:
            risk = replace(risk, high=max(risk.high, known.high))
        elif known is not None:
            risk = max(risk, known, key=lambda one: one.high)
        found.append(replace(point, risk=risk))
    return found


def _falling(points: Sequence[Point]) -> list[Point]:
    """Return points whose risk is at least that of every stronger setting."""
    falling: list[Point] = []
    for point in reversed(points):
        behind = falling[-1].risk if falling else point.risk
        falling.append(replace(point, risk=max(point.risk, behind, key=lambda risk: risk.high)))
    return falling[::-1]


@cache
def shipped_curves() -> Curves:
    """Return the shipped curves, measured on LFW.

    Raises:
        UnveilError: the file is damaged.
    """
    try:
        return curves_of(shipped_rows())
    except (KeyError, TypeError, ValueError) as error:
        raise UnveilError(f"{CURVE}: cannot be read ({error}); install unveil again.") from None


def shipped_rows() -> list[Row]:
    """Return the rows of the shipped curves.

    Raises:
        UnveilError: the file is damaged.
    """
    try:
        rows: list[Row] = json.loads(CURVE.read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnveilError(f"{CURVE}: cannot be read ({error}); install unveil again.") from None
    return rows


def risk_of(operator: Operator, face_px: float, curves: Curves) -> Risk | None:
    """Return the risk of a face of this width behind ``operator``; None if it was not measured.

    Between strengths the risk is interpolated linearly over log strength. Of the widths that were
    measured the one of the highest risk counts: a wider face shows as much and more, and can be
    scaled down before it is attacked, and not each was attacked as strongly.
    """
    setting = Setting(operator, max(round(face_px), 1))
    measured = (
        _between(points, setting.strength)
        for (kind, _), points in curves.items()
        if kind == setting.kind
    )
    return max(filter(None, measured), key=lambda one: (one.high, one.share), default=None)


def _between(points: list[Point], strength: float) -> Risk | None:
    """Interpolate; beyond the strongest measured setting its risk holds, below the mildest None."""
    if strength >= points[-1].strength:
        return points[-1].risk
    for milder, stronger in pairwise(points):
        if milder.strength <= strength:
            if strength > stronger.strength:
                continue
            span = math.log(stronger.strength / milder.strength)
            share = math.log(strength / milder.strength) / span
            return _mix(milder.risk, stronger.risk, share)
    return None


def _mix(one: Risk, other: Risk, share: float) -> Risk:
    share_, low, high = (
        (1 - share) * getattr(one, name) + share * getattr(other, name)
        for name in ("share", "low", "high")
    )
    return Risk(share_, low, high, one.attacker)


def risk_of_finding(finding: Finding, face_px: float, curves: Curves) -> Risk | None:
    """Return the risk of a face behind what was found; None if it was not measured.

    The interval of the risk takes in that of the strength: its upper end is the risk at the mildest
    strength that the finding allows.
    """
    risk, name = risk_of(finding.operator, face_px, curves), finding.operator.name
    if risk is None or finding.is_exact or finding.low_px is None or finding.high_px is None:
        return risk
    width = max(round(face_px), 1)
    milder, stronger = (
        risk_of(operator_at(name, px / width, width), face_px, curves) if name in GRID else None
        for px in (finding.low_px, finding.high_px)
    )
    if milder is None or stronger is None:
        return None
    low, high = min(risk.low, stronger.low), max(risk.high, milder.high)
    return Risk(risk.share, low, high, risk.attacker)


def judged(finding: Finding, face_px: float, curves: Curves) -> tuple[Risk | None, str]:
    """Return the risk of a face behind what was found, and the verdict as sentences.

    What is hidden in a way that has no curve, or in one that is in doubt, is not measured.
    """
    if reason := _why_not(finding):
        return None, unmeasured(reason)
    risk = risk_of_finding(finding, face_px, curves)
    if risk is None and not finding.is_exact:
        return None, unmeasured("it may be milder than all that its curve was measured at")
    words = sentence(risk, finding.operator, face_px, curves)
    is_hidden = not finding.is_clean and not isinstance(finding.operator, Solid)
    if risk is not None and is_hidden and (since := _since(finding)):
        words += f" Measured on photos in 8 bits, not after {since} as here."
    return risk, words


def _since(finding: Finding) -> str:
    """Return what a picture went through, of what no curve was measured after; empty for nothing.

    It takes more of a face away, if anything.
    """
    history, past = finding.history, list[str]()
    if finding.storage.kind not in ("float", "8bit"):
        past.append(str(finding.storage))
    if history is not None and history.codec is not None and history.codec.name != "jpeg":
        past.append(history.codec.name)
    if history is not None and history.scaled is not None:
        past.append("scaling")
    return " and ".join(past)


def unmeasured(reason: str) -> str:
    """Return the verdict on what is hidden but has no risk that was measured."""
    return f"Hidden, cannot be measured: {reason}."


def _why_not(finding: Finding) -> str | None:
    """Return why the curves say nothing about what was found; None if they do."""
    if finding.is_clean or (finding.is_exact and finding.operator != Unchanged()):
        return None
    if finding.operator == Unchanged():
        return finding.reason or "no curve was measured for it"
    if finding.operator.name not in GRID:
        return "no curve was measured for it"
    if isinstance(finding.operator, Solid):
        return "it is not of one colour all over"
    if finding.confidence is not None and finding.confidence < MIN_CONFIDENCE:
        return "how it was hidden is in doubt"
    return None


def mildest(
    kind: str, limit: float, face_px: int, curves: Curves, *, attacked: bool = False
) -> Operator | None:
    """Return the mildest measured operator of a kind whose risk is within a limit; None if none is.

    Args:
        kind: name of the operator.
        limit: greatest risk, by the upper end of its interval.
        face_px: width of the face.
        curves: risk against strength.
        attacked: whether only settings count that an attacker was trained on.

    Raises:
        UsageError: the kind has no curve.
    """
    widths = sorted(px for name, px in curves if name == kind)
    if not widths:
        raise UsageError(f"no curve was measured for {kind}.")
    for point in curves[kind, widths[-1]]:
        if attacked and not point.is_attacked:
            continue
        # Rounded to whole pixels it may be a little milder than measured: then add one pixel.
        for strength in (point.strength, point.strength + 1 / face_px):
            operator = operator_at(kind, strength, face_px)
            risk = risk_of(operator, face_px, curves)
            if risk is not None and risk.high <= limit:
                return operator
    return None


def sentence(risk: Risk | None, operator: Operator, face_px: float, curves: Curves) -> str:
    """Return the verdict as a sentence for people without the field's words."""
    if risk is None:
        return (
            f"{operator} on a face of {face_px:.0f} pixels was not measured, so nothing can be "
            "said of it."
        )
    cases, low, high = (round(100 * part) for part in (risk.share, risk.low, risk.high))
    said = (
        f"A machine that knows {PEOPLE:,} people would name this one right in about {cases} of "
        f"100 cases ({low} to {high}){_how(risk.attacker)}."
    )
    return said if risk.high <= ADVICE_RISK else f"{said} {advice(face_px, curves)}"


def _how(attacker: str) -> str:
    """Return what the strongest attacker does first, as the end of a sentence."""
    if attacker.startswith("restoring"):
        return " after restoring"
    if attacker == "fused" or attacker.startswith("tuned"):
        return " after training a network on other people's obfuscated faces"
    ways = {
        "mirrored": " after obfuscating its own photos in the same way",
        "trained": " after learning from other people's obfuscated faces",
    }
    return ways.get(attacker, "")


def advice(face_px: float, curves: Curves) -> str:
    """Return a sentence about the mildest mosaic that would hide a face of this width."""
    operator = mildest("pixelate", ADVICE_RISK, max(round(face_px), 1), curves)
    if operator is None:
        return "No mosaic that was measured hides it; a solid box does."
    across = math.floor(face_px / operator.block)  # type: ignore[union-attr]  # a mosaic
    return f"Hiding needs a mosaic of at most {across} blocks across the face, or a solid box."
