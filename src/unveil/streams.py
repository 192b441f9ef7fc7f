"""Standard streams that cannot be written."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from unveil.errors import StdoutError


@contextlib.contextmanager
def naming_stdout() -> Iterator[None]:
    """Name standard output where what the block prints cannot be written; all of it is by the end.

    Raises:
        StdoutError: it cannot be written.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # its reader has left, as `head` does
        raise
    except OSError as error:
        silence(sys.stdout)
        raise StdoutError(f"standard output: cannot be written ({error.strerror}).") from None


def tell(text: str) -> None:
    """Print a line to standard error; where it cannot be written to, the work goes on untold."""
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Drop what is left of a stream: Python would try again at its end, and print a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
