"""Exceptions that users see, texts for others.

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


class StdoutError(UnveilError):
    """Standard output cannot be written to: no file's fault, and nothing more can be told."""


class UsageError(UnveilError):
    """The request itself is invalid: a bad value, an unknown name (exit status 2)."""

    exit_status = 2


NO_MEMORY = "needs more memory than there is; close other programs, or take a smaller one"


def told(error: Exception, name: object) -> str:
    """Return one line on whatever went wrong with a file, so that the next one can be taken.

    Args:
        error: the exception.
        name: the file.
    """
    if isinstance(error, UnveilError):  # it names its file
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or name}: {error.strerror or error}."
    if isinstance(error, ImportError):
        return f"{name}: {unloaded(error)}"
    reason = " ".join(str(error).split())
    if isinstance(error, MemoryError) or "memory" in reason or "bad_alloc" in reason:
        return f"{name}: {NO_MEMORY}."
    return f"{name}: a fault in unveil ({type(error).__name__}: {reason[:200]}); please report it."


def unloaded(error: ImportError) -> str:
    """Return what is said where a library cannot be loaded."""
    library = (error.name or "a library").partition(".")[0]
    reason = (" ".join(str(error).split()) or "no reason given")[:200]
    return (
        f"{library} could not be loaded ({reason}); memory may be short (ulimit -v), or the "
        "installation damaged."
    )


def unknown(kind: str, word: str, choices: Iterable[str]) -> UsageError:
    """Return the error for a name that is not among ``choices``; it suggests the nearest one."""
    listed = list(choices)
    near = difflib.get_close_matches(word, listed, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return UsageError(f"unknown {kind} {word!r}{hint} Choices: {', '.join(listed) or 'none'}.")
