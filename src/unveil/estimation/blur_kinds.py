"""Which blur a part went through, kind by kind, by likelihood of its spectrum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unveil.estimation.spectra import Spectrum, costs, in_rings

NOISES = (1.0, 4.0, 16.0, 64.0)
"""Powers of white noise that are tried, times rounding's."""

SOFTNESS_PX = 0.9
"""Sigma of the blur that photos have anyway."""

SIGMAS_PX = np.exp(np.arange(np.log(0.9), np.log(14), 0.06))
RADII_PX = np.exp(np.arange(np.log(1.4), np.log(18), 0.06))
SIDES_PX = np.exp(np.arange(np.log(3), np.log(44), 0.1))
LENGTHS_PX = np.exp(np.arange(np.log(4), np.log(36), 0.16))
ANGLES = np.arange(12) * np.pi / 12

WIDTHS_PX = {
    "gaussian": SIGMAS_PX,
    "tailed": SIGMAS_PX,
    "box": SIDES_PX / np.sqrt(12),
    "disk": RADII_PX / 2,
    "motion": np.repeat(LENGTHS_PX, len(ANGLES)) / np.sqrt(12),
}
"""Standard deviations of the kernels that are tried, along the widest axis.

``tailed`` is a Gaussian whose transfer does not fall to nothing: 8-bit weights, sharpening.
"""

TRIED = ("gaussian", "tailed", "disk", "box", "motion")


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
        noise: power of white noise, times rounding's.
        held: number of frequencies.
    """

    kinds: dict[str, KindFit]
    noise: float
    held: int


def fit_kinds(whole: Spectrum, side_px: int) -> KindFits:
    """Return the likeliest blur of each kind.

    Args:
        whole: the spectrum of a part.
        side_px: its shorter side.
    """
    rings = in_rings(whole, side_px)
    none = np.ones((1, len(rings.radius)), np.float32)
    sharp = _gaussian(rings.radius)
    round_ = np.concatenate([none, sharp, sharp + np.float32(LEAK), _disk(rings.radius)])
    tried = [(costs(rings.with_floor(noise), round_, SOFTNESS_PX), noise) for noise in NOISES]
    likeliest, noise = min(tried, key=lambda one: float(one[0].min()))
    unblurred = min(float(cost[0]) for cost, _ in tried)
    flat = _thinned(whole)
    seen, share = flat.with_floor(noise), len(whole.power) / len(flat.power)
    lines = costs(seen, np.concatenate([_box(seen), _line(seen)]), SOFTNESS_PX)
    # Rings and single coefficients have different constants: compare by a round blur in both.
    best_round = int(likeliest.argmin())
    same = costs(seen, _at(round_names()[best_round], seen), SOFTNESS_PX)[0]
    lines = (lines - same) * share + float(likeliest[best_round])
    groups = np.split(
        np.concatenate([likeliest[1:], lines]),
        np.cumsum([len(WIDTHS_PX[kind]) for kind in TRIED[:-1]]),
    )
    fits = {
        kind: _summary(cost, WIDTHS_PX[kind], unblurred)
        for kind, cost in zip(TRIED, groups, strict=True)
    }
    return KindFits(fits, noise, len(whole.power))


LEAK, GAUSSIAN_LEAK = 5e-4, 1e-6
"""Share of the power that a window lets through where the transfer is zero, or nearly so."""

MOST = 2500
TEMPER = 0.3
"""Photos are no Gaussian fields: likelihoods count so much of what they say."""


def _thinned(whole: Spectrum) -> Spectrum:
    """Return every so many of the frequencies, at most ``MOST`` of them."""
    step = -(-len(whole.power) // MOST)
    return Spectrum(
        whole.across[::step], whole.down[::step], whole.power[::step], whole.floor[::step],
        whole.held[::step],
    )  # fmt: skip


def _summary(cost: NDArray[np.floating], widths: np.ndarray, unblurred: float) -> KindFit:
    weight = np.exp(-TEMPER * (cost - cost.min()))
    weight /= weight.sum()
    logs = np.log(widths)
    mean = float((weight * logs).sum())
    spread = float(np.sqrt((weight * (logs - mean) ** 2).sum()))
    return KindFit(unblurred - float(cost.min()), mean, spread)


def round_names() -> list[tuple[str, float]]:
    """Return kind and size of each blur that is alike in all directions, in the order tried."""
    names = [("none", 0.0)]
    for _ in ("gaussian", "tailed"):
        names += [("gaussian", float(sigma)) for sigma in SIGMAS_PX]
    return names + [("disk", float(radius)) for radius in RADII_PX]


def _at(name: tuple[str, float], seen: Spectrum) -> np.ndarray:
    kind, size = name
    if kind == "gaussian":
        return _gaussian(seen.radius, np.array([size]))
    if kind == "disk":
        return _disk(seen.radius, np.array([size]))
    return np.ones((1, len(seen.power)), np.float32)


def _gaussian(radius: np.ndarray, sigmas: np.ndarray = SIGMAS_PX) -> np.ndarray:
    passed: np.ndarray = np.exp(-4 * np.pi**2 * np.outer(sigmas**2, radius**2))
    return (passed + GAUSSIAN_LEAK).astype(np.float32)


def _disk(radius: np.ndarray, radii: np.ndarray = RADII_PX) -> np.ndarray:
    z = 2 * np.pi * np.outer(radii, radius)
    return ((2 * bessel_1(z) / z) ** 2 + LEAK).astype(np.float32)


def _box(seen: Spectrum) -> np.ndarray:
    across, down = np.outer(SIDES_PX, seen.across), np.outer(SIDES_PX, seen.down)
    passed: np.ndarray = (np.sinc(across) * np.sinc(down)) ** 2 + LEAK
    return passed.astype(np.float32)


def _line(seen: Spectrum) -> np.ndarray:
    along = np.outer(np.cos(ANGLES), seen.across) + np.outer(np.sin(ANGLES), seen.down)
    passed: np.ndarray = np.sinc(LENGTHS_PX[:, None, None] * along) ** 2 + LEAK
    return passed.reshape(-1, len(seen.power)).astype(np.float32)


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
