"""Numbers in text forms: parsing and writing."""

import re
from typing import Any

from unveil.errors import UsageError

MIN_LENGTH_PX, MAX_LENGTH_PX = 0.001, 10_000
"""Of what states a length and has no narrower range: below, nothing changes."""

FORMS = {
    int: r"[+-]?[0-9]{1,19}",
    float: r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|nan|[+-]?inf",
}
"""How numbers are written; Python takes 6_7, too. nan and inf are out of all ranges."""


def parse_value(what: str, text: str, kind: Any) -> Any:
    """Parse a value.

    Args:
        what: names the value in the error.
        text: ``9``, ``0.5``, or numbers separated by slashes for a tuple.
        kind: int, perhaps None where it is left out, float or a tuple of floats.

    Raises:
        UsageError: the text is not of this kind.

    Examples:
        >>> parse_value("window: across", "4/3/1", tuple[float, ...])
        (4.0, 3.0, 1.0)
        >>> parse_value("box: kernel", "9", int)
        9
    """
    kind = int if kind == int | None else kind
    parse = int if kind is int else float
    items = [text] if kind in (int, float) else text.split("/")
    for item in items:
        if not re.fullmatch(FORMS[parse], item.strip(" ")):
            expected = "a whole number" if parse is int else "a number"
            raise UsageError(f"{what}={item[:40]!r} must be {expected}.")
    values = tuple(map(parse, items))
    return values[0] if kind in (int, float) else values


def check_between(what: str, value: float, least: float, most: float, unit: str = "") -> None:
    """Refuse a number out of its range; one that is none is out of every range.

    Args:
        what: names the value in the error: ``disk: radius``.
        value: the number.
        least: the smallest that is allowed.
        most: the largest that is allowed.
        unit: of all three, for the error: ``pixels``.

    Raises:
        UsageError: it is out of its range.
    """
    if not least <= value <= most:
        raise UsageError(
            f"{what}={value:g} must be from {least:g} to {_plain(most)} {unit}".rstrip() + "."
        )


def _plain(value: float) -> str:
    """Return a bound as a person writes it: ``10,000``, ``511.5``, ``1e+18``."""
    return f"{value:,}" if value < 1e9 else f"{value:g}"


def check_length(what: str, value_px: float) -> None:
    """Refuse a length that is none of a picture, as :func:`check_between` does."""
    check_between(what, value_px, MIN_LENGTH_PX, MAX_LENGTH_PX, "pixels")


def number(value: float) -> str:
    """Return the shortest usual text that parses back to ``value`` exactly.

    Examples:
        >>> number(4.0), number(0.1234567891)
        ('4', '0.1234567891')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
