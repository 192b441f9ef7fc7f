"""What is known of clean photos before one is seen: how strong each frequency is.

The power spectrum in decorrelated colours is all that the linear restorers and the estimator of
the operator know of photos. It is fitted in seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.errors import UnveilError
from unveil.files import REINSTALL, read_bytes, read_checked
from unveil.linear.spectral import analyse, frequencies
from unveil.tensors import check_weights, decode

PRIOR = Path(__file__).with_name("prior.safetensors")
MAX_BYTES = 64 << 20
REMEDY = "make one with: unveil fit"
PRIOR_SHA256 = "b13276b5a1483c57d429b2454aacbf43bb03a98e47a3759261af91c5c1c7dbe0"

ROWS = 256
"""Height of the strips in which a large spectrum is made."""

MIN_POWER = 1e-10
"""Below the rounding of float32 images; keeps logarithms and divisions finite."""


@dataclass(frozen=True)
class Prior:
    """Power spectrum of clean photos.

    Attributes:
        power: float32 ``3 x K x K``, mean square of the coefficients that :func:`.spectral.analyse`
            gives of [0,1] images, at ``K`` frequencies from 0 to pi along each axis.
    """

    power: np.ndarray

    def at(self, height: int, width: int) -> np.ndarray:
        """Return the spectrum at the frequencies of an image of this size, ``3 x H x W``.

        Interpolated in the logarithm: a photo's power falls by many decades.
        """
        if self.power.shape[-2:] == (height, width):
            return self.power
        sizes = zip((height, width), self.power.shape[-2:], strict=True)
        places = [(np.linspace(0, known - 1, size), np.arange(known)) for size, known in sizes]
        # Matrices of linear interpolation, ends to ends.
        rows, columns = (np.maximum(1 - np.abs(at[:, None] - known), 0) for at, known in places)
        spectrum = np.empty((len(self.power), height, width), np.float32)
        for plane, log_power in zip(spectrum, np.log(self.power), strict=True):
            down = rows @ log_power
            for top in range(0, height, ROWS):  # in float64, of a strip at a time
                strip = down[top : top + ROWS] @ columns.T
                plane[top : top + ROWS] = np.exp(strip, out=strip)
        return spectrum

    def autocovariance(self, axis: int, lags: int) -> np.ndarray:
        """Return how alike pixels are at distances 0 to ``lags - 1`` along one axis.

        Args:
            axis: -2 along columns (vertical distances) or -1 along rows.
            lags: how many distances.

        Returns:
            Covariances of the [0,1] values in each opponent colour, ``3 x lags``, float64.
        """
        # As many frequencies as distances: cosines of fewer come round again, and far pixels
        # would be taken for near ones.
        height, width = self.power.shape[-2:]
        size = max(lags, height if axis == -2 else width)
        power = self.at(size, width) if axis == -2 else self.at(height, size)
        weights = np.ones(size)
        weights[[0, -1]] = 0.5
        marginal = power.mean(axis=-1 if axis == -2 else -2, dtype=np.float64) * weights
        return marginal @ np.cos(np.outer(frequencies(size), np.arange(lags))) / (size - 1)


def fit_prior(batches: Iterable[Array]) -> Prior:
    """Return the prior of clean photos given as batches of ``B x 3 x K x K`` in [0,1].

    The mean of squares, not the variance about a mean photo: so it holds for any place in any
    picture, at a loss of 0.02 dB on aligned faces (docs/log.md).
    """
    total, count = np.zeros(()), 0
    for batch in batches:
        total = total + (to_numpy(analyse(batch)) ** 2).sum(axis=0)
        count += len(batch)
    return Prior((total / count).clip(min=MIN_POWER).astype(np.float32))


def decode_prior(content: bytes, path: Path) -> Prior:
    """Return the prior that the bytes of a file hold; ``path`` is for messages.

    Raises:
        UnveilError: they hold none.
    """
    tensors = decode(content, path, REMEDY)
    if "power" not in tensors:
        raise UnveilError(f"{path}: is not a prior; {REMEDY}.")
    check_weights(tensors, path)
    power = tensors["power"].astype(np.float32)
    shape = power.shape
    if power.ndim != 3 or shape[0] != 3 or min(shape) < 2:
        raise UnveilError(f"{path}: is not a prior; {REMEDY}.")
    return Prior(power.clip(min=MIN_POWER))


def read_prior(path: Path | None = None) -> Prior:
    """Return a power spectrum of clean photos: the shipped one, or that of a file.

    Raises:
        UnveilError: the file cannot be read or is not a prior, or the shipped one is damaged.
    """
    if path is None:
        content = read_checked(PRIOR, PRIOR_SHA256, REINSTALL)
    else:
        content = read_bytes(path, MAX_BYTES)
    return decode_prior(content, path or PRIOR)
