"""Blurs that are known roughly: several that it may have been, each with its share.

The linear estimate of least mean squared error is then the Wiener filter of the mean transfer, and
how far the transfers differ counts as noise: their variance times the power of photos (D. Slepian,
"Linear least-squares filtering of distorted images", JOSA 57, 1967).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unveil.degradation import Blur, Storage, Unchanged
from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import transfer, whole

Plausible = Sequence[tuple[float, Blur | Unchanged]]
"""What may have been done, each with its share; the shares sum to 1."""


@dataclass(frozen=True)
class Transfers:
    """What each of several blurs multiplies a frequency by.

    Attributes:
        each: float32 ``N x H x W/2+1``, at the frequencies of numpy's ``rfft2``.
        shares: of each, ``(N,)``, sum 1.
    """

    each: np.ndarray
    shares: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Return the mean transfer, ``H x W/2+1``."""
        return np.tensordot(self.shares, self.each, 1)

    @property
    def variance(self) -> np.ndarray:
        """Return the variance of the transfer, float32 ``H x W/2+1``."""
        power = np.tensordot(self.shares, self.each**2, 1)
        return np.asarray((power - self.mean**2).clip(min=0))

    def mean_squares(
        self, power: np.ndarray, assumed: np.ndarray, noise: np.ndarray
    ) -> tuple[float, float]:
        """Return the mean squared error to be expected of the input, and of the estimate.

        Args:
            power: of photos, ``C x H x W/2+1``.
            assumed: mean square of the noise that the estimate takes for granted, same shape.
            noise: mean square of the noise that the input has.
        """
        mean = self.mean
        filter_ = mean * power / ((mean**2 + self.variance) * power + assumed)
        before = after = 0.0
        for share, one in zip(self.shares, self.each, strict=True):
            before += share * float(((1 - one) ** 2 * power + noise).mean())
            after += share * float(((1 - filter_ * one) ** 2 * power + filter_**2 * noise).mean())
        return before, after


def transfers(plausible: Plausible, height: int, width: int) -> Transfers:
    """Return the transfers of blurs on a picture that wraps around, its sides even."""
    each = [whole(one) for one in _each(plausible, height // 2 + 1, width // 2 + 1)]
    return Transfers(np.stack(each), np.array([share for share, _ in plausible], np.float32))


def lost_share(
    plausible: Plausible, storage: Storage, noise_levels: float, prior: Prior, height: int,
    width: int,
) -> np.ndarray:  # fmt: skip
    """Return which share of each frequency's power the estimate is expected to miss.

    Args:
        plausible: what may have been done.
        storage: how the picture was kept.
        noise_levels: least noise that the estimate takes for granted, in gray levels.
        prior: power spectrum of clean photos.
        height: of the picture.
        width: of the picture.

    Returns:
        ``3 x H x W`` in [0,1], at the frequencies of :func:`.spectral.analyse`.
    """
    shares, power = np.array([share for share, _ in plausible]), prior.at(height, width)
    each = [one.repeat(2 // len(one), axis=0) for one in _each(plausible, height, width)]
    mean, squares = (np.tensordot(shares, np.stack(each) ** n, 1)[:, None] for n in (1, 2))
    noise = storage_noise(storage, power * (mean**2).mean(axis=0))
    passed = mean**2 * power
    doubt = (squares - mean**2).clip(min=0) * power + noise.clip(min=(noise_levels / 255) ** 2)
    return np.asarray((doubt / (passed + doubt)).mean(axis=0))


def _each(plausible: Plausible, height: int, width: int) -> list[np.ndarray]:
    """Return the transfer of each blur at frequencies from 0 to pi, ``D x H x W``, D 1 or 2."""
    clean = np.ones((1, height, width), np.float32)
    return [
        clean if isinstance(blur, Unchanged) else transfer(blur, height, width)
        for _, blur in plausible
    ]
