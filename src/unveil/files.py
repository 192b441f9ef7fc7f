"""Files written whole or not at all, and which output belongs to which input."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """Give a temporary path in the folder of ``target``; rename it to ``target`` at the end.

    Whatever goes wrong inside the block, the temporary file is removed and ``target`` is as
    it was before.
    """
    handle, name = tempfile.mkstemp(
        prefix=f".{target.stem}-", suffix=f".partial{target.suffix}", dir=target.parent
    )
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.chmod(0o666 & ~_umask())  # mkstemp's 0600 is not what a user expects
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with temporary_beside(target) as partial:
        partial.write_text(text, encoding="utf-8")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
