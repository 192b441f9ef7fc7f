"""Operators that no restorer is told: non-linear filters, noise, one colour. Needs no torch.

Restorers that are not told the operator undo some of them (the family ``streaming``).
"""

from dataclasses import dataclass
from typing import ClassVar

from unveil.degradation.blurs import check_kernel
from unveil.degradation.mosaics import MAX_BLOCK_PX
from unveil.degradation.numbers import check_between, number
from unveil.degradation.spec import Spec
from unveil.errors import UsageError

MIN_STD, MAX_STD = 0.001, 10_000
"""In levels of 255: beyond, every pixel is black or white."""

MIN_EPSILON, MAX_EPSILON = 1e-6, 1_000_000
MAX_CHANGED = 1_000_000
MIN_PHOTONS, MAX_PHOTONS = 0.001, 1_000_000
"""Above it the noise is invisible, and float32 counts exactly only up to 16 millions."""


@dataclass(frozen=True)
class Median(Spec):
    """Median filter: every pixel takes the median of a square window, per channel.

    The image is rounded to 8 bits first. Programs that round after the filter give the same,
    because rounding keeps the order of values.

    Args:
        kernel: width of the window in pixels; odd. Borders are mirrored as for blurs.

    Raises:
        UsageError: the width is out of range.

    Examples:
        >>> str(Median(5))
        'median:kernel=5'
    """

    name: ClassVar[str] = "median"
    is_linear: ClassVar[bool] = False
    strength_unit: ClassVar[str] = "window per face width"

    kernel: int = 9

    def __post_init__(self) -> None:
        check_kernel("median", self.kernel)

    def strength(self, face_px: float) -> float:
        """Return the width of the window in face widths."""
        return self.kernel / face_px

    def __str__(self) -> str:
        return f"median:kernel={self.kernel}"


@dataclass(frozen=True)
class Downscale(Spec):
    """A thumbnail enlarged: downscaled by averaging, upscaled by bicubic interpolation, clipped.

    Args:
        factor: ratio of the sizes along each axis, from 1 to ``MAX_BLOCK_PX``.

    Raises:
        UsageError: the factor is out of range.

    Examples:
        >>> str(Downscale(2.5))
        'downscale:factor=2.5'
    """

    name: ClassVar[str] = "downscale"
    is_linear: ClassVar[bool] = False
    strength_unit: ClassVar[str] = "pixel per face width"

    factor: float = 8.0

    def __post_init__(self) -> None:
        if not 1 <= self.factor <= MAX_BLOCK_PX:
            raise UsageError(f"downscale: factor={self.factor:g} must be from 1 to {MAX_BLOCK_PX}.")

    def strength(self, face_px: float) -> float:
        """Return the side of a thumbnail's pixel in face widths."""
        return self.factor / face_px

    def __str__(self) -> str:
        return f"downscale:factor={number(self.factor)}"


@dataclass(frozen=True)
class Solid(Spec):
    """One grey level everywhere.

    Args:
        level: from 0 (black) to 255 (white).

    Raises:
        UsageError: the level is out of range.

    Examples:
        >>> str(Solid())
        'solid:level=0'
    """

    name: ClassVar[str] = "solid"
    is_linear: ClassVar[bool] = False
    strength_unit: ClassVar[str] = ""

    level: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.level <= 255:
            raise UsageError(f"solid: level={self.level} must be from 0 to 255.")

    def strength(self, face_px: float) -> float:
        """Return 1: every level obfuscates all there is."""
        return 1.0

    def __str__(self) -> str:
        return f"solid:level={self.level}"


@dataclass(frozen=True)
class Noise(Spec):
    """Additive white Gaussian noise, clipped to [0,1].

    Args:
        std: standard deviation in levels of 255, 0.001 to ``MAX_STD``.
        seed: repeats a draw, from 0 to 2**63 - 1: whoever knows it can undo the draw. None, the
            default, draws what nobody can draw again.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(Noise(std=25, seed=1))
        'noise:std=25,seed=1'
    """

    name: ClassVar[str] = "noise"
    is_linear: ClassVar[bool] = False
    strength_unit: ClassVar[str] = "standard deviation, of black to white"

    std: float = 40.0
    seed: int | None = None

    def __post_init__(self) -> None:
        check_between("noise: std", self.std, MIN_STD, MAX_STD, "levels")
        _check_seed("noise", self.seed)

    def strength(self, face_px: float) -> float:
        """Return the standard deviation in units of white, whatever the face's width."""
        return self.std / 255

    def __str__(self) -> str:
        return f"noise:std={number(self.std)}" + _seed_text(self.seed)


