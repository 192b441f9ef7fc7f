"""Operators and storages as data: small frozen configs with one text form each.

The text form (``gaussian:kernel=9,sigma=4``, ``pixelate:block=8``, ``jpeg:75``) is what the
command line takes, what result rows and weights carry, and what :func:`str` gives.
Nothing here needs torch: a bad spec is refused before anything heavy is imported.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

from unveil.errors import UsageError, unknown

MAX_KERNEL_PX = 1023
MAX_BLOCK_PX = 4096


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
        _check_kernel("gaussian", self.kernel)
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise UsageError(f"gaussian: sigma={self.sigma:g} must be above 0 pixels.")

    def __str__(self) -> str:
        return f"gaussian:kernel={self.kernel},sigma={_number(self.sigma)}"


@dataclass(frozen=True)
class BoxBlur:
    """Convolution with a square window of equal weights; borders as in :class:`GaussianBlur`.

    Args:
        kernel: width of the window in pixels; odd.
    """

    kernel: int = 9

    def __post_init__(self) -> None:
        _check_kernel("box", self.kernel)

    def __str__(self) -> str:
        return f"box:kernel={self.kernel}"


@dataclass(frozen=True)
class Pixelate:
    """Mosaic: every block is painted with the mean of its pixels.

    Args:
        block: side of the square block in pixels.
        left: column of the first grid line, from 0 (the image's edge) to ``block - 1``.
        top: row of the first grid line.

    Blocks that the image's edges cut are smaller and take the mean of what they hold.
    """

    block: int = 8
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        _check_grid("pixelate", self.block, self.left, self.top)

    def __str__(self) -> str:
        return _grid_text("pixelate", self.block, self.left, self.top)


@dataclass(frozen=True)
class Sample:
    """Mosaic of nearest-neighbour scaling: every block is painted with its top-left pixel.

    Args:
        block: side of the square block in pixels.
        left: column of the first grid line, from 0 (the image's edge) to ``block - 1``.
        top: row of the first grid line.
    """

    block: int = 8
    left: int = 0
    top: int = 0

    def __post_init__(self) -> None:
        _check_grid("sample", self.block, self.left, self.top)

    def __str__(self) -> str:
        return _grid_text("sample", self.block, self.left, self.top)


Blur = GaussianBlur | BoxBlur
Mosaic = Pixelate | Sample
Operator = Blur | Mosaic

OPERATORS: dict[str, type[Operator]] = {
    "gaussian": GaussianBlur,
    "box": BoxBlur,
    "pixelate": Pixelate,
    "sample": Sample,
}


@dataclass(frozen=True)
class Storage:
    """How the obfuscated image is kept before anyone restores it; a step of its own.

    ``float`` keeps every bit (the study), ``8bit`` rounds to 256 levels (any real file),
    ``jpeg`` goes through the real codec at ``quality`` with 4:2:0 chroma.
    """

    kind: Literal["float", "8bit", "jpeg"] = "8bit"
    quality: int | None = None

    def __post_init__(self) -> None:
        if self.kind == "jpeg" and not (self.quality and 1 <= self.quality <= 100):
            raise UsageError(f"jpeg: quality {self.quality} must be from 1 to 100, as in jpeg:75.")

    def __str__(self) -> str:
        return f"jpeg:{self.quality}" if self.kind == "jpeg" else self.kind


@dataclass(frozen=True)
class Degradation:
    """All that happened to the clean image: the operator, then the storage."""

    operator: Operator
    storage: Storage = Storage()

    def __str__(self) -> str:
        return f"{self.operator} in {self.storage}"


def parse_operator(text: str) -> Operator:
    """Read the text form of an operator; parameters left out keep their defaults.

    Raises:
        UsageError: unknown operator or parameter, or a value outside its range.
    """
    name, _, rest = text.partition(":")
    if name not in OPERATORS:
        raise unknown("operator", name, OPERATORS)
    kind = OPERATORS[name]
    types = {field.name: field.type for field in dataclasses.fields(kind)}
    values: dict[str, int | float] = {}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key not in types:
            raise unknown(f"parameter of {name}", key, types)
        values[key] = _parse_number(f"{name}: {key}", value, whole=types[key] is int)
    return kind(**values)  # type: ignore[arg-type]  # int or float, as the field says


def parse_storage(text: str) -> Storage:
    """Read the text form of a storage: ``float``, ``8bit`` or ``jpeg:QUALITY``.

    Raises:
        UsageError: anything else.
    """
    if text == "float":
        return Storage("float")
    if text == "8bit":
        return Storage("8bit")
    kind, _, quality = text.partition(":")
    if kind != "jpeg":
        raise unknown("storage", text, ["float", "8bit", "jpeg:75"])
    return Storage("jpeg", int(_parse_number("jpeg: quality", quality, whole=True)))


def _check_kernel(name: str, kernel: int) -> None:
    if kernel % 2 == 0 or not 1 <= kernel <= MAX_KERNEL_PX:
        raise UsageError(
            f"{name}: kernel={kernel} must be an odd number of pixels from 1 to {MAX_KERNEL_PX}."
        )


def _check_grid(name: str, block: int, left: int, top: int) -> None:
    if not 1 <= block <= MAX_BLOCK_PX:
        raise UsageError(f"{name}: block={block} must be from 1 to {MAX_BLOCK_PX} pixels.")
    if not (0 <= left < block and 0 <= top < block):
        raise UsageError(f"{name}: left={left} and top={top} must be from 0 to {block - 1}.")


def _grid_text(name: str, block: int, left: int, top: int) -> str:
    return f"{name}:block={block}" + (f",left={left},top={top}" if left or top else "")


def _parse_number(what: str, text: str, *, whole: bool) -> int | float:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{what}={text!r} must be {kind}.") from None


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
