"""A verdict in two short lines, and its setting on the measured curve, for a page to draw."""

from unveil.auditing.measured import Curves
from unveil.auditing.photo import Verdict
from unveil.auditing.settings import Setting, unit_of
from unveil.auditing.verdict import ADVICE_RISK, advice
from unveil.degradation import GaussianBlur, Pixelate, Solid
from unveil.estimation.finding import Finding
from unveil.report.rows import Row

UNKNOWN, AT_RISK, HIDDEN = "unknown", "risk", "hidden"
"""Levels of a verdict: not measured, above the advised risk, below it."""

SURE = ((0.95, "almost certain"), (0.8, "quite sure"), (0.5, "fairly sure"))
"""Chances from which a finding is called so; below, it is in doubt."""

CLEAN = "Nothing is blurred here"
"""What is said of a place where nothing was found."""

PLAIN = {
    "gaussian": "Blurred by about {px:.1f} px",
    "box": "Blurred by a square of {px:.0f} px",
    "disk": "Out of focus by about {px:.1f} px",
    "motion": "Blurred by a motion of {px:.0f} px",
    "median": "Smoothed over {px:.0f} px",
    "mosaic": "A mosaic of {px:.0f} px blocks",
    "solid": "One colour",
    "other": "Hidden in a way that is not known",
}


def level(verdict: Verdict) -> str:
    """Return how safe a face is, as one of three words: by the upper end of its risk."""
    if verdict.risk is None:
        return UNKNOWN
    return AT_RISK if verdict.risk.high > ADVICE_RISK else HIDDEN


def headline(verdict: Verdict) -> str:
    """Return the risk of a face in a few words."""
    if verdict.risk is None:
        return "Risk not known"
    share, high = (round(100 * part) for part in (verdict.risk.share, verdict.risk.high))
    return f"Named right in {share} of 100 cases (at most {high})"


def how_hidden(verdict: Verdict) -> str:
    """Return what hides a face or a part, and how sure that is, in a few words."""
    return PLAIN["solid"] if isinstance(verdict.operator, Solid) else in_words(verdict.finding)


def in_words(finding: Finding) -> str:
    """Return what hides a picture or a part, and how sure that is, in a few words."""
    what = CLEAN if finding.is_clean else _plain(finding)
    return what if finding.confidence is None else f"{what}; {how_sure(finding.confidence)}"


def how_sure(confidence: float) -> str:
    """Return a chance in words."""
    return next((word for least, word in SURE if confidence >= least), "in doubt")


def _plain(finding: Finding) -> str:
    kind, px = finding.kind, finding.strength_px
    match finding.operator:
        case Pixelate(block) if not kind:  # stated, not found
            kind, px = "mosaic", float(block)
        case GaussianBlur(_, sigma) if not kind:
            kind, px = "gaussian", sigma
    template = PLAIN.get(kind, "")
    if not template or ("{px" in template and px is None):
        return str(finding.operator)
    return template.format(px=px)


def what_would_hide(verdict: Verdict, curves: Curves) -> str:
    """Return what would make a face safe; empty where it is."""
    return "" if level(verdict) == HIDDEN else advice(verdict.box.width, curves)


def on_its_curve(verdict: Verdict, curves: Curves) -> Row | None:
    """Return the strongest attacker's risk against strength, and where the verdict is on it.

    Returns:
        ``points`` of strength, share, low and high, from mild to strong; ``strength`` of the
        verdict; ``unit`` of strengths. None where the operator has no curve, or no strength on it.
    """
    setting = Setting(verdict.operator, max(verdict.box.width, 1))
    widths = sorted(px for kind, px in curves if kind == setting.kind)
    if verdict.risk is None or setting.strength <= 0 or not widths:
        return None
    wide = next((px for px in widths if px >= setting.face_px), widths[-1])
    return {
        "kind": setting.kind,
        "unit": unit_of(setting.kind),
        "strength": round(setting.strength, 5),
        "points": [
            [round(number, 5) for number in (p.strength, p.risk.share, p.risk.low, p.risk.high)]
            for p in curves[setting.kind, wide]
        ],
    }
