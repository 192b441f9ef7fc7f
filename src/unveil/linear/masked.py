"""The likeliest photo behind a blur in a part of a picture, whose borders are unknown.

Each pixel shows so much of the blurred picture and so much of the sharp one, or is not known: at
the rim of a part and beyond the picture. Among all photos the one is taken that most likely gave
what is known, by the power spectrum of photos and that of the noise, on a picture that wraps
around beyond its unknown margin. Where the pixels were blurred alike, the Wiener filter gives it;
from there conjugate gradients go on.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from unveil.degradation import Storage
from unveil.linear.gradients import conjugate_gradients
from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import OPPONENT, whole
from unveil.linear.uncertain import Plausible, Transfers, transfers

START_ROUNDS = 2
"""How often the filter's answer takes the place of what it could not see; more gain nothing."""

START_NOISE_LEVELS = 3.0
"""Of less noise the filter makes waves at the rim, which take long to go."""


COLOUR_SHARE = 2
"""Differences of colour take so many times fewer steps: their power is low, their start near."""


@dataclass(frozen=True)
class Trust:
    """How far the model of a picture is believed.

    Attributes:
        noise_levels: least noise, in gray levels.
        steps: of conjugate gradients; they fit the model ever closer.
    """

    noise_levels: float
    steps: int


ROUGHLY = Trust(3.0, 4)
"""No blur that was found is known exactly, and few pictures were kept as their file says."""

CLOSELY = Trust(3.0, 20)
"""For a blur whose kind and size show: what lies in the gaps of its spectrum takes longer."""

EXACTLY = Trust(0.5, 80)
"""For a blur that was told, in 8 bits: more steps gain less than 0.1 dB."""


@dataclass(frozen=True)
class Seen:
    """What is known of a picture.

    Attributes:
        images: ``1 x 3 x H x W`` in [0,1].
        mask: how much of the blurred picture each pixel shows, float32 ``H x W`` in [0,1].
        known: ``H x W`` bool; of all other pixels nothing is known, nor whether they were blurred.
        storage: how it was kept.
    """

    images: np.ndarray
    mask: np.ndarray
    known: np.ndarray
    storage: Storage


@dataclass(frozen=True)
class Estimate:
    """A restored picture.

    Attributes:
        images: ``1 x 3 x H x W``, not clipped.
        errors: root mean squared errors to be expected where blurred: the input's, and its own.
        misfit: root mean square over the colours of what it leaves unexplained, in gray levels,
            ``H x W``; 0 where nothing was blurred or known.
        misfit_levels: the same over all blurred pixels.
    """

    images: np.ndarray
    errors: tuple[float, float]
    misfit: np.ndarray
    misfit_levels: float

    @property
    def gain_db(self) -> float:
        """How much nearer to the photo it is expected to be than the input, where blurred."""
        before, after = self.errors
        return 20 * math.log10(before / after)


