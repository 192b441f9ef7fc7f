"""The spectrum of a part in rings and sectors, and what blurs of each kind make of it.

The bins are the same for parts of any size, so what each blur passes in them is computed once. A
blur that is alike in all directions is compared ring by ring, a separable one by the angle to the
nearer axis, a motion by its angle. Likelihoods are P. Whittle's (1953): an amplitude, times the
blur's squared transfer, times the softness and the fall that photos have, plus a floor, which is
what rounding, noise or the steps of a JPEG leave.
"""

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from unveil.degradation.codecs import quantisation_tables
from unveil.estimation.jpeg_history import JpegHistory

RINGS, SECTORS, OCTANTS = 36, 12, 4
LOWEST, HIGHEST = 0.01, 0.42
"""Frequencies of the rings, in cycles a pixel."""

MIN_WAVES = 1.8
"""Waves in the shorter side below which the window itself shows."""

ROUNDING = 1 / 12
SLOPES = ((2.0, 1.28), (2.4, 0.0), (2.8, 1.28))
"""Exponents by which a photo's power falls, and what each costs in nats."""

SOFTNESS_PX = 0.9
"""Sigma of the blur that photos have anyway."""

LOW_RINGS = 22
"""Rings from which the amplitude is guessed at first: up to about a seventh of a cycle a pixel."""

SCORING_STEPS = 2
MIN_AMPLITUDE, TINY = 1e-6, 1e-30
SAMPLES = 3
"""Frequencies along each side of a bin at which a blur is computed, and their mean taken."""


LAYOUTS = 32
"""Sizes of parts whose bins are kept."""


class Frequencies(NamedTuple):
    """Frequencies inside the bins of a layout, in cycles a pixel, ``bins x samples``."""

    across: np.ndarray
    down: np.ndarray

    @property
    def radius(self) -> np.ndarray:
        """Distance from the frequency 0."""
        return np.hypot(self.across, self.down)


@dataclass(frozen=True)
class PolarSpectrum:
    """Mean power in each bin.

    Attributes:
        power: squared magnitude, of 255 levels.
        floor: expected power of what storage adds.
        held: how many coefficients each bin is the mean of.
    """

    power: np.ndarray
    floor: np.ndarray
    held: np.ndarray

    def with_floor(self, factor: float) -> "PolarSpectrum":
        """Return it with white noise of ``factor`` times rounding's added to the floor."""
        return replace(self, floor=self.floor + np.float32((factor - 1) * ROUNDING))

    def merged(self, sectors: int) -> "PolarSpectrum":
        """Return it with this many sectors: ``OCTANTS`` by the angle to an axis, or 1."""
        if sectors == SECTORS:
            return self
        held = _merged(self.held, sectors)
        power, floor = (
            _merged(plane * self.held, sectors) / np.maximum(held, 1)
            for plane in (self.power, self.floor)
        )
        return PolarSpectrum(power, floor, held)


def _merged(plane: np.ndarray, sectors: int) -> np.ndarray:
    rings = plane.reshape(RINGS, SECTORS)
    if sectors == 1:
        return rings.sum(axis=1)
    folded = np.zeros((RINGS, sectors), plane.dtype)
    for sector in range(SECTORS):
        folded[:, _octant(sector)] += rings[:, sector]
    return folded.ravel()


