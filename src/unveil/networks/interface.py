"""What networks read and state of themselves, for every engine that runs them. Imports no torch."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from unveil.arrays import Array, array_namespace, clip_own, constant, full_precision
from unveil.degradation import (
    AnisotropicGaussian,
    Blur,
    Degradation,
    EvenMosaic,
    Sample,
    Storage,
    UnevenPixelate,
)
from unveil.degradation.kernels import spread_px
from unveil.errors import UsageError
from unveil.linear.closed_forms import expected_error, lmmse
from unveil.linear.prior import Prior

CONDITIONS = 5
"""Number of planes of :func:`conditions`."""

MIN_STD_PX = 0.1
"""Standard deviation that a sharper blur counts as."""


class Planes(NamedTuple):
    """Consecutive channels of what a network reads.

    Attributes:
        name: what an exported file calls this input.
        channels: how many there are.
        meaning: what they hold, with shape and range.
    """

    name: str
    channels: int
    meaning: str


OBFUSCATED = Planes("obfuscated", 3, "the photo, B x 3 x H x W, RGB in [0,1]")
ESTIMATE = Planes("start", 3, "its linear estimate, B x 3 x H x W")
KNOWN = Planes(
    "known",
    1 + CONDITIONS,
    "what is known, B x C x H x W: the estimate's expected error, then the planes of "
    "unveil.networks.interface.conditions",
)


@dataclass(frozen=True)
class Interface:
    """What a network states of itself, so that callers need not know which one they have.

    Attributes:
        stride_px: grid that the network is tied to; tiles start at its multiples.
        reach_px: largest distance between an input pixel and an output pixel that it changes.
        planes: what it reads, in order.
        needs_degradation: whether the result depends on the degradation that is passed.
        estimates_error: whether it returns the expected error as a fourth channel.
    """

    stride_px: int
    reach_px: int
    planes: tuple[Planes, ...] = (OBFUSCATED,)
    needs_degradation: bool = False
    estimates_error: bool = False


class RefinerInputs:
    """What a refiner reads, ``B x C x H x W``, made for the part that is asked for.

    These are the obfuscated photo, the linear estimate and its expected root mean squared error,
    and the conditions. Of a large photo, all of them at once are four times as much as the photo.

    Args:
        obfuscated: ``B x 3 x H x W`` in [0,1].
        degradation: what happened to it.
        prior: power spectrum of clean photos.

    Raises:
        UsageError: no degradation is given, or its operator is not linear.
    """

    def __init__(self, obfuscated: Array, degradation: Degradation | None, prior: Prior) -> None:
        if degradation is None:
            raise UsageError("a refiner needs the operator: --operator SPEC.")
        self._obfuscated, size = obfuscated, obfuscated.shape[-2:]
        with full_precision(obfuscated):
            self._estimate = clip_own(lmmse(obfuscated, degradation, prior), -1, 2)
        self._error = expected_error(degradation, prior)
        self._conditions = _conditions(degradation, *size)
        self.shape = (len(obfuscated), 7 + CONDITIONS, *size)

    def __getitem__(self, place: Any) -> Array:
        """Return all channels of a part, in the dtype of the photo; of the whole for ``...``."""
        obfuscated, estimate = self._obfuscated[place], self._estimate[place]
        known = np.empty((1 + CONDITIONS, *obfuscated.shape[-2:]), np.float32)
        known[0] = self._error
        for plane, values in zip(known[1:], self._conditions, strict=True):
            plane[:] = values[place]
        xp, batch = array_namespace(obfuscated), len(obfuscated)
        planes = known[None] if batch == 1 else np.repeat(known[None], batch, axis=0)
        return xp.concat([obfuscated, estimate, constant(planes, obfuscated)], axis=1)


def refiner_inputs(obfuscated: Array, degradation: Degradation | None, prior: Prior) -> Array:
    """Return all of :class:`RefinerInputs`."""
    return RefinerInputs(obfuscated, degradation, prior)[...]


def conditions(degradation: Degradation, height: int, width: int) -> np.ndarray:
    """Return the parameters of a degradation as ``CONDITIONS x H x W`` float32 planes of order 1.

    ======  ====================================================================
    blur    strength, kernel width per standard deviation, coarseness of the storage, and the
            anisotropy as a vector at twice its angle (0, 0 where the blur is isotropic)
    mosaic  block size, whether sampled, coarseness of the storage, column and row in the block
    ======  ====================================================================

    Raises:
        UsageError: the operator is not linear, or a mosaic of uneven blocks.

    Examples:
        >>> from unveil.degradation import Pixelate
        >>> conditions(Degradation(Pixelate(4), Storage("jpeg", 50)), 6, 7)[:3, 0, 0].tolist()
        [0.5, 0.0, 1.0]
    """
    return np.stack(_conditions(degradation, height, width)).astype(np.float32)


def _conditions(degradation: Degradation, height: int, width: int) -> list[np.ndarray]:
    """Return the planes of :func:`conditions`, each ``H x W`` and as small as it can be kept."""
    operator, coarse = degradation.linear, coarseness(degradation.storage)
    if isinstance(operator, UnevenPixelate):
        raise UsageError(f"no network is told {operator}; take lmmse, bicubic or lanczos.")
    values: list[float | np.ndarray]
    if isinstance(operator, Blur):
        values = [*_blur_conditions(operator), coarse, *_anisotropy(operator)]
    else:
        is_sampled = float(isinstance(operator, Sample))
        values = [math.log2(operator.block) / 4, is_sampled, coarse]
        values += _block_coordinates(operator, height, width)
    return [np.broadcast_to(one, (height, width)) for one in values]


def coarseness(storage: Storage) -> float:
    """Return how coarsely a storage quantises: 0 for 8 bits, 1 for JPEG of quality 50.

    Quality 50 is the coarsest JPEG that the shipped weights were trained on.
    """
    match storage.kind:
        case "float":
            return -0.5
        case "8bit":
            return 0.0
        case "jpeg":
            return 0.2 + 0.8 * (100 - (storage.quality or 75)) / 50
        case "h264":  # no weights were trained on it; about as coarse as that JPEG
            return (storage.quality or 0) / 30


def _blur_conditions(operator: Blur) -> list[float]:
    std_px = spread_px(operator)
    return [log_spread(std_px), operator.kernel / (8 * max(std_px, MIN_STD_PX))]


def log_spread(std_px: float) -> float:
    """Return the standard deviation of a kernel as networks are told it, of order 1."""
    return math.log2(max(std_px, MIN_STD_PX)) / 2 - 0.5


def _anisotropy(operator: Blur) -> np.ndarray:
    """Return half the logarithm of the widths' ratio, as a vector at twice the angle.

    Twice the angle, because a blur turned by 180 degrees is the same blur.
    """
    if not isinstance(operator, AnisotropicGaussian):
        return np.zeros(2)
    half = math.log(operator.sigma_x / operator.sigma_y) / 2
    turn = math.radians(2 * operator.angle_degrees)
    return half * np.array([math.cos(turn), math.sin(turn)])


def _block_coordinates(operator: EvenMosaic, height: int, width: int) -> list[np.ndarray]:
    """Return each column's and each row's place in its block, from -1 to 1: a row, a column."""
    starts = ((operator.top, height), (operator.left, width))
    rows, columns = (
        ((np.arange(size) - start) % operator.block * 2 + 1) / operator.block - 1
        for start, size in starts
    )
    return [columns, rows[:, None]]
