"""Blurs that are known roughly: several that it may have been, each with its share.

The linear estimate of least mean squared error is then the Wiener filter of the mean transfer, and
how far the transfers differ counts as noise: their variance times the power of photos (D. Slepian,
"Linear least-squares filtering of distorted images", JOSA 57, 1967).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unveil.degradation import Blur, Unchanged
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

    def gain_db(self, power: np.ndarray, assumed: np.ndarray, noise: np.ndarray) -> float:
        """Return by how many dB the estimate is expected to be nearer to the photo than the input.

        Args:
            power: of photos, ``C x H x W/2+1``.
            assumed: mean square of the noise that the estimate takes for granted, same shape.
            noise: mean square of the noise that the input has.
        """
        mean = self.mean
        filter_ = mean * power / ((mean**2 + self.variance) * power + assumed)
        before = after = 0.0
        for share, one in zip(self.shares, self.each, strict=True):
            before += share * float(((1 - one) ** 2 * power + noise).sum())
            after += share * float(((1 - filter_ * one) ** 2 * power + filter_**2 * noise).sum())
        return float(10 * np.log10(before / after))


def transfers(plausible: Plausible, height: int, width: int) -> Transfers:
    """Return the transfers of blurs on a picture that wraps around, its sides even."""
    half = height // 2 + 1, width // 2 + 1
    clean = np.ones((1, *half), np.float32)
    each = [
        whole(clean if isinstance(blur, Unchanged) else transfer(blur, *half))
        for _, blur in plausible
    ]
    return Transfers(np.stack(each), np.array([share for share, _ in plausible], np.float32))
