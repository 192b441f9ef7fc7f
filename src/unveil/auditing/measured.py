"""Risk against strength as it was measured, and what the curves say between their points."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from unveil.auditing.settings import DPPIX_BLOCKS_ACROSS, PAPER_FACE_PX, Setting, operator_at
from unveil.degradation import DpPix, Noise, Operator, Pixelate
from unveil.errors import UnveilError, UsageError
from unveil.report.rows import Row

CURVE = Path(__file__).parent / "curve.json"

PEOPLE = 1000
"""Size of the gallery that verdicts are about."""

RISK = f"rank1_of_{PEOPLE}"
"""Key of the risk in a row: share identified, and both ends of its interval."""


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


DPPIX_TOLERANCE = 1.15
"""How far the blocks across a face, and its width, may be from those of DP-Pix's curve."""

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
    scaled down before it is attacked, and not each was attacked as strongly. What is milder than
    all that was measured on the widest has none.
    """
    if isinstance(operator, DpPix) and not _is_near_grid(operator, face_px):
        # Noise takes nothing from who attacks the mosaic alone.
        return risk_of(Pixelate(operator.block), face_px, curves)
    setting = Setting(operator, max(round(face_px), 1))
    own = setting.kind
    measured = {
        px: _between(points, _strength(setting, px))
        for (kind, px), points in curves.items()
        if kind == own
    }
    if not measured or measured[max(measured)] is None:
        return None  # narrower faces show less: what they say is no bound for wider ones
    return max(filter(None, measured.values()), key=lambda one: (one.high, one.share))


def _strength(setting: Setting, measured_px: int) -> float:
    """Return the strength of a setting on the curve of faces of a width.

    Noise is as strong as on the face made so small, where it averages out.
    """
    strength = setting.strength
    if isinstance(setting.operator, Noise):
        strength *= min(1.0, measured_px / setting.face_px)
    return strength


def _is_near_grid(operator: DpPix, face_px: float) -> bool:
    """Return whether blocks and noise are about those that the curve was measured at.

    Its strength is that of the noise at these blocks alone.
    """
    across, wanted = face_px / operator.block, DPPIX_BLOCKS_ACROSS
    is_wide = abs(math.log(across / wanted)) <= math.log(DPPIX_TOLERANCE)
    is_small = face_px <= DPPIX_TOLERANCE * PAPER_FACE_PX
    return is_wide and is_small and operator.pixels >= DpPix().pixels


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
