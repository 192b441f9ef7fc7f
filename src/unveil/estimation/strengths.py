"""Findings of each kind, with their operator and strength, from what the classifier says."""

import math
from dataclasses import replace

import numpy as np

from unveil.degradation import (
    AnisotropicGaussian,
    Blur,
    BoxBlur,
    Disk,
    GaussianBlur,
    Median,
    Motion,
    Operator,
    Pixelate,
    Solid,
    Storage,
    Unchanged,
)
from unveil.degradation.kernels import spread_px
from unveil.estimation.classifier import Opinion
from unveil.estimation.comb import Comb
from unveil.estimation.features import Features
from unveil.estimation.finding import Finding
from unveil.estimation.kinds import KINDS
from unveil.estimation.motion import MAX_LENGTH_PX, MIN_LENGTH_PX, fit_motion
from unveil.estimation.spectra import spectrum
from unveil.images.box import Box
from unveil.images.pixels import brightness

INTERVAL = 2.303
"""Mean absolute errors on either side that hold 90 % of a Laplace distribution: ln 10."""

PITCH_ERROR = 0.02
"""Relative error of the pitch of a mosaic."""

UNEQUAL_SIDES = 1.05
"""Ratio of a block's sides from which they are told apart."""

LENGTH_ERROR = 0.15
"""Relative error of a motion's length."""

SIZE_OF_WIDTH = {
    "gaussian": 1.0,
    "box": math.sqrt(12),
    "disk": 2.0,
    "motion": math.sqrt(12),
    "median": math.sqrt(12),
    "mosaic": 1.0,
}
"""Strength of each kind over the standard deviation of its kernel."""


def sized(
    kind: str,
    opinion: Opinion,
    seen: Features,
    storage: Storage,
    confidence: float,
    box: Box | None,
) -> Finding:
    """Return the finding of a kind, with its strength and the interval of that."""
    if kind == "mosaic" and seen.comb is not None:
        return _of_comb(seen.comb, storage, confidence, box)
    finding = Finding(
        Unchanged(), storage, confidence, None, box, kind, is_exact=False,
        reason="a part, or by a program of its own: known roughly",
    )  # fmt: skip
    if kind == "solid":
        return replace(finding, operator=Solid(), reason="nothing is left to undo")
    if kind not in SIZE_OF_WIDTH:
        return replace(finding, reason="no known operator")
    number, size = KINDS.index(kind), SIZE_OF_WIDTH[kind]
    width, error = float(opinion.log_width[number]), math.exp(float(opinion.log_spread[number]))
    low, strength, high = (size * math.exp(width + side * error * INTERVAL) for side in (-1, 0, 1))
    operator = operator_about(kind, strength)
    return replace(finding, operator=operator, strength_px=strength, low_px=low, high_px=high)


def operator_about(kind: str, strength_px: float, angle_deg: float | None = None) -> Operator:
    """Return the operator of a kind at about this strength; of a motion, if its angle is known."""
    odd = max(2 * round((strength_px - 1) / 2) + 1, 3)
    match kind:
        case "gaussian":
            return GaussianBlur(2 * math.ceil(3 * strength_px) + 1, round(strength_px, 2))
        case "box":
            return BoxBlur(odd)
        case "disk":
            return Disk(max(round(strength_px, 2), 0.5))
        case "median":
            return Median(odd)
        case "motion" if angle_deg is not None:
            return Motion(round(strength_px, 1), round(angle_deg, 1) % 180)
        case _:
            return Unchanged()


def _of_comb(comb: Comb, storage: Storage, confidence: float, box: Box | None) -> Finding:
    """Return the finding of a mosaic with blocks of any width.

    Its strength is the shorter side of a block: what hides less is what counts.
    """
    pitch = (comb.across.pitch_px, comb.down.pitch_px)
    phase = (comb.across.border_px, comb.down.border_px)
    size, longer = min(pitch), max(pitch)
    unequal = f"unequal blocks, about {pitch[0]:.1f} x {pitch[1]:.1f} px"
    reason = unequal if longer > UNEQUAL_SIDES * size else "its blocks are not whole pixels"
    return Finding(
        Pixelate(max(math.floor(size), 1)), storage, confidence, None, box, "mosaic", size,
        (1 - PITCH_ERROR) * size, (1 + PITCH_ERROR) * longer, pitch_px=pitch, phase_px=phase,
        is_exact=False, reason=f"{reason}: known roughly",
    )  # fmt: skip


def with_level(finding: Finding, pixels: np.ndarray, mask: np.ndarray) -> Finding:
    """Return the finding of one colour with its brightness."""
    level = round(float(np.median(brightness(pixels[mask][None]))))
    return replace(finding, operator=Solid(level))


def with_path(finding: Finding, pixels: np.ndarray, seen: Features) -> Finding:
    """Return the finding of a motion with its angle, and its length by likelihood."""
    if finding.low_px is None or finding.high_px is None:
        return finding
    part = brightness(pixels[seen.box.place])
    whole = spectrum(part, seen.history).with_floor(seen.fits.noise)
    fit = fit_motion(whole, MIN_LENGTH_PX, MAX_LENGTH_PX)
    operator = operator_about("motion", fit.length_px, fit.angle_deg)
    low, high = (fit.length_px * factor for factor in (1 - LENGTH_ERROR, 1 + LENGTH_ERROR))
    return replace(
        finding, operator=operator, strength_px=fit.length_px, low_px=low, high_px=high,
        angle_deg=fit.angle_deg,
    )  # fmt: skip


def strength_of(operator: Operator) -> tuple[str, float]:
    """Return kind and strength of a blur."""
    match operator:
        case GaussianBlur(_, sigma):
            return "gaussian", sigma
        case BoxBlur(kernel):
            return "box", float(kernel)
        case Disk(radius):
            return "disk", radius
        case AnisotropicGaussian(sigma_x, sigma_y):
            return "gaussian", math.sqrt(sigma_x * sigma_y)
        case blur if isinstance(blur, Blur):
            return "gaussian", spread_px(blur)
        case _:
            raise TypeError(operator)
