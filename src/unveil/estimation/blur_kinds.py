"""Which blur a part went through, kind by kind, by likelihood of its spectrum.

Programs mean several kernels by a Gaussian: the real one, one cut short, two or three boxes, a
recursive filter. Each is tried: taken for one another, their widths differ by a fifth.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from unveil.estimation.polar import (
    OCTANTS,
    SECTORS,
    Frequencies,
    PolarSpectrum,
    costs,
    expected,
    frequencies,
)

NOISES = (1.0, 4.0, 16.0, 64.0)
"""Powers of white noise that are tried, times rounding's."""

SIGMAS_PX = np.exp(np.arange(np.log(0.9), np.log(14), 0.06))
RADII_PX = np.exp(np.arange(np.log(1.4), np.log(18), 0.06))
SIDES_PX = np.exp(np.arange(np.log(3), np.log(44), 0.06))
LENGTHS_PX = np.exp(np.arange(np.log(4), np.log(36), 0.12))
ANGLES = np.arange(SECTORS) * np.pi / SECTORS

WIDTHS_PX = {
    "gaussian": SIGMAS_PX,
    "tailed": SIGMAS_PX,
    "disk": RADII_PX / 2,
    "cut": SIGMAS_PX,
    "triangle": SIGMAS_PX,
    "three boxes": SIGMAS_PX,
    "recursive": SIGMAS_PX,
    "box": SIDES_PX / np.sqrt(12),
    "motion": np.repeat(LENGTHS_PX, len(ANGLES)) / np.sqrt(12),
}
"""Standard deviations of the kernels that are tried, along the widest axis.

``tailed`` is a Gaussian whose transfer does not fall to nothing: 8-bit weights, sharpening.
"""

TRIED = tuple(WIDTHS_PX)
GAUSSIAN_LIKE = ("gaussian", "cut", "triangle", "three boxes")

LEAK, GAUSSIAN_LEAK = 5e-4, 1e-6
"""Share of the power that a window lets through where the transfer is zero, or nearly so."""

CUT = 2.2
"""Standard deviations at which a Gaussian is cut short."""

RECURSIONS = 3
"""Runs of the recursive filter, each forth and back."""

FINE = np.linspace(0, 0.5, 513)
"""Frequencies along an axis at which transfers are computed."""

TEMPER = 0.3
"""Photos are no Gaussian fields: likelihoods count so much of what they say."""


@dataclass(frozen=True)
class KindFit:
    """The likeliest blur of one kind.

    Attributes:
        gain_nats: log-likelihood over that of no blur.
        log_width: logarithm of the width in pixels, the mean over what is likely.
        spread: standard deviation of that logarithm.
    """

    gain_nats: float
    log_width: float
    spread: float


@dataclass(frozen=True)
class KindFits:
    """All kinds, at the noise that suits the part best.

    Attributes:
        kinds: the fit of each of ``TRIED``.
        gaussian: of all that programs call a Gaussian.
        noise: power of white noise, times rounding's.
        held: number of frequencies.
    """

    kinds: dict[str, KindFit]
    gaussian: KindFit
    noise: float
    held: int


def fit_kinds(whole: PolarSpectrum) -> KindFits:
    """Return the likeliest blur of each kind."""
    rings = whole.merged(1)
    tried = [(costs(rings.with_floor(noise), _round()), noise) for noise in NOISES]
    likeliest, noise = min(tried, key=lambda one: float(one[0].min()))
    unblurred = min(float(cost[0]) for cost, _ in tried)
    noisy = whole.with_floor(noise)
    cost = np.concatenate(
        [
            likeliest[1:],
            costs(noisy.merged(OCTANTS), _separable()),
            costs(noisy, _motions()),
        ]
    )
    ends = np.cumsum([len(WIDTHS_PX[kind]) for kind in TRIED[:-1]])
    groups = dict(zip(TRIED, np.split(cost, ends), strict=True))
    fits = {kind: _summary(one, WIDTHS_PX[kind], unblurred) for kind, one in groups.items()}
    all_widths = np.concatenate([WIDTHS_PX[kind] for kind in GAUSSIAN_LIKE])
    like = np.concatenate([groups[kind] for kind in GAUSSIAN_LIKE])
    return KindFits(fits, _summary(like, all_widths, unblurred), noise, int(whole.held.sum()))


def _summary(cost: NDArray[np.floating], widths: np.ndarray, unblurred: float) -> KindFit:
    weight = np.exp(-TEMPER * (cost - cost.min()))
    weight /= weight.sum()
    logs = np.log(widths)
    mean = float((weight * logs).sum())
    spread = float(np.sqrt((weight * (logs - mean) ** 2).sum()))
    return KindFit(unblurred - float(cost.min()), mean, spread)


