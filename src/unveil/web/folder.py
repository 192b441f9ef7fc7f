"""The server's own folder of temporary files: nothing of it stays, however the server ends."""

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":  # there, what a killed server left stays until the system removes it
    import fcntl

PREFIX, ALIVE = "unveil-serve-", "alive"
"""Start of the folder's name, and the file in it that its server holds a lock on."""

TRIES = 5
"""To remove a folder that a thread is just writing to."""


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Yield a folder for all temporary files of this process; remove it in the end.

    Folders of servers that were killed are removed first.
    """
    parent = Path(tempfile.gettempdir())
    _sweep(parent)
    # Named only when it is locked: another server would sweep it.
    unnamed = Path(tempfile.mkdtemp(prefix="unveil-new-"))
    folder = parent / unnamed.name.replace("unveil-new-", PREFIX)
    before = tempfile.tempdir
    try:
        with (unnamed / ALIVE).open("wb") as lock:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(folder)
            tempfile.tempdir = str(folder)
            yield folder
    finally:
        tempfile.tempdir = before
        remove(folder)
        remove(unnamed)


def remove(folder: Path) -> None:
    """Remove a folder, even if another thread is writing to it."""
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _sweep(parent: Path) -> None:
    """Remove the folders of this user's servers that are no longer alive."""
    for found in parent.glob(f"{PREFIX}*"):
        if re.fullmatch(rf"{PREFIX}\w+", found.name) and _is_left(found):
            remove(found)


def _is_left(folder: Path) -> bool:
    """Return whether a folder is this user's and no process holds its lock."""
    if sys.platform == "win32":
        return False
    try:
        about = folder.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
            return False
        lock = os.open(folder / ALIVE, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:  # removed but for its last files
        return True
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
