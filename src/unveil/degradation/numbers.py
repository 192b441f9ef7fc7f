"""Numbers in text forms: parsing and writing."""

from typing import Any

from unveil.errors import UsageError


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
    try:
        values = tuple(map(parse, items))
    except ValueError:
        expected = "a whole number" if parse is int else "a number"
        wrong = next(item for item in items if not _is_number(item, parse))
        raise UsageError(f"{what}={wrong!r} must be {expected}.") from None
    return values[0] if kind in (int, float) else values


def _is_number(text: str, parse: type[int | float]) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def number(value: float) -> str:
    """Return the shortest usual text that parses back to ``value`` exactly.

    Examples:
        >>> number(4.0), number(0.1234567891)
        ('4', '0.1234567891')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
