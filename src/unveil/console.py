"""How a command speaks: results on standard output, everything else on standard error.

A result is a row: a JSON line under ``--json``, else its words. Remarks end under ``--quiet``;
warnings and errors never do. The manner is one for the process, as the two streams are.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Manner:
    """How to speak.

    Attributes:
        quiet: leave out remarks and progress.
        as_json: print results as JSON lines.
        facts: what has been learnt since the last result, for the row of the next one.
    """

    quiet: bool = False
    as_json: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


_manner = Manner()


@contextlib.contextmanager
def speaking(*, quiet: bool, as_json: bool) -> Iterator[None]:
    """Speak in this manner while the block runs."""
    global _manner  # as global as the streams themselves
    before, _manner = _manner, Manner(quiet, as_json)
    try:
        yield
    finally:
        _manner = before


def is_quiet() -> bool:
    """Say whether remarks and progress are to be left out."""
    return _manner.quiet


def is_json() -> bool:
    """Say whether results are JSON."""
    return _manner.as_json


def results(rows: Sequence[dict[str, Any]], words: object = None) -> None:
    """Print results: each of ``rows`` as a JSON line, or all of them in ``words`` (None: none)."""
    facts, _manner.facts = _manner.facts, {}
    if _manner.as_json:
        for row in rows:
            print(json.dumps({**row, **facts}), flush=True)
    elif words is not None:
        print(words, flush=True)


def result(row: dict[str, Any], words: object = None) -> None:
    """Print one result: ``row`` and all facts since the last one as JSON, or ``words``."""
    results([row], words)


def written(target: Path, row: dict[str, Any] | None = None) -> None:
    """Print the result of a command that makes files: the path of one."""
    result({**(row or {}), "written": str(target)}, target)


def would_write(
    target: Path, row: dict[str, Any] | None = None, source: Path | None = None
) -> None:
    """Print what ``--dry-run`` left out: one file or folder that would be written.

    Args:
        target: what would be written.
        row: what is known of it.
        source: the file that it would be made from.
    """
    replaces = target.is_file()
    words = f"would {'replace' if replaces else 'write'} {target}"
    if source is not None:
        words += f" from {source}"
    result({**(row or {}), "would_write": str(target), "replaces": replaces}, words)


def add(**facts: Any) -> None:
    """Add facts to the row of the next result; words leave them out."""
    _manner.facts |= facts


def note(words: object) -> None:
    """Remark something on standard error, but not under ``--quiet``."""
    if not _manner.quiet:
        print(words, file=sys.stderr, flush=True)


def warn(words: object) -> None:
    """Warn of something, in words without a full stop."""
    print(f"unveil: warning: {words}.", file=sys.stderr, flush=True)


def fail(error: object) -> None:
    """Print the lines of an error, each with the program's name; facts end with what failed."""
    _manner.facts = {}
    for line in str(error).splitlines():
        print(f"unveil: {line}", file=sys.stderr, flush=True)
