"""What may have blurred a part, by its finding: blurs of several widths and kinds, with shares."""

import math
from typing import NamedTuple

import numpy as np

from unveil.degradation import Blur, BoxBlur, Disk, GaussianBlur, Unchanged, Window
from unveil.degradation.blurs import MAX_KERNEL_PX
from unveil.degradation.kernels import spread_px
from unveil.estimation.finding import Finding
from unveil.estimation.strengths import SIZE_OF_WIDTH
from unveil.linear.uncertain import Plausible

KINDS = ("gaussian", "box", "disk")
"""Blurs without a direction, which are taken for each other.

Not motion: the lines of some programs are centred on a pixel, those of others begin there, and the
picture does not say which; what is undone the wrong way moves by half a line.
"""

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


def width_of(finding: Finding) -> Width | None:
    """Return how wide the blur of a part is; None where it is no blur of a known width."""
    if finding.kind not in (*KINDS, "median") or not finding.strength_px:
        return None
    if finding.low_px is None or finding.high_px is None or finding.low_px <= 0:
        return None
    error = max(math.log(finding.high_px / finding.low_px) / (2 * Z_90), MIN_ERROR)
    if isinstance(finding.operator, GaussianBlur):
        return Width(spread_px(finding.operator), error)  # a short one is narrower than its sigma
    return Width(finding.strength_px / SIZE_OF_WIDTH[finding.kind], error)


def plausible(finding: Finding) -> Plausible | None:
    """Return what may have blurred a part; None where it is no blur of a known width.

    A median, which no linear blur is, counts as the Gaussian of its width.
    """
    sure = finding.confidence
    if (width := width_of(finding)) is None or not sure:
        return None
    likeliest = finding.kind if finding.kind in KINDS else "gaussian"
    other = (1 - sure) * OTHER_SHARE / len(KINDS)
    shares = {kind: other + sure * (kind == likeliest) for kind in KINDS}
    found: list[tuple[float, Blur | Unchanged]] = [((1 - sure) * (1 - OTHER_SHARE), Unchanged())]
    for place, share in zip(PLACES, SHARES, strict=True):
        spread = width.spread_px * math.exp(width.error * place)
        found += [(share * part, blur_of(kind, spread)) for kind, part in shares.items()]
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


def reach_px(blurs: Plausible) -> int:
    """Return how far the widest of some blurs reaches from a pixel."""
    return max(blur.kernel // 2 for _, blur in blurs if not isinstance(blur, Unchanged))


def blur_of(kind: str, width_px: float) -> Blur:
    """Return the blur of a kind in ``KINDS`` whose kernel has this standard deviation a axis."""
    size = width_px * SIZE_OF_WIDTH[kind]
    match kind:
        case "box":
            place = np.arange(math.ceil(size / 2 + 0.5))
            return Window(tuple(np.clip(size / 2 + 0.5 - place, 0, 1).tolist()))
        case "disk":
            return Disk(max(size, 0.5))
        case _:
            return GaussianBlur(min(2 * math.ceil(3 * size) + 1, MAX_KERNEL_PX), size)
