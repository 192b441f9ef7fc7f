"""What is known of clean photos before one is seen: how strong each frequency is.

The power spectrum in decorrelated colours is all that the linear restorers and the estimator of
the operator know of photos. It is fitted in seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor
from torch.nn import functional as F

from unveil.errors import UnveilError
from unveil.files import REINSTALL, read_checked
from unveil.linear.spectral import analyse, frequencies

PRIOR = Path(__file__).with_name("prior.safetensors")
PRIOR_SHA256 = "b13276b5a1483c57d429b2454aacbf43bb03a98e47a3759261af91c5c1c7dbe0"

MIN_POWER = 1e-10
"""Below the rounding of float32 images; keeps logarithms and divisions finite."""


@dataclass(frozen=True)
class Prior:
    """Power spectrum of clean photos.

    Attributes:
        power: ``3 x K x K``, mean square of the coefficients that :func:`.spectral.analyse`
            gives of [0,1] images, at ``K`` frequencies from 0 to pi along each axis.
    """

    power: Tensor

    def at(self, height: int, width: int) -> Tensor:
        """Return the spectrum at the frequencies of an image of this size, ``3 x H x W``.

        Interpolated in the logarithm: a photo's power falls by many decades.
        """
        if self.power.shape[-2:] == (height, width):
            return self.power
        rows, columns = (frequencies(size) / torch.pi * 2 - 1 for size in (height, width))
        grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)[None]
        log = F.grid_sample(self.power.log()[None], grid.to(self.power), align_corners=True)
        return log[0].exp()

    def autocovariance(self, axis: int, lags: int) -> Tensor:
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
        weights = torch.ones(size, dtype=torch.float64)
        weights[[0, -1]] = 0.5
        other = -1 if axis == -2 else -2
        marginal = power.double().mean(dim=other) * weights.to(power.device)
        distance = torch.arange(lags, dtype=torch.float64)
        cosines = torch.cos(torch.outer(frequencies(size), distance)).to(marginal)
        return marginal @ cosines / (size - 1)


def fit_prior(batches: Iterable[Tensor]) -> Prior:
    """Return the prior of clean photos given as batches of ``B x 3 x K x K`` in [0,1].

    The mean of squares, not the variance about a mean photo: so it holds for any place in any
    picture, at a loss of 0.02 dB on aligned faces (docs/log.md).
    """
    total, count = torch.zeros(()), 0
    for batch in batches:
        total = total.to(batch) + analyse(batch).square().sum(dim=0)
        count += len(batch)
    return Prior((total / count).clamp(min=MIN_POWER))


def decode_prior(content: bytes, path: Path) -> Prior:
    """Return the prior that the bytes of a file hold; ``path`` is for messages.

    Raises:
        UnveilError: they hold none.
    """
    try:
        power = load(content)["power"].float()
    except (SafetensorError, KeyError, ValueError):
        raise UnveilError(f"{path}: is not a prior; make one with: unveil fit.") from None
    shape = power.shape
    if power.ndim != 3 or shape[0] != 3 or min(shape) < 2 or not power.isfinite().all():
        raise UnveilError(f"{path}: is not a prior; make one with: unveil fit.")
    return Prior(power.clamp(min=MIN_POWER))


def read_prior(path: Path | None = None) -> Prior:
    """Return a power spectrum of clean photos: the shipped one, or that of a file.

    Raises:
        UnveilError: the file cannot be read or is not a prior, or the shipped one is damaged.
    """
    if path is None:
        content = read_checked(PRIOR, PRIOR_SHA256, REINSTALL)
    else:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    return decode_prior(content, path or PRIOR)
