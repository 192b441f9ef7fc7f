"""Operators and storages as data: small frozen configs with one text form each.

The text form (``gaussian:kernel=9,sigma=4``, ``pixelate:block=8``, ``jpeg:75``) is what the
command line takes, what result rows and weights carry, and what :func:`str` gives.
Nothing here needs torch: a bad spec is refused before anything heavy is imported.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from unveil.degradation.blurs import (
    MAX_KERNEL_PX,
    AnisotropicGaussian,
    Blur,
    BoxBlur,
    Disk,
    GaussianBlur,
    Window,
)
from unveil.degradation.mosaics import MAX_BLOCK_PX, Mosaic, Pixelate, Sample
from unveil.degradation.numbers import parse_value
from unveil.degradation.others import (
    Downscale,
    DpPix,
    Median,
    Noise,
    Nonlinear,
    Poisson,
    Solid,
    Unchanged,
)
from unveil.degradation.storages import Storage, parse_storage
from unveil.errors import UsageError, unknown

__all__ = [
    "MAX_BLOCK_PX",
    "MAX_KERNEL_PX",
    "OPERATORS",
    "AnisotropicGaussian",
    "Blur",
    "BoxBlur",
    "Degradation",
    "Disk",
    "Downscale",
    "DpPix",
    "GaussianBlur",
    "Linear",
    "Median",
    "Mosaic",
    "Noise",
    "Nonlinear",
    "Operator",
    "Pixelate",
    "Poisson",
    "Sample",
    "Solid",
    "Storage",
    "Unchanged",
    "Window",
    "parse_operator",
    "parse_parameters",
    "parse_storage",
]

Linear = Blur | Mosaic
"""What the restorers know: what is linear."""

Operator = Linear | Nonlinear

OPERATORS: dict[str, type[Operator]] = {
    "gaussian": GaussianBlur,
    "box": BoxBlur,
    "window": Window,
    "disk": Disk,
    "aniso": AnisotropicGaussian,
    "pixelate": Pixelate,
    "sample": Sample,
    "median": Median,
    "downscale": Downscale,
    "solid": Solid,
    "noise": Noise,
    "poisson": Poisson,
    "dppix": DpPix,
    "none": Unchanged,
}


@dataclass(frozen=True)
class Degradation:
    """All that happened to the clean image: the operator, then the storage."""

    operator: Operator
    storage: Storage = Storage()  # noqa: RUF009  # frozen

    @property
    def linear(self) -> Linear:
        """The operator, if it is one that restorers know.

        Raises:
            UsageError: it is not.
        """
        if isinstance(self.operator, Nonlinear):
            known = [name for name, kind in OPERATORS.items() if kind in get_args(Linear)]
            raise UsageError(
                f"nothing that is told {self.operator} undoes it; restorers know "
                f"{', '.join(known)}."
            )
        return self.operator

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
    return kind(**parse_parameters(name, rest, types))


def parse_parameters(name: str, text: str, types: Mapping[str, Any]) -> dict[str, Any]:
    """Read ``key=value,key=value``, the part of a text form that follows the colon.

    Args:
        name: whose parameters they are, for messages.
        text: may be empty.
        types: the keys there are, with their types: int, float or a tuple of floats (``1/2/3``).

    Raises:
        UsageError: unknown key, or a value that is no such number.
    """
    values = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        if key not in types:
            raise unknown(f"parameter of {name}", key, types)
        values[key] = parse_value(f"{name}: {key}", value, types[key])
    return values
