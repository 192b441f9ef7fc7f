"""Blurs: convolutions with a kernel that a half turn leaves unchanged. Needs no torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from unveil.degradation.numbers import MIN_LENGTH_PX, check_between, check_length, number
from unveil.degradation.spec import Spec
from unveil.errors import UsageError

MAX_KERNEL_PX = 1023
MAX_LENGTH_PX = MAX_KERNEL_PX - 1
"""Of a line: at a small angle, its width adds to how far it reaches."""

MIN_WEIGHT, MAX_WEIGHT = 1e-9, 1e18
"""Of a kernel's largest weight, in any unit."""

TRUNCATE = 4.0
"""Where a whole Gaussian kernel ends, in standard deviations; SciPy's default.

What lies beyond is 1e-4 of the weight, and changes no pixel by more than 0.04 of 255 levels.
"""


@dataclass(frozen=True, init=False)
class GaussianBlur(Spec):
    """Convolution with a truncated, normalised Gaussian.

    The weights are ``exp(-d**2 / (2 sigma**2))`` at the integer distances ``d`` inside the kernel,
    divided by their sum. Beyond the border the image is mirrored without repeating the edge pixel:
    SciPy's ``mirror``, OpenCV's ``BORDER_REFLECT_101``, torch's ``reflect``.

    Args:
        kernel: width of the square kernel in pixels; odd, 1 to ``MAX_KERNEL_PX``. Left out beside
            a ``sigma``: the whole Gaussian, to ``TRUNCATE`` standard deviations on either side, as
            ``scipy.ndimage.gaussian_filter`` has it. Left out with ``sigma``: 9, the paper's.
        sigma: standard deviation in pixels, 0.001 to 10,000 (default: 4, the paper's).

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(GaussianBlur())
        'gaussian:kernel=9,sigma=4'
        >>> str(GaussianBlur(sigma=10))
        'gaussian:kernel=81,sigma=10'
    """

    name: ClassVar[str] = "gaussian"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "standard deviation per face width"

    kernel: int
    sigma: float

    def __init__(self, kernel: int | None = None, sigma: float | None = None) -> None:
        if sigma is not None:
            check_length("gaussian: sigma", sigma)
        if kernel is None:
            kernel = 9 if sigma is None else _whole_kernel(sigma)
        check_kernel("gaussian", kernel)
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "sigma", 4.0 if sigma is None else sigma)

    def strength(self, face_px: float) -> float:
        """Return the standard deviation of the truncated kernel in face widths."""
        distances = range(self.kernel // 2 + 1)
        bell = [math.exp(-0.5 * (distance / self.sigma) ** 2) for distance in distances]
        return _spread_px(bell) / face_px

    def differs_from(self, other: object) -> float:
        """Return the relative difference of sigma; infinity for another kind."""
        return abs(other.sigma / self.sigma - 1) if isinstance(other, GaussianBlur) else math.inf

    def __str__(self) -> str:
        return f"gaussian:kernel={self.kernel},sigma={number(self.sigma)}"


@dataclass(frozen=True)
class BoxBlur(Spec):
    """Convolution with a square kernel of equal weights; borders as in :class:`GaussianBlur`.

    Args:
        kernel: width of the kernel in pixels; odd, 1 to ``MAX_KERNEL_PX``.

    Raises:
        UsageError: the width is out of range.

    Examples:
        >>> str(BoxBlur(5))
        'box:kernel=5'
    """

    name: ClassVar[str] = "box"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "window per face width"

    kernel: int = 9

    def __post_init__(self) -> None:
        check_kernel("box", self.kernel)

    def strength(self, face_px: float) -> float:
        """Return the width of the kernel in face widths."""
        return self.kernel / face_px

    def __str__(self) -> str:
        return f"box:kernel={self.kernel}"


@dataclass(frozen=True)
class Window(Spec):
    """Convolution with any symmetric separable kernel; borders as in :class:`GaussianBlur`.

    Args:
        across: weights along a row from the middle outwards, in any unit: ``(2, 1)`` stands for
            the kernel (1/4, 1/2, 1/4). At least one, none negative, the largest from 1e-9 to 1e18.
        down: weights along a column (default: those of ``across``).

    Raises:
        UsageError: no weights, too many, negative ones, only zeros or too large ones.

    Examples:
        >>> str(Window(across=(4, 3, 1)))
        'window:across=4/3/1'
    """

    name: ClassVar[str] = "window"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "standard deviation per face width"

    across: tuple[float, ...] = (2.0, 1.0)
    down: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for weights in filter(None, (self.across, self.down)):
            if not all(weight >= 0 for weight in weights):
                raise UsageError("window: weights must be finite, none below 0.")
            check_between("window: largest weight", max(weights), MIN_WEIGHT, MAX_WEIGHT)
        if not self.across or self.kernel > MAX_KERNEL_PX:
            raise UsageError(f"window: needs 1 to {MAX_KERNEL_PX // 2 + 1} weights, not more.")

    @property
    def kernel(self) -> int:
        """Width in pixels of the square that holds the kernel; odd."""
        return 2 * max(len(self.across), len(self.down)) - 1

    def strength(self, face_px: float) -> float:
        """Return the standard deviation in face widths, of the two axes the smaller."""
        return min(_spread_px(self.across), _spread_px(self.down or self.across)) / face_px

    def __str__(self) -> str:
        texts = ["/".join(map(number, weights)) for weights in (self.across, self.down) if weights]
        return "window:" + ",".join(map("{}={}".format, ("across", "down"), texts))


@dataclass(frozen=True)
class Disk(Spec):
    """Convolution with a uniform disk: a lens out of focus; borders as in :class:`GaussianBlur`.

    The weight of a pixel is the area of it that the disk covers (MATLAB's ``fspecial('disk')``). A
    disk of at most half a pixel lies inside one pixel and changes nothing.

    Args:
        radius: in pixels, 0.001 to 511.5; fractions count.

    Raises:
        UsageError: the radius is out of range.

    Examples:
        >>> Disk(2.5).kernel
        5
    """

    name: ClassVar[str] = "disk"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "radius per face width"
    is_slanted: ClassVar[bool] = False

    radius: float = 4.0

    def __post_init__(self) -> None:
        check_between("disk: radius", self.radius, MIN_LENGTH_PX, MAX_KERNEL_PX / 2, "pixels")

    @property
    def kernel(self) -> int:
        """Width in pixels of the square that holds the disk; odd."""
        return 2 * max(math.ceil(self.radius - 0.5), 0) + 1

    def strength(self, face_px: float) -> float:
        """Return the radius in face widths."""
        return self.radius / face_px

    def differs_from(self, other: object) -> float:
        """Return the relative difference of the radius; infinity for another kind."""
        return abs(other.radius / self.radius - 1) if isinstance(other, Disk) else math.inf

    def __str__(self) -> str:
        return f"disk:radius={number(self.radius)}"


@dataclass(frozen=True)
class AnisotropicGaussian(Spec):
    """Convolution with a rotated Gaussian of two widths; borders as in :class:`GaussianBlur`.

    The ``aniso`` kernel of BSRGAN and Real-ESRGAN: the bivariate Gaussian density at pixel
    centres, divided by its sum. The square kernel ends beyond 4 sigma of the wider axis.

    Args:
        sigma_x: standard deviation in pixels along the first axis, 0.001 to 127.75.
        sigma_y: standard deviation in pixels along the second axis, in the same range.
        angle_degrees: angle from the rows to the first axis, counter-clockwise as seen on the
            screen; -180 to 180.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(AnisotropicGaussian(4, 1.5, angle_degrees=30))
        'aniso:sigma_x=4,sigma_y=1.5,angle_degrees=30'
    """

    name: ClassVar[str] = "aniso"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "standard deviation per face width"

    sigma_x: float = 4.0
    sigma_y: float = 1.5
    angle_degrees: float = 0.0

    def __post_init__(self) -> None:
        for name in ("sigma_x", "sigma_y"):
            sigma, most = getattr(self, name), (MAX_KERNEL_PX // 2) / TRUNCATE
            check_between(f"aniso: {name}", sigma, MIN_LENGTH_PX, most, "pixels")
        if not -180 <= self.angle_degrees <= 180:
            raise UsageError(f"aniso: angle_degrees={self.angle_degrees:g} must be -180 to 180.")

    @property
    def kernel(self) -> int:
        """Width in pixels of the square that holds the kernel; odd."""
        return 2 * math.ceil(4 * max(self.sigma_x, self.sigma_y)) + 1

    @property
    def is_slanted(self) -> bool:
        """Whether the kernel differs from its mirror image along a row."""
        return self.sigma_x != self.sigma_y and self.angle_degrees % 90 != 0

    def strength(self, face_px: float) -> float:
        """Return the smaller standard deviation in face widths."""
        return min(self.sigma_x, self.sigma_y) / face_px

    def differs_from(self, other: object) -> float:
        """Return the relative difference of the wider or the narrower sigma, whichever is larger.

        The angles are not compared. Infinity for another kind.
        """
        if not isinstance(other, AnisotropicGaussian):
            return math.inf
        pairs = zip(other._sigmas, self._sigmas, strict=True)
        return max(abs(others / own - 1) for others, own in pairs)

    @property
    def _sigmas(self) -> list[float]:
        return sorted((self.sigma_x, self.sigma_y))

    def __str__(self) -> str:
        text = f"aniso:sigma_x={number(self.sigma_x)},sigma_y={number(self.sigma_y)}"
        return f"{text},angle_degrees={number(self.angle_degrees)}"


@dataclass(frozen=True)
class Motion(Spec):
    """Convolution with a straight line: a camera that moved; borders as in :class:`GaussianBlur`.

    The line is a rectangle one pixel wide, centred on a pixel; the weight of a pixel is the area of
    it that the rectangle covers. An odd number of pixels along a row or column is a box of equal
    weights. The variance along the line is ``length**2 / 12`` to within a sixth at any angle.

    Args:
        length: in pixels, 1 to ``MAX_LENGTH_PX``; fractions count.
        angle: of the line in degrees, from the right (0) down the screen (90); below 180.

    Raises:
        UsageError: a parameter is out of range.

    Examples:
        >>> str(Motion(15, angle=30))
        'motion:length=15,angle=30'
    """

    name: ClassVar[str] = "motion"
    is_linear: ClassVar[bool] = True
    strength_unit: ClassVar[str] = "length per face width"

    length: float = 15.0
    angle: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.length <= MAX_LENGTH_PX:
            raise UsageError(
                f"motion: length={self.length:g} must be from 1 to {MAX_LENGTH_PX} pixels."
            )
        if not 0 <= self.angle < 180:
            raise UsageError(f"motion: angle={self.angle:g} must be from 0 to below 180 degrees.")

    @property
    def kernel(self) -> int:
        """Width in pixels of the square that holds the line; odd."""
        turn = math.radians(self.angle)
        cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
        reach_px = (self.length * max(cosine, sine) + min(cosine, sine)) / 2
        return 2 * max(math.ceil(reach_px - 0.5), 0) + 1

    @property
    def is_slanted(self) -> bool:
        """Whether the kernel differs from its mirror image along a row."""
        return self.angle % 90 != 0

    def strength(self, face_px: float) -> float:
        """Return the length in face widths."""
        return self.length / face_px

    def differs_from(self, other: object) -> float:
        """Return the relative difference of the length; infinity for another kind.

        The angles are not compared.
        """
        return abs(other.length / self.length - 1) if isinstance(other, Motion) else math.inf

    def __str__(self) -> str:
        return f"motion:length={number(self.length)},angle={number(self.angle)}"


Separable = GaussianBlur | BoxBlur | Window
"""Blurs whose 2-D kernel is the outer product of two 1-D kernels."""

Planar = Disk | AnisotropicGaussian | Motion
"""Blurs whose 2-D kernel is not; they state whether it is slanted (``is_slanted``)."""

Blur = Separable | Planar


def _whole_kernel(sigma: float) -> int:
    """Return the width of a Gaussian kernel that is not cut, by SciPy's rule.

    Raises:
        UsageError: it is above ``MAX_KERNEL_PX``.
    """
    kernel = 2 * math.floor(TRUNCATE * sigma + 0.5) + 1
    if kernel > MAX_KERNEL_PX:
        raise UsageError(
            f"gaussian: sigma={sigma:g} needs a kernel of {kernel} pixels, above {MAX_KERNEL_PX}; "
            f"add kernel={MAX_KERNEL_PX} to cut it there."
        )
    return kernel


def _spread_px(weights: Sequence[float]) -> float:
    """Return the standard deviation of a symmetric kernel, given from its middle outwards."""
    total = 2 * sum(weights) - weights[0]
    return math.sqrt(2 * sum(w * distance**2 for distance, w in enumerate(weights)) / total)


def check_kernel(name: str, kernel: int) -> None:
    """Refuse a kernel width that is even, below 1 or above ``MAX_KERNEL_PX``.

    Raises:
        UsageError: names the operator and the width.
    """
    if kernel % 2 == 0 or not 1 <= kernel <= MAX_KERNEL_PX:
        raise UsageError(
            f"{name}: kernel={kernel} must be an odd number of pixels from 1 to {MAX_KERNEL_PX}."
        )
