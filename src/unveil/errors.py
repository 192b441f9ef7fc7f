"""The two exceptions that users see, and the text for unknown names.

The message of an ``UnveilError`` is one line: which file or value, what is wrong, what to do. The
command line prints it without a traceback and exits with ``exit_status``.
"""

import difflib
from collections.abc import Iterable, Sequence


class UnveilError(Exception):
    """A failure that the user can understand and fix (exit status 1)."""

    exit_status = 1


class SeveralError(UnveilError):
    """Failures of several files, a line each.

    Args:
        lines: what is said of each.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


class UsageError(UnveilError):
    """The request itself is invalid: a bad value, an unknown name (exit status 2)."""

    exit_status = 2


def unknown(kind: str, word: str, choices: Iterable[str]) -> UsageError:
    """Return the error for a name that is not among ``choices``; it suggests the nearest one."""
    listed = list(choices)
    near = difflib.get_close_matches(word, listed, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return UsageError(f"unknown {kind} {word!r}{hint} Choices: {', '.join(listed) or 'none'}.")
