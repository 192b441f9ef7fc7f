"""The grid of a mosaic whose blocks have any width, after scaling and compression too.

Between blocks pixels step, inside them they do not: along each axis the mean step has a comb of
peaks. Its pitch is found by its first harmonics, on both axes at once, then sharpened by a line
through the peaks. Pitch and phase may be fractions of a pixel: a mosaic that was made by resizing
to a few pixels and back has blocks of unequal widths, a scaled one blurred borders.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from unveil.estimation.regions import box_of
from unveil.images.pixels import brightness

HARMONICS = 4
SHIFTS = 32
"""Phases that are tried, in parts of a pitch."""

MIN_PITCH_PX, MAX_PITCH_PX = 3.5, 64.0
PITCH_STEP = 0.005
"""Logarithmic."""

SQUARE_SHARE = 0.85
"""Of the best scores of both axes, from which one pitch for both is enough."""

MIN_TEETH = 2.2
PEAK_PX = 0.6
"""Width of a peak, which makes high harmonics of a small pitch weak."""

CLIPPED_SHARE = 0.02
"""Largest steps, which are cut: one strong edge of the photo must not lead."""

LOCAL_PX = 9
"""Width of the window whose mean step is taken off."""

MISSING_TOOTH = 0.4
"""Height over the tallest's below which a tooth is missing, and the pitch is a multiple."""

MIN_PART_PX, SAME_TOOTH = 2.0, 0.6
"""Shortest pitch that is told from a multiple; height over the tallest's of a tooth between."""

MAX_CHANGE = 0.1
"""Of the pitch, by the line through the peaks."""


@dataclass(frozen=True)
class Axis:
    """The comb along one axis.

    Attributes:
        pitch_px: mean width of a block.
        border_px: distance of a border near the middle of the region from the picture's edge.
        score: correlation with a comb; about 3 without a mosaic.
        flatness: step between the peaks over the step at them.
    """

    pitch_px: float
    border_px: float
    score: float
    flatness: float


@dataclass(frozen=True)
class Comb:
    """The grid: columns of blocks along ``across``, rows along ``down``."""

    across: Axis
    down: Axis

    @property
    def score(self) -> float:
        """Correlation on both axes; about 6 without a mosaic, from 8 with one."""
        return self.across.score + self.down.score


def find_comb(pixels: np.ndarray, mask: np.ndarray) -> Comb | None:
    """Return the likeliest grid inside a mask; None where there is no room for one.

    Args:
        pixels: ``H x W x 3`` uint8.
        mask: ``H x W`` bool, with a pixel inside.
    """
    box = box_of(mask)
    luma, inside = brightness(pixels[box.place]), mask[box.place]
    profiles = [_profile(luma, inside, box.left), _profile(luma.T, inside.T, box.top)]
    if any(profile is None for profile in profiles):
        return None
    steps = [profile[0] for profile in profiles if profile is not None]
    starts = [profile[1] for profile in profiles if profile is not None]
    longest = min(len(step) for step in steps) / MIN_TEETH
    pitches = np.exp(
        np.arange(np.log(MIN_PITCH_PX), np.log(min(longest, MAX_PITCH_PX)), PITCH_STEP)
    )
    if len(pitches) < 2:
        return None
    scores = [_scores(step, pitches) for step in steps]
    best = [score.max(axis=1) for score in scores]
    both = int((best[0] + best[1]).argmax())
    if best[0][both] + best[1][both] > SQUARE_SHARE * (best[0].max() + best[1].max()):
        places = [both, both]
        groups = [[0, 1]]
    else:  # blocks that are no squares
        places = [int(one.argmax()) for one in best]
        groups = [[0], [1]]
    axes: dict[int, Axis] = {}
    for group in groups:
        pitch = float(pitches[places[group[0]]])
        phases = [float(scores[n][places[n]].argmax()) / SHIFTS * pitch for n in group]
        parts = [steps[n] for n in group]
        pitch, phases = _with_missing_teeth(parts, pitch, phases, 1.1 * longest)
        pitch = _with_teeth_between(parts, pitch, phases)
        for number, phase in zip(group, phases, strict=True):
            score = float(best[number][places[number]])
            axes[number] = _axis(steps[number], starts[number], pitch, phase, score)
    return Comb(axes[0], axes[1])


def _axis(step: np.ndarray, start: int, pitch: float, phase: float, score: float) -> Axis:
    width, at = _sharpened(step, pitch, phase)
    on, off = _teeth(step, width, at).mean(), np.median(step)
    middle = at + width * round((len(step) / 2 - at) / width)
    return Axis(width, middle + start, score, float(off / max(on, 1e-6)))


