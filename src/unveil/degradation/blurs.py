"""Blurs: convolutions with a window that a half turn leaves as it is."""

import math
from dataclasses import dataclass

from unveil.degradation.numbers import number
from unveil.errors import UsageError

MAX_KERNEL_PX = 1023


@dataclass(frozen=True)
class GaussianBlur:
    """Convolution with a truncated, normalised Gaussian; borders mirrored at the edge pixel.

    Args:
        kernel: width of the square window in pixels; odd.
        sigma: standard deviation in pixels.

    The weights are ``exp(-d**2 / (2 sigma**2))`` at the integer distances ``d`` inside the
    window, divided by their sum. The border is the one that SciPy calls ``mirror``, OpenCV
    ``BORDER_REFLECT_101`` and torch ``reflect``: the edge pixel is not repeated.
    """

    kernel: int = 9
    sigma: float = 4.0

    def __post_init__(self) -> None:
        check_kernel("gaussian", self.kernel)
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise UsageError(f"gaussian: sigma={self.sigma:g} must be above 0 pixels.")

    def __str__(self) -> str:
        return f"gaussian:kernel={self.kernel},sigma={number(self.sigma)}"


@dataclass(frozen=True)
class BoxBlur:
    """Convolution with a square window of equal weights; borders as in :class:`GaussianBlur`.

    Args:
        kernel: width of the window in pixels; odd.
    """

    kernel: int = 9

    def __post_init__(self) -> None:
        check_kernel("box", self.kernel)

    def __str__(self) -> str:
        return f"box:kernel={self.kernel}"


@dataclass(frozen=True)
class Window:
    """Convolution with a symmetric window of any weights; borders as in :class:`GaussianBlur`.

    Args:
        across: weights along a row from the middle outwards, in any unit: ``(2, 1)`` is a quarter,
            a half, a quarter.
        down: weights along a column; those of ``across`` if left out.
    """

    across: tuple[float, ...] = (2.0, 1.0)
    down: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for weights in filter(None, (self.across, self.down)):
            if not (all(0 <= weight < math.inf for weight in weights) and sum(weights) > 0):
                raise UsageError("window: weights must be finite, none below 0, one above.")
        if not self.across or self.kernel > MAX_KERNEL_PX:
            raise UsageError(f"window: needs 1 to {MAX_KERNEL_PX // 2 + 1} weights, not more.")

    @property
    def kernel(self) -> int:
        """Width in pixels of the square that holds the window; odd."""
        return 2 * max(len(self.across), len(self.down)) - 1

    def __str__(self) -> str:
        texts = ["/".join(map(number, weights)) for weights in (self.across, self.down) if weights]
        return "window:" + ",".join(map("{}={}".format, ("across", "down"), texts))


@dataclass(frozen=True)
class Disk:
    """Convolution with an even disk: a lens out of focus; borders as in :class:`GaussianBlur`.

    Args:
        radius: in pixels, of any fraction.

    Each pixel's weight is the area of it that the disk covers (MATLAB's ``fspecial('disk')``). Up
    to half a pixel the disk is inside one pixel and changes nothing.
    """

    radius: float = 4.0

    def __post_init__(self) -> None:
        if not (self.radius > 0 and self.kernel <= MAX_KERNEL_PX):
            raise UsageError(
                f"disk: radius={self.radius:g} must be above 0 and up to 511.5 pixels."
            )

    @property
    def kernel(self) -> int:
        """Width in pixels of the square that holds the disk; odd."""
        return _width(self.radius - 0.5)

    def __str__(self) -> str:
        return f"disk:radius={number(self.radius)}"


@dataclass(frozen=True)
class AnisotropicGaussian:
    """Convolution with a Gaussian of two widths, turned; borders as in :class:`GaussianBlur`.

    The ``aniso`` kernel of BSRGAN and Real-ESRGAN: weights are the bivariate Gaussian at whole
    pixels, divided by their sum. The window ends beyond 4 sigma of the wider side.

    Args:
        sigma_x: standard deviation in pixels along one axis.
        sigma_y: standard deviation in pixels across it.
        angle_degrees: how far that axis is turned from the rows, counter-clockwise as one sees the
            picture; from -180 to 180.
    """

    sigma_x: float = 4.0
    sigma_y: float = 1.5
    angle_degrees: float = 0.0

    def __post_init__(self) -> None:
        for name in ("sigma_x", "sigma_y"):
            sigma = getattr(self, name)
            if not (sigma > 0 and _width(4 * sigma) <= MAX_KERNEL_PX):
                raise UsageError(
                    f"aniso: {name}={sigma:g} must be above 0 and up to 127.75 pixels."
                )
        if not -180 <= self.angle_degrees <= 180:
            raise UsageError(f"aniso: angle_degrees={self.angle_degrees:g} must be -180 to 180.")

    @property
    def kernel(self) -> int:
        """Width in pixels of the square that holds the window; odd."""
        return _width(4 * max(self.sigma_x, self.sigma_y))

    def __str__(self) -> str:
        text = f"aniso:sigma_x={number(self.sigma_x)},sigma_y={number(self.sigma_y)}"
        return f"{text},angle_degrees={number(self.angle_degrees)}"


Blur = GaussianBlur | BoxBlur | Window | Disk | AnisotropicGaussian


def _width(reach_px: float) -> int:
    """Return how many pixels a window takes that reaches so far from its middle; odd."""
    return 2 * max(math.ceil(reach_px), 0) + 1 if reach_px < MAX_KERNEL_PX else MAX_KERNEL_PX + 2


def check_kernel(name: str, kernel: int) -> None:
    """Refuse a window that is even, empty or too large.

    Raises:
        UsageError: names the operator and the window.
    """
    if kernel % 2 == 0 or not 1 <= kernel <= MAX_KERNEL_PX:
        raise UsageError(
            f"{name}: kernel={kernel} must be an odd number of pixels from 1 to {MAX_KERNEL_PX}."
        )
