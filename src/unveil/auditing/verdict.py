"""The risk of one face by the measured curves, and the setting that would hide it."""

import math

from unveil.auditing.measured import PEOPLE, Curves, Risk, mildest, risk_of
from unveil.auditing.settings import GRID, operator_at
from unveil.degradation import Operator, Solid, Unchanged
from unveil.estimation.finding import Finding

SAFE_RISK = 0.02
"""Greatest risk, by the upper end of its interval, that a hidden face may have (default)."""

ADVICE_RISK = 0.05
"""Risk, by the upper end of its interval, above which a stronger setting is advised."""

MIN_CONFIDENCE = 0.5
"""Chance that the kind is right below which a risk is not read from the kind's curve."""

PAIRS = (
    "risks are over pairs of photos of one person, most of two events; of one event, more are named"
)
"""What is said once of all risks (docs/audit.md has both)."""


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