def _profile(luma: np.ndarray, mask: np.ndarray, left: int) -> tuple[np.ndarray, int] | None:
    """Return the mean step from column to column inside a mask, and where it begins.

    Entry ``i`` is the step across the border at ``start + i + 1`` pixels from the picture's left
    edge, which is ``left`` pixels from the mask's.
    """
    both = mask[:, 1:] & mask[:, :-1]
    columns = np.flatnonzero(both.any(axis=0))
    if len(columns) < MIN_PITCH_PX * MIN_TEETH:
        return None
    step = np.abs(np.diff(luma, axis=1))
    step = np.minimum(step, np.quantile(step[both], 1 - CLIPPED_SHARE)) * both
    mean = step.sum(axis=0) / both.sum(axis=0).clip(min=1)
    return mean[columns[0] : columns[-1] + 1], int(columns[0]) + left


def _scores(step: np.ndarray, pitches: np.ndarray) -> np.ndarray:
    """Return the correlation of a profile with combs, ``pitches x SHIFTS``."""
    local = cv2.blur(step.astype(np.float32)[:, None], (1, LOCAL_PX))[:, 0]
    rest, places = step - local, np.arange(1.0, len(step) + 1)
    shifts = np.arange(SHIFTS) / SHIFTS
    total, power = np.zeros((len(pitches), SHIFTS)), np.zeros(len(pitches))
    waves = np.exp(-2j * np.pi * np.outer(1 / pitches, places))
    turns = np.ones_like(waves)
    for harmonic in range(1, HARMONICS + 1):
        turns *= waves
        weight = np.exp(-2 * (np.pi * harmonic * PEAK_PX / pitches) ** 2)
        found = turns @ rest
        turned = found[:, None] * np.exp(2j * np.pi * harmonic * shifts)
        total = total + weight[:, None] * turned.real
        power = power + weight**2
    scores: np.ndarray = total / np.sqrt((rest**2).sum() * power + 1e-12)[:, None]
    return scores


def _teeth(step: np.ndarray, pitch: float, phase: float) -> np.ndarray:
    """Return the heights of a comb's teeth: the largest step within a pixel of each."""
    at = np.round(np.arange(phase % pitch, len(step) + 0.5, pitch) - 1).astype(int)
    at = at[(at >= 0) & (at < len(step))]
    padded = np.pad(step, 1, mode="edge")
    return np.stack([padded[at], padded[at + 1], padded[at + 2]]).max(axis=0)


def _with_missing_teeth(
    steps: list[np.ndarray], pitch: float, phases: list[float], longest: float
) -> tuple[float, list[float]]:
    """Return a multiple of the pitch where on both axes only every second or third tooth stands."""
    for multiple in (2, 3):
        while pitch * multiple < longest:
            wider, second = [], 0.0
            for step, phase in zip(steps, phases, strict=True):
                begins = [phase % pitch + part * pitch for part in range(multiple)]
                teeth = [_teeth(step, pitch * multiple, begin) for begin in begins]
                heights = np.array([t.mean() if len(t) else 0 for t in teeth]) - np.median(step)
                second = max(second, np.sort(heights)[-2] / max(heights.max(), 1e-9))
                wider.append(begins[int(heights.argmax())])
            if second >= MISSING_TOOTH:
                break
            pitch *= multiple
            phases = [phase % pitch for phase in wider]
    return pitch, phases


def _with_teeth_between(steps: list[np.ndarray], pitch: float, phases: list[float]) -> float:
    """Return a part of the pitch, shorter than all that are searched, where as tall teeth stand."""
    for parts in (2, 3):
        if not MIN_PART_PX <= pitch / parts < MIN_PITCH_PX:
            continue
        heights = [
            [_teeth(step, pitch, phase + part * pitch / parts).mean() for part in range(parts)]
            for step, phase in zip(steps, phases, strict=True)
        ]
        if all(min(one) > SAME_TOOTH * max(one) for one in heights):
            return pitch / parts
    return pitch


def _sharpened(step: np.ndarray, pitch: float, phase: float) -> tuple[float, float]:
    """Return pitch and phase of the line through the centroids of the peaks."""
    floor, reach = np.median(step), min(2.0, pitch / 3)
    for _ in range(3):
        numbers, places, weights = [], [], []
        for number, at in enumerate(np.arange(phase % pitch, len(step) + 0.5, pitch)):
            near = np.arange(
                max(0, int(np.ceil(at - 1 - reach))),
                min(len(step) - 1, int(np.floor(at - 1 + reach))) + 1,
            )
            height = np.maximum(step[near] - floor, 0)
            if height.sum() > 0:
                numbers.append(number)
                places.append(float(((near + 1) * height).sum() / height.sum()))
                weights.append(float(height.sum()))
        if len(numbers) < 2:
            break
        weight = np.minimum(weights, 2 * np.median(weights))
        slope, start = np.polyfit(numbers, places, 1, w=np.sqrt(weight))
        if abs(slope / pitch - 1) > MAX_CHANGE:
            break
        pitch, phase = float(slope), float(start)
    return pitch, phase % pitch
