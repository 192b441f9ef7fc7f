"""The two kinds of trouble a user can be told about, and the wording they share.

An ``UnveilError`` is one clear line: which file or value, what is wrong, what to do.
The command line prints it without a traceback and leaves with ``exit_status``.
"""

import difflib
from collections.abc import Iterable


class UnveilError(Exception):
    """Something failed that the user can understand and mend (exit status 1)."""

    exit_status = 1


class UsageError(UnveilError):
    """The request itself makes no sense: a bad value, an unknown name (exit status 2)."""

    exit_status = 2


def unknown(kind: str, word: str, choices: Iterable[str]) -> UsageError:
    """Build the error for a name that is not one of ``choices``, with the nearest one."""
    listed = list(choices)
    near = difflib.get_close_matches(word, listed, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return UsageError(f"unknown {kind} {word!r}{hint} Choices: {', '.join(listed) or 'none'}.")
