"""The likeliest photo behind a blur in a part of a picture, whose borders are unknown.

Of each pixel it is known whether it was blurred, was not, or cannot be told: at the rim of the part
and beyond the picture. Among all photos the one is taken that most likely gave what is known, by
the power spectrum of photos and that of the noise, on a picture that wraps around beyond its
unknown margin: conjugate gradients, each coefficient at about its right size.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from unveil.degradation import Storage
from unveil.linear.gradients import conjugate_gradients
from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import OPPONENT, whole
from unveil.linear.uncertain import Plausible, Transfers, transfers

STEPS = 40
"""More gain 0.1 dB where the blur is known exactly and nothing was lost."""

MIN_NOISE_LEVELS = 3.0
"""No blur is known exactly, and few pictures were kept as their file says."""


@dataclass(frozen=True)
class Seen:
    """What is known of a picture.

    Attributes:
        images: ``1 x 3 x H x W`` in [0,1].
        blurred: ``H x W`` bool, the pixels that were blurred.
        sharp: ``H x W`` bool, the pixels that are as they were; of all others nothing is known.
        storage: how it was kept.
    """

    images: np.ndarray
    blurred: np.ndarray
    sharp: np.ndarray
    storage: Storage


@dataclass(frozen=True)
class Estimate:
    """A restored picture.

    Attributes:
        images: ``1 x 3 x H x W``, not clipped.
        gain_db: how much nearer to the photo it is expected to be than the input, where blurred.
    """

    images: np.ndarray
    gain_db: float


def estimate_masked(seen: Seen, plausible: Plausible, margin_px: int, prior: Prior) -> Estimate:
    """Return the picture that a blur of a part most likely made what is seen of.

    Args:
        seen: the picture.
        plausible: what may have blurred the part.
        margin_px: how far beyond its borders the blur reaches.
        prior: power spectrum of clean photos.
    """
    height, width = seen.images.shape[-2:]
    size = next_fast(height + 2 * margin_px), next_fast(width + 2 * margin_px)
    known = transfers(plausible, *size)
    power, kept = _spectra(seen.storage, prior, known, size)
    noise = kept.clip(min=(MIN_NOISE_LEVELS / 255) ** 2)
    place = (slice(margin_px, margin_px + height), slice(margin_px, margin_px + width))
    planes = np.tensordot(np.array(OPPONENT, np.float32), seen.images[0], 1)
    means = planes.mean(axis=(1, 2), keepdims=True)
    blurred, sharp = (_placed(mask, place, size) for mask in (seen.blurred, seen.sharp))
    systems = [
        _System(_placed(plane, place, size), blurred, sharp, known, *spectra)
        for plane, *spectra in zip(planes - means, power, noise, strict=True)
    ]
    with ThreadPoolExecutor(2) as pool:
        solved = np.stack([plane[place] for plane in pool.map(_System.solve, systems)])
    restored = np.tensordot(np.array(OPPONENT, np.float32).T, solved + means, 1)
    return Estimate(restored[None], known.gain_db(power, noise, kept))


def next_fast(size: int) -> int:
    """Return the least even number from ``size`` on that is quickly transformed."""
    number = rest = size + size % 2
    while rest > 1:
        prime = next((prime for prime in (2, 3, 5) if rest % prime == 0), None)
        if prime is None:
            number = rest = number + 2
        else:
            rest //= prime
    return number


def _spectra(
    storage: Storage, prior: Prior, known: Transfers, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the power of photos in each coefficient and the storage's noise, ``3 x H x W/2+1``."""
    half = size[0] // 2 + 1, size[1] // 2 + 1
    power = prior.at(*half)
    noise = storage_noise(storage, known.mean[: half[0]] ** 2 * power)
    return whole(power[None]), whole(noise[None]).astype(np.float32)


def _placed(part: np.ndarray, place: tuple[slice, slice], size: tuple[int, int]) -> np.ndarray:
    whole = np.zeros(size, np.float32)
    whole[place] = part
    return whole


@dataclass(frozen=True)
class _System:
    """The linear system of one colour.

    Attributes:
        plane: what is seen, 0 beyond the picture.
        blurred: 1 where it was blurred, 0 elsewhere.
        sharp: 1 where it is as it was.
        known: of the blur.
        power: of photos in each coefficient, ``H x W/2+1``.
        noise: mean square of that of the storage.
    """

    plane: np.ndarray
    blurred: np.ndarray
    sharp: np.ndarray
    known: Transfers
    power: np.ndarray
    noise: np.ndarray

    def solve(self) -> np.ndarray:
        """Return the likeliest plane."""
        size, mean = self.plane.shape, self.known.mean
        doubt = self.noise + self.known.variance * self.power
        level = float(doubt.mean())
        weights = level / doubt
        passed = self.blurred.mean() * weights * mean**2 + self.sharp.mean()
        # About the size of each coefficient, and both halves of the spectrum at once.
        roots = _half_roots(size[1])
        scale = 1 / np.sqrt(1 / self.power + passed / level) / roots
        roughness = (scale * roots) ** 2 / self.power

        def synthesised(spectrum: np.ndarray) -> np.ndarray:
            return np.fft.irfft2(spectrum, size, norm="ortho")

        def analysed(plane: np.ndarray) -> np.ndarray:
            return np.fft.rfft2(plane, norm="ortho")

        def weighed(plane: np.ndarray) -> np.ndarray:
            return self.blurred * synthesised(weights * analysed(self.blurred * plane))

        def gather(by_blur: np.ndarray, as_is: np.ndarray) -> np.ndarray:
            found = mean * analysed(by_blur) + analysed(self.sharp * as_is)
            return _as_real(found * (scale * roots**2) / level)

        def normal(coefficients: np.ndarray) -> np.ndarray:
            spectrum = _as_complex(coefficients) * scale
            rest = gather(weighed(synthesised(mean * spectrum)), synthesised(spectrum))
            return rest + _as_real(_as_complex(coefficients) * roughness)

        right = gather(weighed(self.plane), self.plane)
        found = conjugate_gradients(normal, right, STEPS)
        return np.asarray(synthesised(_as_complex(found) * scale))


def _half_roots(width: int) -> np.ndarray:
    """Return the roots of how often ``rfft2`` leaves out a column's mirror image, ``W/2+1``."""
    roots = np.full(width // 2 + 1, 2**0.5, np.float32)
    roots[[0, -1]] = 1
    return roots


def _as_real(spectrum: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(spectrum, np.complex64).view(np.float32)


def _as_complex(coefficients: np.ndarray) -> np.ndarray:
    return coefficients.view(np.complex64)