def _octant(sector: int) -> int:
    """Return which of the angles 0, 15, 30 and 45 degrees to the nearer axis a sector has."""
    quarter = sector % (SECTORS // 2)
    return min(quarter, SECTORS // 2 - quarter)


def polar_spectrum(part: np.ndarray, history: JpegHistory | None) -> PolarSpectrum:
    """Return the spectrum of ``H x W`` brightness of 255 levels, faded at its borders."""
    bins, window = _layout(*part.shape)
    faded = (part - (part * window).sum() / window.sum()) * window
    power = np.abs(np.fft.rfft2(faded)) ** 2 / (window**2).sum()
    held = np.bincount(bins, minlength=RINGS * SECTORS + 1)[:-1]
    sums = np.bincount(bins, weights=power.ravel(), minlength=RINGS * SECTORS + 1)[:-1]
    mean = sums / np.maximum(held, 1)
    floor = np.full(len(mean), ROUNDING)
    if history is not None:
        floor += _jpeg_floor(history.quality)
    return PolarSpectrum(*(plane.astype(np.float32) for plane in (mean, floor, held)))


@lru_cache(maxsize=LAYOUTS)
def _layout(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each coefficient of half the plane, and a Hann window."""
    down, across = np.broadcast_arrays(
        np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    )
    radius = np.hypot(across, down)
    ring = np.floor(np.log(np.maximum(radius, 1e-9) / LOWEST) / np.log(HIGHEST / LOWEST) * RINGS)
    sector = np.rint(np.arctan2(down, across) / np.pi * SECTORS).astype(int) % SECTORS
    counts = (ring >= 0) & (ring < RINGS) & (radius > MIN_WAVES / min(height, width))
    counts &= (across > 0) | (down > 0)
    bins = np.where(counts, ring.astype(int) * SECTORS + sector, RINGS * SECTORS)
    window = np.outer(*(np.hanning(size + 2)[1:-1] for size in (height, width)))
    return bins.ravel(), window.astype(np.float32)


@cache
def _jpeg_floor(quality: int) -> np.ndarray:
    """Return the power of rounding to a table's steps in each bin."""
    steps = quantisation_tables(quality)[0]
    where = frequencies(SECTORS)
    rows, columns = (
        np.clip(np.rint(np.abs(f) * 16).astype(int), 0, 7) for f in (where.down, where.across)
    )
    floor: np.ndarray = (steps[rows, columns] ** 2 / 24).mean(axis=1)
    return floor


@cache
def frequencies(sectors: int) -> Frequencies:
    """Return frequencies inside the bins of ``SECTORS``, ``OCTANTS`` or 1 sectors."""
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES
    rings = np.arange(RINGS)[:, None] + steps
    radius = LOWEST * (HIGHEST / LOWEST) ** (rings / RINGS)
    angle = (np.arange(sectors)[:, None] + steps - 0.5) * np.pi / SECTORS
    shape = (RINGS, sectors, SAMPLES, SAMPLES)
    radius = np.broadcast_to(radius[:, None, :, None], shape).reshape(RINGS * sectors, -1)
    angle = np.broadcast_to(angle[None, :, None, :], shape).reshape(RINGS * sectors, -1)
    return Frequencies(radius * np.cos(angle), radius * np.sin(angle))


def expected(passed: np.ndarray, sectors: int) -> np.ndarray:
    """Return what photos of each slope show through each blur, ``slopes x blurs x bins``.

    Args:
        passed: squared transfer at :func:`frequencies`, ``blurs x bins x samples``.
        sectors: of the layout.
    """
    radius = frequencies(sectors).radius
    soft = np.exp(-4 * np.pi**2 * SOFTNESS_PX**2 * radius**2)
    shown = [(passed * (soft * radius**-slope)).mean(axis=-1) for slope, _ in SLOPES]
    return np.array(shown, np.float32)


def costs(seen: PolarSpectrum, shown: np.ndarray) -> np.ndarray:
    """Return each blur's negative log-likelihood in nats, at its best amplitude and slope.

    Args:
        seen: the spectrum, merged as ``shown`` is.
        shown: of :func:`expected`.
    """
    there = seen.held > 0
    low = np.arange(len(there)) < LOW_RINGS * len(there) // RINGS
    if not (low & there).any():
        low = np.ones_like(there)
    power, floor, held = (plane[there] for plane in (seen.power, seen.floor, seen.held))
    shape, low = shown[..., there], low[there]
    guess = (power[low] * held[low]).sum() / (shape[..., low] * held[low]).sum(axis=-1)
    amplitude = guess[..., None]
    for _ in range(SCORING_STEPS):
        signal = amplitude * shape
        weight = (signal / (signal + floor)) ** 2 * held
        found = (weight * ((power - floor) / shape)).sum(axis=-1)
        amplitude = (found / np.maximum(weight.sum(axis=-1), TINY)).clip(min=MIN_AMPLITUDE)
        amplitude = amplitude[..., None]
    model = amplitude * shape + floor
    cost = ((np.log(model) + power / model) * held).sum(axis=-1)
    best: np.ndarray = (cost + np.array([[price] for _, price in SLOPES])).min(axis=0)
    return best
