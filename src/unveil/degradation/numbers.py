"""Numbers in text forms: parsing and writing."""

from typing import Any

from unveil.errors import UsageError


def parse_value(what: str, text: str, kind: Any) -> int | float | tuple[float, ...]:
    """Parse a value.

    Args:
        what: names the value in the error.
        text: ``9``, ``0.5``, or numbers separated by slashes for a tuple.
        kind: int, float or a tuple of floats.

    Raises:
        UsageError: the text is not of this kind.

    Examples:
        >>> parse_value("window: across", "4/3/1", tuple[float, ...])
        (4.0, 3.0, 1.0)
    """
    if kind in (int, float):
        return parse_number(what, text, whole=kind is int)
    return tuple(parse_number(what, item, whole=False) for item in text.split("/"))


def parse_number(what: str, text: str, *, whole: bool) -> int | float:
    """Parse a number, an integer if ``whole``; ``what`` names it in the error.

    Raises:
        UsageError: the text is not such a number.

    Examples:
        >>> parse_number("box: kernel", "9", whole=True)
        9
    """
    try:
        return int(text) if whole else float(text)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{what}={text!r} must be {kind}.") from None


def number(value: float) -> str:
    """Return the shortest usual text that parses back to ``value`` exactly.

    Examples:
        >>> number(4.0), number(0.1234567891)
        ('4', '0.1234567891')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
