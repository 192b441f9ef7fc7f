"""Documents of JSON: read in one way, within limits."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from unveil.errors import UnveilError
from unveil.files import read_bytes

MAX_JSON_BYTES = 64 << 20
"""Of documents; cards have tens of kilobytes."""

MAX_ROWS_BYTES = 1 << 30
"""Of files with a line of JSON for each row."""

MAX_INTEGER = 2**63 - 1
"""Of documents; numpy knows no larger ones."""

MAX_DIGITS = 400
"""Of a number in documents; a float of 300 places has no more."""

MAX_NUMBER = 1e300
"""Of documents; what is larger becomes infinite in the next step."""


def read_json(path: Path, most_bytes: int = MAX_JSON_BYTES) -> Any:
    """Read a document of JSON; what is in it is still to be checked (:mod:`unveil.config`).

    Raises:
        UnveilError: it cannot be read, is too large or too deep, no JSON, or says a thing twice.
    """
    content = read_bytes(path, most_bytes)
    try:
        return parse_json(content.decode("utf-8-sig"))
    except ValueError as error:
        raise UnveilError(f"{path}: is not valid JSON ({error}).") from None


def parse_json(text: str) -> Any:
    """Return the value of a text of JSON.

    Raises:
        ValueError: it is none, nested too deeply, holds a number that is none or too large, or a
            key twice in one object: of the two, one would be dropped without a word.
    """

    def refuse(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number of JSON")

    def bounded(kind: Callable[[str], float], most: float, digits: str) -> float:
        # Python itself refuses whole numbers of many digits, in words about Python.
        if len(digits) > MAX_DIGITS or abs(value := kind(digits)) > most:
            raise ValueError(f"{digits[:20]} is too large")
        return value

    try:
        return json.loads(
            text,
            parse_constant=refuse,
            parse_int=partial(bounded, int, MAX_INTEGER),
            parse_float=partial(bounded, float, MAX_NUMBER),
            object_pairs_hook=_each_once,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON that has each key once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = [key for key, _ in pairs]
        twice = next(key for key in seen if seen.count(key) > 1)
        raise ValueError(f"{twice[:80]!r} is there twice; remove one")
    return found
