"""In which light a blur of a picture or a part was made, by likelihood of the spectrum.

Blurs pass little at high frequencies, a box, a disk and an even line nothing at some, and only in
the light in which they were made: a curve between that and the file fills the gaps. So the light
in which the blur explains most is the one; and where there are gaps, they tell kind and size.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from unveil.estimation.blur_kinds import FINE, LEAK, bessel_1, both_ways
from unveil.estimation.finding import Finding
from unveil.estimation.jpeg_history import JpegHistory
from unveil.estimation.motion import even_line, fading_lines
from unveil.estimation.plausible import Z_90
from unveil.estimation.polar import Frequencies
from unveil.estimation.spectra import Spectrum, costs, spectrum
from unveil.estimation.strengths import SIZE_OF_WIDTH, operator_about
from unveil.images.light import AS_KEPT, LINEAR, Light
from unveil.images.pixels import brightness

RANGE, STEP, FINE_STEP = 1.6, 0.06, 0.015
"""Widths are tried up to this factor from what is expected, in such logarithmic steps."""

ANGLES = np.arange(18) * np.pi / 18
FINE_ANGLES = np.radians([-4.0, -2.0, 0.0, 2.0, 4.0])
THINNED = 6
"""Of every so many frequencies one counts at first."""

MIN_LINE_PX = 7.0
"""A shorter line may as well be one that fades."""

SHORT_SIGMAS = (0.5, 0.7, 1.0)
"""Of Gaussians that are cut short, over how far they reach; wider ones are boxes."""

MIN_SIDE_PX = 56
"""In smaller pictures the window is wider than the gaps."""

LARGEST_PX, TILE_PX, TILES = 320, 256, 4
"""Side of the largest picture that is looked at as one; of others tiles, so many a side."""

MIN_GAIN, MIN_LEAD, MIN_LEAD_SHARE = 0.12, 0.012, 0.04
MIN_LIGHT_LEAD, MIN_SMOOTH_LEAD, MAX_SMOOTH_NOISE = 0.015, 0.03, 1.0
"""Nats a frequency (docs/log.md): over no blur; of an edge over all else, and that over the gain;
over the other light, with an edge and without one, where nothing but rounding may count."""

SIZE_ERROR, SIZE_ERROR_PX = 0.01, 0.15
"""Standard errors of a size that is found so: a share, and pixels."""


class Edged(NamedTuple):
    """A blur with an edge.

    Attributes:
        kind: ``box``, ``disk`` or ``motion``.
        width_px: standard deviation of the kernel along its longest axis.
        angle_deg: of a motion, from 0 to 180, x to the right, y downwards; else None.
    """

    kind: str
    width_px: float
    angle_deg: float | None

    @property
    def error(self) -> float:
        """Standard error of the width, relative."""
        return SIZE_ERROR + SIZE_ERROR_PX / (self.width_px * SIZE_OF_WIDTH[self.kind])


class LightFit(NamedTuple):
    """What the spectrum shows of a blur.

    Attributes:
        light: in which it was made; None where that does not show.
        edged: the blur, if it has an edge that shows.
    """

    light: Light | None
    edged: Edged | None


class _InLight(NamedTuple):
    """What explains the picture in a light.

    Attributes:
        light: which.
        gain: log-likelihood of the likeliest blur over none, in nats a frequency.
        lead: of the likeliest blur with an edge over all others, negative if it is none.
        edged: that blur.
    """

    light: Light
    gain: float
    lead: float
    edged: Edged


class _Candidate(NamedTuple):
    kind: str
    width_px: float
    angle: float


def fit_light(
    pixels: np.ndarray, jpeg: JpegHistory | None, noise: float, width_px: float
) -> LightFit:
    """Return the light in which all of some pixels were blurred, and the blur, where they show.

    Args:
        pixels: ``H x W x 3`` uint8.
        jpeg: its last compression.
        noise: power of white noise, times rounding's.
        width_px: about how wide the blur is: the standard deviation of its kernel.
    """
    if min(pixels.shape[:2]) < MIN_SIDE_PX:
        return LightFit(None, None)
    found = [_in_light(light, pixels, jpeg, noise, width_px) for light in (AS_KEPT, LINEAR)]
    best, other = sorted(found, key=lambda one: -one.gain)
    lead = best.gain - other.gain
    if best.gain < MIN_GAIN:
        return LightFit(None, None)
    if best.lead > max(MIN_LEAD, MIN_LEAD_SHARE * best.gain):
        is_sure = lead > MIN_LIGHT_LEAD and not _is_short_line(best.edged)
        return LightFit(best.light, best.edged) if is_sure else LightFit(None, None)
    # A kernel that is not quite a Gaussian looks as if it were made in the values of the file.
    is_light = best.light == LINEAR and lead > MIN_SMOOTH_LEAD
    is_exact = jpeg is None and noise <= MAX_SMOOTH_NOISE
    return LightFit(LINEAR if is_light and is_exact else None, None)


def _is_short_line(edged: Edged) -> bool:
    length_px = edged.width_px * SIZE_OF_WIDTH["motion"]
    return edged.kind == "motion" and length_px < MIN_LINE_PX


def with_edge(finding: Finding, edged: Edged, light: Light) -> Finding:
    """Return the finding of a blur with its kind, size and light, as its edge shows them."""
    size = edged.width_px * SIZE_OF_WIDTH[edged.kind]
    low, high = (size * math.exp(side * Z_90 * edged.error) for side in (-1, 1))
    return replace(
        finding, operator=operator_about(edged.kind, size, edged.angle_deg), kind=edged.kind,
        strength_px=size, low_px=low, high_px=high, angle_deg=edged.angle_deg, light=light,
    )  # fmt: skip


def _in_light(
    light: Light, pixels: np.ndarray, jpeg: JpegHistory | None, noise: float, width_px: float
) -> _InLight:
    view = pixels if light == AS_KEPT else 255 * light.of(pixels / np.float32(255))
    whole = _mean_spectrum(brightness(view), jpeg).with_floor(noise)
    few = whole.thinned(THINNED)
    widths = width_px * np.exp(np.arange(-np.log(RANGE), np.log(RANGE) + STEP, STEP))
    rough = [
        _best(few, [_Candidate(kind, width, angle) for width in widths for angle in angles])[0]
        for kind, angles in (("box", [0.0]), ("disk", [0.0]), ("motion", ANGLES))
    ]
    fine = [_finer(whole, one) for one in rough]
    fading = fading_lines(whole, fine[-1][0].angle)
    (one, cost), *others = sorted(fine, key=lambda one: one[1])
    rest = [_smooth(whole, widths), float(costs(whole, fading).min()), *(c for _, c in others)]
    count = len(whole.power)
    none = float(costs(whole, np.ones((1, count), np.float32))[0])
    angle = float(np.degrees(one.angle) % 180) if one.kind == "motion" else None
    edged = Edged(one.kind, one.width_px, angle)
    return _InLight(light, (none - min(cost, *rest)) / count, (min(rest) - cost) / count, edged)


def _mean_spectrum(levels: np.ndarray, jpeg: JpegHistory | None) -> Spectrum:
    """Return the spectrum of a picture, of a large one the mean over tiles from edge to edge.

    What is sharp in one of them fills the gaps.
    """
    if max(levels.shape) <= LARGEST_PX:
        return spectrum(levels, jpeg)
    height, width = (min(size, TILE_PX) for size in levels.shape)
    rows, columns = (
        np.linspace(0, size - side, TILES).astype(int)
        for size, side in zip(levels.shape, (height, width), strict=True)
    )
    tiles = [
        spectrum(levels[top : top + height, left : left + width], jpeg)
        for top in rows for left in columns
    ]  # fmt: skip
    return replace(tiles[0], power=np.mean([one.power for one in tiles], axis=0))


def _finer(whole: Spectrum, about: _Candidate) -> tuple[_Candidate, float]:
    """Return the likeliest size, and angle, near a candidate, and its cost."""
    factors = np.exp(np.arange(-STEP, STEP + FINE_STEP, FINE_STEP))
    turns = FINE_ANGLES if about.kind == "motion" else np.zeros(1)
    near = [
        _Candidate(about.kind, about.width_px * factor, about.angle + turn)
        for factor in factors for turn in turns
    ]  # fmt: skip
    return _best(whole, near)


def _best(seen: Spectrum, candidates: list[_Candidate]) -> tuple[_Candidate, float]:
    passed = [
        SHAPES[one.kind](seen, one.width_px * SIZE_OF_WIDTH[one.kind], one.angle)
        for one in candidates
    ]
    found = costs(seen, (np.stack(passed) + LEAK).astype(np.float32))
    best = int(found.argmin())
    return candidates[best], float(found[best])


def _smooth(seen: Spectrum, widths: np.ndarray) -> float:
    """Return the cost of the likeliest of Gaussians, whole and cut short, and triangles."""
    gaussians = [np.exp(-4 * np.pi**2 * (width * seen.radius) ** 2) for width in widths]
    triangles = [_box(seen, width * 6**0.5, 0) ** 2 for width in widths]
    reaches = {round(width * SIZE_OF_WIDTH["box"] / 2) for width in widths} - {0}
    short = [_short(seen, reach, share) for reach in reaches for share in SHORT_SIGMAS]
    passed = np.stack(gaussians + triangles + short) + LEAK
    return float(costs(seen, passed.astype(np.float32)).min())


def _short(seen: Spectrum, reach_px: int, share: float) -> np.ndarray:
    """Return the squared transfer of a Gaussian that is cut where it still falls."""
    at = np.arange(-reach_px, reach_px + 1)
    taps = np.exp(-(at**2) / (2 * (share * reach_px) ** 2))
    along = np.cos(2 * np.pi * np.outer(FINE, at)) @ (taps / taps.sum())
    return both_ways(along, Frequencies(seen.across, seen.down))


def _box(seen: Spectrum, side_px: float, _angle: float) -> np.ndarray:
    passed: np.ndarray = (np.sinc(seen.across * side_px) * np.sinc(seen.down * side_px)) ** 2
    return passed


def _disk(seen: Spectrum, radius_px: float, _angle: float) -> np.ndarray:
    z = 2 * np.pi * radius_px * seen.radius
    passed: np.ndarray = (2 * bessel_1(z) / z) ** 2
    return passed


SHAPES: dict[str, Callable[[Spectrum, float, float], np.ndarray]] = {
    "box": _box,
    "disk": _disk,
    "motion": even_line,
}
"""The squared transfer of each kind of a size, at an angle."""