def estimate_masked(
    seen: Seen, plausible: Plausible, margin_px: int, prior: Prior, trust: Trust = ROUGHLY
) -> Estimate:
    """Return the picture that a blur of a part most likely made what is seen of.

    Args:
        seen: the picture.
        plausible: what may have blurred the part.
        margin_px: how far beyond its borders the blur reaches.
        prior: power spectrum of clean photos.
        trust: how far all this is believed.
    """
    height, width = seen.images.shape[-2:]
    size = next_fast(height + 2 * margin_px), next_fast(width + 2 * margin_px)
    known = transfers(plausible, *size)
    power, kept = _spectra(seen.storage, prior, known, size)
    noise = kept.clip(min=(trust.noise_levels / 255) ** 2)
    frame = _Frame(margin_px, (height, width), size)
    planes = np.tensordot(np.array(OPPONENT, np.float32), seen.images[0], 1)
    means = planes.mean(axis=(1, 2), keepdims=True)
    shown = frame.mirrored(seen.mask), frame.mirrored(seen.known), frame.inside
    systems = [
        _System(frame.mirrored(plane), *shown, known, *pair)
        for plane, *pair in zip(planes - means, power, noise, strict=True)
    ]
    with ThreadPoolExecutor(2) as pool:
        steps = trust.steps, *[-(-trust.steps // COLOUR_SHARE)] * 2
        solved = list(pool.map(_System.solve, systems, steps))
    done = np.stack([plane[frame.place] for plane, _ in solved])
    restored = np.tensordot(np.array(OPPONENT, np.float32).T, done + means, 1)
    left = np.mean([square[frame.place] for _, square in solved], axis=0)
    count = max(np.count_nonzero((seen.mask > 0) & seen.known), 1)
    misfit = 255 * np.sqrt(left), 255 * float(left.sum() / count) ** 0.5
    before, after = known.mean_squares(power, noise, kept)
    return Estimate(restored[None], (before**0.5, after**0.5), *misfit)


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


@dataclass(frozen=True)
class _Frame:
    """A larger picture that wraps around, with a margin about the one that is seen.

    Attributes:
        margin_px: left of it and above.
        inner: height and width of the picture.
        size: of the larger one.
    """

    margin_px: int
    inner: tuple[int, int]
    size: tuple[int, int]

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the picture."""
        first = self.margin_px
        return slice(first, first + self.inner[0]), slice(first, first + self.inner[1])

    @property
    def inside(self) -> np.ndarray:
        """Return 1 in the picture and 0 beyond it."""
        larger = np.zeros(self.size, np.float32)
        larger[self.place] = 1
        return larger

    def mirrored(self, plane: np.ndarray) -> np.ndarray:
        """Return a plane, float32, with its mirror image about it."""
        first = self.margin_px
        below, right = (
            outer - side - first for outer, side in zip(self.size, self.inner, strict=True)
        )
        plane = np.ascontiguousarray(plane, np.float32)
        return cv2.copyMakeBorder(plane, first, below, first, right, cv2.BORDER_REFLECT)


@dataclass(frozen=True)
class _System:
    """The linear system of one colour.

    Attributes:
        plane: what is seen, mirrored beyond the picture.
        mask: how much of the blurred picture each pixel shows, mirrored likewise.
        known: 1 where anything is known of a pixel, mirrored likewise; else 0.
        inside: 1 in the picture, 0 beyond it.
        blur: its transfers.
        power: of photos in each coefficient, ``H x W/2+1``.
        noise: mean square of that of the storage.
    """

    plane: np.ndarray
    mask: np.ndarray
    known: np.ndarray
    inside: np.ndarray
    blur: Transfers
    power: np.ndarray
    noise: np.ndarray

    def solve(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the likeliest plane, and the squares of what it leaves where blurred."""
        size, mean = self.plane.shape, self.blur.mean
        doubt = self.noise + self.blur.variance * self.power
        level = float(doubt.mean())
        weights = level / doubt
        counts, is_whole = self.known * self.inside, bool((self.mask == 1).all())
        blurred, sharp = counts * (self.mask > 0), counts * (self.mask == 0)
        passed = blurred.mean() * weights * mean**2 + sharp.mean()
        # About the size of each coefficient, and both halves of the spectrum at once.
        roots = _half_roots(size[1])
        scale = 1 / np.sqrt(1 / self.power + passed / level) / roots
        roughness = (scale * roots) ** 2 / self.power

        def weighed(plane: np.ndarray) -> np.ndarray:
            return blurred * self._filtered(blurred * plane, weights) + sharp * plane

        def gather(plane: np.ndarray) -> np.ndarray:
            found = mean * _analysed(self.mask * plane)
            if not is_whole:
                found += _analysed((1 - self.mask) * plane)
            return _as_real(found * (scale * roots**2 / level))

        def shown(spectrum: np.ndarray) -> np.ndarray:
            blurry = _synthesised(mean * spectrum, size)
            if is_whole:
                return blurry
            return self.mask * blurry + (1 - self.mask) * _synthesised(spectrum, size)

        def normal(coefficients: np.ndarray) -> np.ndarray:
            rest = gather(weighed(shown(_as_complex(coefficients) * scale)))
            return rest + coefficients * np.repeat(roughness, 2, axis=-1)

        start = _as_real(_analysed(self._start(doubt)) / scale)
        right = gather(weighed(self.plane)) - normal(start)
        found = _as_complex(start + conjugate_gradients(normal, right, steps)) * scale
        left = np.square(blurred * (self.plane - shown(found)))
        return _synthesised(found, size), left

    def _start(self, doubt: np.ndarray) -> np.ndarray:
        """Return the Wiener filter's answer, as if all had been blurred, where it was."""
        mean = self.blur.mean
        least = (START_NOISE_LEVELS / 255) ** 2
        filter_ = mean * self.power / (mean**2 * self.power + doubt.clip(min=least))
        answer, shows = self.plane, self.known * self.mask
        is_sharp = (self.known > 0) & (self.mask == 0)
        for _ in range(START_ROUNDS):
            beyond = self._filtered(answer, mean)
            blurry = beyond + shows * (self.plane - beyond)
            answer = np.where(is_sharp, self.plane, self._filtered(blurry, filter_))
        return answer

    @staticmethod
    def _filtered(plane: np.ndarray, transfer: np.ndarray) -> np.ndarray:
        return _synthesised(transfer * _analysed(plane), plane.shape)


def _analysed(plane: np.ndarray) -> np.ndarray:
    return np.fft.rfft2(plane, norm="ortho")


def _synthesised(spectrum: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.fft.irfft2(spectrum, size, norm="ortho"))


def _half_roots(width: int) -> np.ndarray:
    """Return the roots of how often ``rfft2`` leaves out a column's mirror image, ``W/2+1``."""
    roots = np.full(width // 2 + 1, 2**0.5, np.float32)
    roots[[0, -1]] = 1
    return roots


def _as_real(spectrum: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(spectrum, np.complex64).view(np.float32)


def _as_complex(coefficients: np.ndarray) -> np.ndarray:
    return coefficients.view(np.complex64)
