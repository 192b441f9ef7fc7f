"""Operators that no closed form inverts: means of hiding, or effects of sensors and transmission.

No restorer takes one as its given operator. Networks that need no operator undo some of them (the
family streaming).
"""

import math
from dataclasses import dataclass

from unveil.degradation.blurs import check_kernel
from unveil.degradation.mosaics import MAX_BLOCK_PX
from unveil.degradation.numbers import number
from unveil.errors import UsageError

MAX_PHOTONS = 1_000_000
"""More are no noise, and float32 counts no further than 16 millions."""


@dataclass(frozen=True)
class Unchanged:
    """Nothing is done: what the storage alone leaves of a photo is to be restored."""

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True)
class Median:
    """Every pixel becomes the median of a square window, each colour by itself, in 8 bits.

    Rounding and medians may change places: as programs do it, one gets the same.

    Args:
        kernel: width of the window in pixels; odd. Borders are mirrored as for blurs.
    """

    kernel: int = 9

    def __post_init__(self) -> None:
        check_kernel("median", self.kernel)

    def __str__(self) -> str:
        return f"median:kernel={self.kernel}"


@dataclass(frozen=True)
class Downscale:
    """Made smaller by averaging and enlarged again (bicubic): a thumbnail blown up.

    Args:
        factor: how many pixels become one, along each axis.
    """

    factor: float = 8.0

    def __post_init__(self) -> None:
        if not 1 <= self.factor <= MAX_BLOCK_PX:
            raise UsageError(f"downscale: factor={self.factor:g} must be from 1 to {MAX_BLOCK_PX}.")

    def __str__(self) -> str:
        return f"downscale:factor={number(self.factor)}"


@dataclass(frozen=True)
class Solid:
    """Everything one grey.

    Args:
        level: from 0 (black) to 255 (white).
    """

    level: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.level <= 255:
            raise UsageError(f"solid: level={self.level} must be from 0 to 255.")

    def __str__(self) -> str:
        return f"solid:level={self.level}"


@dataclass(frozen=True)
class Noise:
    """White Gaussian noise added, clipped to what an image can hold.

    Args:
        std: standard deviation, in levels of 255.
        seed: of the draw.
    """

    std: float = 40.0
    seed: int = 0

    def __post_init__(self) -> None:
        _check_positive("noise", "std", self.std)
        _check_seed("noise", self.seed)

    def __str__(self) -> str:
        return f"noise:std={number(self.std)}" + _seed_text(self.seed)


@dataclass(frozen=True)
class Poisson:
    """Shot noise: what a sensor counts of little light.

    Args:
        photons: counted of white, by each pixel in each colour; few are noisy.
        seed: of the draw.

    A value v becomes a count drawn about ``v photons``, divided by ``photons``; clipped.
    """

    photons: float = 30.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.photons <= MAX_PHOTONS:
            raise UsageError(
                f"poisson: photons={self.photons:g} must be above 0, up to {MAX_PHOTONS:,}."
            )
        _check_seed("poisson", self.seed)

    def __str__(self) -> str:
        return f"poisson:photons={number(self.photons)}" + _seed_text(self.seed)


@dataclass(frozen=True)
class DpPix:
    """Mosaic of means with Laplacian noise: differential privacy for a few pixels.

    L. Fan, "Image Pixelization with Differential Privacy", 2018.

    Args:
        block: side of the square block in pixels, from the image's edge.
        epsilon: privacy budget; small is private.
        pixels: how many pixels may differ between two photos that are to look the same.
        seed: of the draw.

    The noise has the scale ``255 pixels / (block**2 epsilon)`` in levels of 255.
    """

    block: int = 16
    epsilon: float = 0.5
    pixels: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.block <= MAX_BLOCK_PX:
            raise UsageError(f"dppix: block={self.block} must be from 1 to {MAX_BLOCK_PX} pixels.")
        _check_positive("dppix", "epsilon", self.epsilon)
        if self.pixels < 1:
            raise UsageError(f"dppix: pixels={self.pixels} must be at least 1.")
        _check_seed("dppix", self.seed)

    def __str__(self) -> str:
        text = f"dppix:block={self.block},epsilon={number(self.epsilon)}"
        return (
            text + (f",pixels={self.pixels}" if self.pixels != 16 else "") + _seed_text(self.seed)
        )


Nonlinear = Unchanged | Median | Downscale | Solid | Noise | Poisson | DpPix
"""What no closed form inverts: not linear, or linear with nothing to invert (``Unchanged``)."""


def _check_positive(name: str, parameter: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"{name}: {parameter}={value:g} must be above 0.")


def _check_seed(name: str, seed: int) -> None:
    if not 0 <= seed < 2**63:
        raise UsageError(f"{name}: seed={seed} must be from 0 to 2**63 - 1.")


def _seed_text(seed: int) -> str:
    return f",seed={seed}" if seed else ""
