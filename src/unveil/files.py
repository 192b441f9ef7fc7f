"""Files written whole or not at all, and what identifies them."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from unveil.errors import UnveilError


@contextlib.contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """Give a temporary path in the folder of ``target``; rename it to ``target`` at the end.

    Whatever goes wrong inside the block, the temporary file is removed and ``target`` is as
    it was before.
    """
    partial = target.parent / f".unveil-{secrets.token_hex(8)}.partial{target.suffix}"
    try:  # before the file is there, so that no Ctrl-C falls between the two and leaves it
        partial.touch(exist_ok=False)
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        error.filename = str(target)  # what the user knows, not the temporary name
        error.filename2 = None
        raise
    finally:
        partial.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(target: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with temporary_beside(target) as partial:
        partial.write_text(text, encoding="utf-8")


def check_folder(folder: Path) -> None:
    """Refuse a folder that can be neither written nor made, before any work is done for it.

    Raises:
        UnveilError: a file is in the way, or there is no permission.
    """
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        raise UnveilError(f"{nearest}: is a file, not a folder that can be written to.")
    if not os.access(nearest, os.W_OK):
        raise UnveilError(f"{nearest}: no permission to write there.")
