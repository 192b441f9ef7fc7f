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
        if self.kernel % 2 == 0 or not 1 <= self.kernel <= MAX_KERNEL_PX:
            raise UsageError(
                f"gaussian: kernel={self.kernel} must be an odd number of pixels "
                f"from 1 to {MAX_KERNEL_PX}."
            )
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise UsageError(f"gaussian: sigma={self.sigma:g} must be above 0 pixels.")

    def __str__(self) -> str:
        return f"gaussian:kernel={self.kernel},sigma={_number(self.sigma)}"


@dataclass(frozen=True)
class Pixelate:
    """Mosaic: every block is painted with the mean of its pixels.

    Args:
        block: side of the square block in pixels.

    The grid starts at the top-left pixel. Where the image is not a whole number of blocks,
    the last row and column of blocks are smaller and take the mean of what they hold.
    """

    block: int = 8

    def __post_init__(self) -> None:
        if not 1 <= self.block <= MAX_BLOCK_PX:
            raise UsageError(
                f"pixelate: block={self.block} must be from 1 to {MAX_BLOCK_PX} pixels."
            )

    def __str__(self) -> str:
        return f"pixelate:block={self.block}"


Operator = GaussianBlur | Pixelate

OPERATORS: dict[str, type[GaussianBlur] | type[Pixelate]] = {
    "gaussian": GaussianBlur,
    "pixelate": Pixelate,
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


def _parse_number(what: str, text: str, *, whole: bool) -> int | float:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{what}={text!r} must be {kind}.") from None


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
