"""Numbers in text forms."""

from typing import Any

from unveil.errors import UsageError


def parse_value(what: str, text: str, kind: Any) -> int | float | tuple[float, ...]:
    """Read a value of this kind: int, float or a tuple of floats; ``what`` names it in the error.

    Raises:
        UsageError: it is none.
    """
    if kind in (int, float):
        return parse_number(what, text, whole=kind is int)
    return tuple(parse_number(what, item, whole=False) for item in text.split("/"))


def parse_number(what: str, text: str, *, whole: bool) -> int | float:
    """Read a number; ``what`` names it in the error.

    Raises:
        UsageError: it is none.
    """
    try:
        return int(text) if whole else float(text)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{what}={text!r} must be {kind}.") from None


def number(value: float) -> str:
    """Write a number so that reading it gives it back, in few digits where they suffice."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
