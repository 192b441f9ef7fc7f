"""One line for words that a command does not take, where tyro prints a frame of several."""

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from unveil.errors import UsageError
from unveil.streams import naming_stdout

Parsed = TypeVar("Parsed")

WIDE = "10000"
"""Columns of a terminal in which tyro breaks no line of an error."""

PHRASES = {
    r"^Missing from (.*?):": r"\1 needs",
    r"^Missing value for argument '(.*?)'\. Expected .*?;": r"\1 needs a value;",
    r"Unrecognized": "unrecognized",
    r"Available": "available",
    r"\?;": "?",
    r"For full helptext, (run:?|see)": "see",
    r"^Error parsing (\S+): invalid literal for int\(\) with base 10: (.*?);": (
        r"\1 \2 must be a whole number;"
    ),
    r"^Error parsing (\S+): could not convert string to float: (.*?);": r"\1 \2 must be a number;",
}
"""Phrases of tyro, as patterns, and those that stand here for them."""


def parse(parser: Callable[[], Parsed], words: Sequence[str]) -> Parsed:
    """Return what ``parser``, a call of tyro, makes of ``words``.

    Raises:
        UsageError: they are not what the command takes.
        SystemExit: help was printed.
        StdoutError: it cannot be.
    """
    if {"-h", "--help"} & set(words):
        with naming_stdout():
            return parser()
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told), _wide_terminal():
            return parser()
    except SystemExit:
        if told.getvalue():
            raise UsageError(one_line(told.getvalue())) from None
        raise


@contextlib.contextmanager
def _wide_terminal() -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDE
    try:
        yield
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before


def one_line(frame: str) -> str:
    """Return what a frame of tyro says is wrong, without the help that it repeats.

    Args:
        frame: in a box or, where its characters cannot be encoded, below a title and a line.
    """
    rows = frame.splitlines()
    boxed = [row.strip("│").removeprefix(" ") for row in rows if row.startswith("│")]
    content = boxed or [row.removeprefix("  ") for row in rows[2:]]
    parts = re.split(r"─{4,}|-{4,}", "\n".join(content))
    line = "; ".join(filter(None, (_sentence(part.splitlines()) for part in parts)))
    for pattern, phrase in PHRASES.items():
        line = re.sub(pattern, phrase, line)
    return f"{line[:1].lower()}{line[1:]}."


def _sentence(rows: Sequence[str]) -> str:
    """Return a part of a frame as one sentence without a full stop.

    Args:
        rows: a heading and, indented by up to 4 blanks, what it is about; deeper, the help of that.
    """
    heading, *rest = [row.rstrip() for row in rows if row.strip()] or [""]
    if heading.startswith("Argument helptext"):
        return ""
    names = [row.strip().split(", -")[0] for row in rest if re.match(r" {1,4}\S", row)]
    if heading.startswith("Perhaps you meant"):
        return f"did you mean {names[0].split()[0]}?"
    return " ".join([heading, " and ".join(names)]).strip().rstrip(".")