@cache
def _round() -> np.ndarray:
    """Return what no blur, Gaussians, tailed ones and disks show in the rings."""
    radius = frequencies(1).radius
    sharp = np.exp(-4 * np.pi**2 * np.multiply.outer(SIGMAS_PX**2, radius**2))
    z = 2 * np.pi * np.multiply.outer(RADII_PX, radius)
    disks = (2 * bessel_1(z) / z) ** 2
    none = np.ones((1, *radius.shape))
    passed = [none, sharp + GAUSSIAN_LEAK, sharp + LEAK, disks + LEAK]
    return expected(np.concatenate(passed), 1)


@cache
def _separable() -> np.ndarray:
    """Return what kernels that run along both axes show, in the order of ``WIDTHS_PX``."""
    where = frequencies(OCTANTS)
    passed = [
        *(both_ways(_cut(sigma), where) for sigma in SIGMAS_PX),
        *(both_ways(_boxes(sigma, 2), where) for sigma in SIGMAS_PX),
        *(both_ways(_boxes(sigma, 3), where) for sigma in SIGMAS_PX),
        *(both_ways(_recursive(sigma), where) for sigma in SIGMAS_PX),
    ]
    boxes = [both_ways(np.sinc(side * FINE), where) + LEAK for side in SIDES_PX]
    return expected(np.stack([one + GAUSSIAN_LEAK for one in passed] + boxes), OCTANTS)


@cache
def _motions() -> np.ndarray:
    """Return what each motion shows in the bins."""
    where = frequencies(SECTORS)
    along = [where.across * np.cos(angle) + where.down * np.sin(angle) for angle in ANGLES]
    passed = [np.sinc(length * one) ** 2 + LEAK for length in LENGTHS_PX for one in along]
    return expected(np.stack(passed), SECTORS)


def both_ways(transfer: np.ndarray, where: Frequencies) -> np.ndarray:
    """Return the squared transfer of a filter that runs along both axes."""
    across, down = (np.interp(np.abs(f), FINE, transfer) for f in where)
    passed: np.ndarray = (across * down) ** 2
    return passed


def _boxes(sigma_px: float, times: int) -> np.ndarray:
    """Return the transfer of a box that is run ``times``, as wide together as a Gaussian."""
    side = np.sqrt(12 * sigma_px**2 / times + 1)
    waves = np.pi * np.maximum(FINE, 1e-6)
    transfer: np.ndarray = (np.sin(side * waves) / (side * np.sin(waves))) ** times
    return transfer


def _cut(sigma_px: float) -> np.ndarray:
    """Return the transfer of a Gaussian that ends at ``CUT`` standard deviations."""
    scale = sigma_px
    for _ in range(4):  # so that what is left is as wide as asked
        at, taps = _cut_taps(scale)
        scale *= sigma_px / np.sqrt((taps * at**2).sum())
    at, taps = _cut_taps(scale)
    transfer: np.ndarray = np.cos(2 * np.pi * np.outer(FINE, at)) @ taps
    return transfer


def _cut_taps(scale: float) -> tuple[np.ndarray, np.ndarray]:
    reach = max(int(np.ceil(CUT * scale)), 1)
    at = np.arange(-reach, reach + 1)
    taps = np.exp(-(at**2) / (2 * scale**2))
    taps[[0, -1]] *= max(1 - reach + CUT * scale, 0)
    return at, taps / taps.sum()


def _recursive(sigma_px: float) -> np.ndarray:
    """Return the transfer of FFmpeg's gblur: exponentials forth and back, some times over."""
    share = sigma_px**2 / (2 * RECURSIONS)
    decay = (1 + 2 * share - np.sqrt(1 + 4 * share)) / (2 * share)
    transfer: np.ndarray = (
        (1 - decay) ** 2 / (1 - 2 * decay * np.cos(2 * np.pi * FINE) + decay**2)
    ) ** RECURSIONS
    return transfer


def bessel_1(z: np.ndarray) -> np.ndarray:
    """Return Bessel's function of order 1 for ``z >= 0``, to 1e-7 (Abramowitz and Stegun 9.4)."""
    small = (np.minimum(z, 3) / 3) ** 2
    near = z * np.polyval(
        (0.00001109, -0.00031761, 0.00443319, -0.03954289, 0.21093573, -0.56249985, 0.5), small
    )
    inverse = 3 / np.maximum(z, 3)
    amplitude = np.polyval(
        (-0.00020033, 0.00113653, -0.00249511, 0.00017105, 0.01659667, 0.00000156, 0.79788456),
        inverse,
    )
    phase = z + np.polyval(
        (-0.00029166, 0.00079824, 0.00074348, -0.00637879, 0.00005650, 0.12499612, -2.35619449),
        inverse,
    )
    return np.where(z < 3, near, amplitude * np.cos(phase) / np.sqrt(np.maximum(z, 3)))
