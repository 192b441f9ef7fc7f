"""What may have blurred a part, by its finding: blurs of several widths and kinds, with shares."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from unveil.degradation import Blur, BoxBlur, Disk, GaussianBlur, Motion, Unchanged, Window
from unveil.degradation.blurs import MAX_KERNEL_PX
from unveil.degradation.kernels import spread_px
from unveil.estimation.finding import Finding
from unveil.estimation.strengths import SIZE_OF_WIDTH
from unveil.images.light import Light
from unveil.linear.uncertain import Plausible

KINDS = ("gaussian", "box", "disk")
"""Blurs without a direction, which are taken for each other.

Not motion: the lines of some programs are centred on a pixel, those of others begin there, and a
part does not say which; what is undone the wrong way moves by half a line. Lines of all of a
picture whose light shows are even, and such lines are centred.
"""

EDGED = ("box", "disk", "motion")
"""Blurs that pass nothing at some frequencies."""

PLACES = np.array([-1.5, -0.75, 0.0, 0.75, 1.5])
"""Widths that stand for all, in standard errors from the likeliest."""

SHARES = np.exp(-(PLACES**2) / 2) / np.exp(-(PLACES**2) / 2).sum()
Z_90 = 1.645
MIN_ERROR = 0.02
"""Relative error of the most exact width."""

OTHER_SHARE = 0.6
"""Where the kind is wrong, share of another kind of the same width; else nothing was blurred."""


STATED = {"gaussian": GaussianBlur, "box": BoxBlur, "disk": Disk}
STATED_SHARE, STATED_ERROR = 0.85, 0.06
"""How often a statement that does not fit exactly is right, and by how much it is off else."""


class Width(NamedTuple):
    """How wide a blur is.

    Attributes:
        spread_px: standard deviation of its kernel along the widest axis.
        error: standard error of that, relative.
    """

    spread_px: float
    error: float


@dataclass(frozen=True)
class Guess:
    """What is known of a blur that nobody states.

    Attributes:
        blurs: what it may have been.
        light: in which it was made; None where that does not show.
        has_edge: whether its kind and size show.
    """

    blurs: Plausible
    light: Light | None
    has_edge: bool


def width_of(finding: Finding) -> Width | None:
    """Return how wide the blur of a part is; None where it is no blur of a known width."""
    kinds = (*KINDS, "median", "motion") if has_edge(finding) else (*KINDS, "median")
    if finding.kind not in kinds or not finding.strength_px:
        return None
    if finding.low_px is None or finding.high_px is None or finding.low_px <= 0:
        return None
    error = max(math.log(finding.high_px / finding.low_px) / (2 * Z_90), MIN_ERROR)
    if isinstance(finding.operator, GaussianBlur):
        return Width(spread_px(finding.operator), error)  # a short one is narrower than its sigma
    return Width(finding.strength_px / SIZE_OF_WIDTH[finding.kind], error)


def has_edge(finding: Finding) -> bool:
    """Return whether the edge of a blur shows, and so its kind and size."""
    return finding.light is not None and finding.kind in EDGED


def plausible(finding: Finding) -> Plausible | None:
    """Return what may have blurred a part; None where it is no blur of a known width.

    A median, which no linear blur is, counts as the Gaussian of its width.
    """
    sure = finding.confidence
    if (width := width_of(finding)) is None or not sure:
        return None
    if has_edge(finding):
        return _alike(finding, width, sure)
    likeliest = finding.kind if finding.kind in KINDS else "gaussian"
    other = (1 - sure) * OTHER_SHARE / len(KINDS)
    shares = {kind: other + sure * (kind == likeliest) for kind in KINDS}
    found: list[tuple[float, Blur | Unchanged]] = [((1 - sure) * (1 - OTHER_SHARE), Unchanged())]
    for place, share in zip(PLACES, SHARES, strict=True):
        spread = width.spread_px * math.exp(width.error * place)
        found += [(share * part, blur_of(kind, spread)) for kind, part in shares.items()]
    return found


def _alike(finding: Finding, width: Width, sure: float) -> Plausible:
    """Return blurs of one kind, which its edge shows, of about a width."""
    found: list[tuple[float, Blur | Unchanged]] = [(1 - sure, Unchanged())]
    for place, share in zip(PLACES, SHARES, strict=True):
        near = width.spread_px * math.exp(width.error * place)
        found.append((sure * share, blur_of(finding.kind, near, finding.angle_deg or 0.0)))
    return found


def about(operator: Blur) -> Plausible:
    """Return what may have blurred a picture of which a blur is stated: it, or one about as wide.

    Of blurs with a direction, only the stated one.
    """
    kind = next((kind for kind, blur in STATED.items() if isinstance(operator, blur)), None)
    if kind is None:
        return [(1.0, operator)]
    width = spread_px(operator)
    near = [blur_of(kind, width * factor) for factor in (1 - STATED_ERROR, 1 + STATED_ERROR)]
    others = [blur_of(other, width) for other in KINDS if other != kind]
    share = (1 - STATED_SHARE) / (len(near) + len(others))
    return [(STATED_SHARE, operator), *((share, blur) for blur in (*near, *others))]


def guess(finding: Finding, operator: Blur) -> Guess | None:
    """Return what is known of a blur that was found; None where it is stated."""
    if finding.confidence is None:
        return None
    blurs = plausible(finding) if has_edge(finding) else None
    return Guess(blurs or about(operator), finding.light, has_edge(finding))


def reach_px(blurs: Plausible) -> int:
    """Return how far the widest of some blurs reaches from a pixel."""
    return max(blur.kernel // 2 for _, blur in blurs if not isinstance(blur, Unchanged))


def blur_of(kind: str, width_px: float, angle_deg: float = 0.0) -> Blur:
    """Return the blur of a kind whose kernel has this standard deviation along its longest axis.

    Args:
        kind: one of ``KINDS``, or a motion.
        width_px: the standard deviation.
        angle_deg: of a motion.
    """
    size = width_px * SIZE_OF_WIDTH[kind]
    match kind:
        case "box":
            place = np.arange(math.ceil(size / 2 + 0.5))
            return Window(tuple(np.clip(size / 2 + 0.5 - place, 0, 1).tolist()))
        case "disk":
            return Disk(max(size, 0.5))
        case "motion":
            return Motion(max(size, 1.0), angle_deg % 180)
        case _:
            return GaussianBlur(min(2 * math.ceil(3 * size) + 1, MAX_KERNEL_PX), size)
