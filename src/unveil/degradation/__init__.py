"""Operators, storages and degradations: text forms, data, functions.

A specification is a frozen dataclass. Its text form (``gaussian:kernel=9,sigma=4``,
``pixelate:block=8``, ``jpeg:75``) is what the command line takes, what result rows and weights
carry, and what :func:`str` returns. What every operator states of itself is in
:class:`unveil.degradation.spec.Spec`; ``Operator`` is the union of all of them, so that a type
checker finds every place that has to handle a new one.

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
    Motion,
    Window,
)
from unveil.degradation.mosaics import (
    MAX_BLOCK_PX,
    EvenMosaic,
    Mosaic,
    Pixelate,
    Sample,
    UnevenPixelate,
)
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
from unveil.degradation.spec import Spec
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
    "EvenMosaic",
    "GaussianBlur",
    "Linear",
    "Median",
    "Mosaic",
    "Motion",
    "Noise",
    "Nonlinear",
    "Operator",
    "Pixelate",
    "Poisson",
    "Sample",
    "Solid",
    "Spec",
    "Storage",
    "Unchanged",
    "UnevenPixelate",
    "Window",
    "parse_operator",
    "parse_parameters",
    "parse_storage",
]

Linear = Blur | Mosaic
"""Linear maps: what restorers can be told to undo."""

Operator = Linear | Nonlinear

OPERATORS: dict[str, type[Operator]] = {spec.name: spec for spec in get_args(Operator)}
"""Every operator by the first word of its text form."""


@dataclass(frozen=True)
class Degradation:
    """Everything that happened to a clean image: first the operator, then the storage.

    Examples:
        >>> str(Degradation(parse_operator("pixelate:block=8"), parse_storage("jpeg:75")))
        'pixelate:block=8 in jpeg:75'
    """

    operator: Operator
    storage: Storage = Storage()  # noqa: RUF009  # frozen

    @property
    def linear(self) -> Linear:
        """The operator, if restorers can be told it.

        Raises:
            UsageError: the operator is not linear.
        """
        if isinstance(self.operator, Nonlinear):
            known = ", ".join(name for name, spec in OPERATORS.items() if spec.is_linear)
            raise UsageError(f"no restorer undoes {self.operator}; restorers undo {known}.")
        return self.operator

    def __str__(self) -> str:
        return f"{self.operator} in {self.storage}"


def parse_operator(text: str) -> Operator:
    """Parse the text form of an operator; parameters left out keep their defaults.

    Raises:
        UsageError: an unknown operator or parameter, or a value out of range.

    Examples:
        >>> parse_operator("pixelate:block=12,left=3")
        Pixelate(block=12, left=3, top=0)
        >>> str(parse_operator("gaussian:sigma=2"))
        'gaussian:kernel=17,sigma=2'
    """
    name, _, rest = text.partition(":")
    if name not in OPERATORS:
        raise unknown("operator", name, OPERATORS)
    spec = OPERATORS[name]
    types = {field.name: field.type for field in dataclasses.fields(spec)}
    return spec(**parse_parameters(name, rest, types))


def parse_parameters(name: str, text: str, types: Mapping[str, Any]) -> dict[str, Any]:
    """Parse ``key=value,key=value``, the part of a text form after the colon.

    Args:
        name: whose parameters they are, for messages.
        text: may be empty.
        types: the type of each known key: int, float or a tuple of floats (``1/2/3``).

    Raises:
        UsageError: an unknown key or one given twice, or a value that is not of its key's type.

    Examples:
        >>> parse_parameters("window", "across=4/3/1", {"across": tuple[float, ...]})
        {'across': (4.0, 3.0, 1.0)}
    """
    values: dict[str, Any] = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        if key not in types:
            raise unknown(f"parameter of {name}", key, types)
        if key in values:
            raise UsageError(f"{name}: {key} is given twice; give it once.")
        values[key] = parse_value(f"{name}: {key}", value, types[key])
    return values