@dataclass(frozen=True)
class Poisson(Spec):
    """Shot noise, as of a sensor in little light.

    A value ``v`` becomes a Poisson-distributed count of mean ``v * photons``, divided by
    ``photons`` and clipped to [0,1].

    Args:
        photons: mean count of white, per pixel and channel; 0.001 to ``MAX_PHOTONS``.
            Fewer photons are noisier.
        seed: repeats a draw, from 0 to 2**63 - 1: whoever knows it can undo the draw. None, the
            default, draws what nobody can draw again.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(Poisson(photons=100))
        'poisson:photons=100'
    """

    name: ClassVar[str] = "poisson"
    is_linear: ClassVar[bool] = False
    strength_unit: ClassVar[str] = "1 / photons"

    photons: float = 30.0
    seed: int | None = None

    def __post_init__(self) -> None:
        check_between("poisson: photons", self.photons, MIN_PHOTONS, MAX_PHOTONS)
        _check_seed("poisson", self.seed)

    def strength(self, face_px: float) -> float:
        """Return the variance of white, whatever the face's width."""
        return 1 / self.photons

    def __str__(self) -> str:
        return f"poisson:photons={number(self.photons)}" + _seed_text(self.seed)


@dataclass(frozen=True)
class DpPix(Spec):
    """Mosaic of means with Laplacian noise, differentially private with respect to a few pixels.

    L. Fan, "Image Pixelization with Differential Privacy", 2018. The noise has the scale
    ``255 * pixels / (block**2 * epsilon)`` in levels of 255.

    Args:
        block: side of the square blocks in pixels, from the image's edge; 1 to ``MAX_BLOCK_PX``.
        epsilon: privacy budget, 1e-6 to ``MAX_EPSILON``; smaller is more private.
        pixels: number of pixels in which two images may differ that are to be
            indistinguishable, 1 to ``MAX_CHANGED``.
        seed: repeats a draw, from 0 to 2**63 - 1: whoever knows it can undo the draw. None, the
            default, draws what nobody can draw again.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(DpPix(block=8, epsilon=1))
        'dppix:block=8,epsilon=1'
    """

    name: ClassVar[str] = "dppix"
    is_linear: ClassVar[bool] = False
    strength_unit: ClassVar[str] = "1 / epsilon"

    block: int = 16
    epsilon: float = 0.5
    pixels: int = 16
    seed: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.block <= MAX_BLOCK_PX:
            raise UsageError(f"dppix: block={self.block} must be from 1 to {MAX_BLOCK_PX} pixels.")
        check_between("dppix: epsilon", self.epsilon, MIN_EPSILON, MAX_EPSILON)
        check_between("dppix: pixels", self.pixels, 1, MAX_CHANGED)
        _check_seed("dppix", self.seed)

    def strength(self, face_px: float) -> float:
        """Return the inverse of the privacy budget; comparable at the same ``block / face_px``."""
        return 1 / self.epsilon

    def __str__(self) -> str:
        text = f"dppix:block={self.block},epsilon={number(self.epsilon)}"
        return (
            text + (f",pixels={self.pixels}" if self.pixels != 16 else "") + _seed_text(self.seed)
        )


@dataclass(frozen=True)
class Unchanged(Spec):
    """The identity: only the storage degrades the image.

    Examples:
        >>> str(Unchanged())
        'none'
    """

    name: ClassVar[str] = "none"
    is_linear: ClassVar[bool] = False
    strength_unit: ClassVar[str] = ""

    def strength(self, face_px: float) -> float:
        """Return 0."""
        return 0.0

    def __str__(self) -> str:
        return "none"


Nonlinear = Median | Downscale | Solid | Noise | Poisson | DpPix | Unchanged
"""What no closed form inverts: not linear, or linear with nothing to invert (``Unchanged``)."""


def _check_seed(name: str, seed: int | None) -> None:
    if seed is not None and not 0 <= seed < 2**63:
        raise UsageError(f"{name}: seed={seed} must be from 0 to 2**63 - 1.")


def _seed_text(seed: int | None) -> str:
    return "" if seed is None else f",seed={seed}"
