"""How likely a motion makes the spectrum of a part of a picture (P. Whittle's likelihood, 1953).

Each candidate predicts the power of a windowed part: an amplitude, times the blur's squared
transfer, times the softness and the fall that photos have, plus a floor, which is what rounding,
noise or the steps of a JPEG leave.
"""

from dataclasses import dataclass, replace

import numpy as np

from unveil.degradation.codecs import quantisation_tables
from unveil.estimation.jpeg_history import JpegHistory
from unveil.estimation.polar import MIN_WAVES, ROUNDING, SCORING_STEPS, SLOPES, SOFTNESS_PX

MAX_FREQUENCY, LOW_FREQUENCY = 0.4, 0.15


@dataclass(frozen=True)
class Spectrum:
    """Power at frequencies of half the plane, as lists.

    Attributes:
        across: cycles a pixel along the rows.
        down: along the columns.
        power: squared magnitude, of 255 levels.
        floor: expected power of what storage adds.
    """

    across: np.ndarray
    down: np.ndarray
    power: np.ndarray
    floor: np.ndarray

    @property
    def radius(self) -> np.ndarray:
        """Distance from the frequency 0, in cycles a pixel."""
        return np.hypot(self.across, self.down)

    def thinned(self, every: int) -> "Spectrum":
        """Return one frequency of ``every``."""
        parts = (self.across, self.down, self.power, self.floor)
        return Spectrum(*(one[::every] for one in parts))

    def with_floor(self, factor: float) -> "Spectrum":
        """Return it with white noise of ``factor`` times rounding's added to the floor."""
        return replace(self, floor=self.floor + np.float32((factor - 1) * ROUNDING))


def spectrum(part: np.ndarray, history: JpegHistory | None) -> Spectrum:
    """Return the spectrum of ``H x W`` brightness of 255 levels, faded at its borders."""
    height, width = part.shape
    window = np.outer(*(np.hanning(size + 2)[1:-1] for size in (height, width)))
    faded = (part - (part * window).sum() / window.sum()) * window
    power = np.abs(np.fft.fft2(faded)) ** 2 / (window**2).sum()
    down, across = np.broadcast_arrays(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    radius = np.hypot(across, down)
    counts = (radius > MIN_WAVES / min(height, width)) & (radius < MAX_FREQUENCY)
    counts &= (down > 0) | ((down == 0) & (across > 0))
    across, down, power = (plane[counts].astype(np.float32) for plane in (across, down, power))
    floor = np.full(len(power), ROUNDING, np.float32)
    if history is not None:
        steps = quantisation_tables(history.quality)[0]
        rows, columns = (np.clip(np.rint(np.abs(f) * 16).astype(int), 0, 7) for f in (down, across))
        floor = floor + (steps[rows, columns] ** 2 / 24).astype(np.float32)
    return Spectrum(across, down, power, floor)


def costs(seen: Spectrum, passed: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each candidate in nats, at its best amplitude and fall.

    Args:
        seen: the spectrum.
        passed: the squared transfer of each candidate at its frequencies, ``C x N`` float32.
    """
    radius = seen.radius
    soft = np.exp(-4 * np.pi**2 * SOFTNESS_PX**2 * radius**2)
    falls = [((soft * radius**-slope).astype(np.float32), cost) for slope, cost in SLOPES]
    return np.min([_costs(seen, passed * f) + c for f, c in falls], axis=0)


def _costs(seen: Spectrum, shape: np.ndarray) -> np.ndarray:
    power, floor = seen.power, seen.floor
    low = seen.radius < max(LOW_FREQUENCY, 1.5 * float(seen.radius.min()))
    # Of single coefficients, the mean logarithm is 0.58 nats (Euler's number) below the mean's.
    first = np.log(power[low] + np.float32(0.1) * floor[low]) - np.log(shape[:, low])
    amplitude = np.exp(first.mean(axis=1) + np.euler_gamma)
    amplitude = amplitude[:, None].astype(np.float32)
    for _ in range(SCORING_STEPS):
        signal = amplitude * shape
        weight = (signal / (signal + floor)) ** 2
        found = (weight * ((power - floor) / shape)).sum(axis=1) / weight.sum(axis=1)
        amplitude = found.clip(min=1e-9)[:, None].astype(np.float32)
    model = amplitude * shape + floor
    cost: np.ndarray = (np.log(model) + power / model).sum(axis=1)
    return cost
