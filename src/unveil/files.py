"""Files and folders: atomic writes, checksums, the cache folder."""

import contextlib
import errno
import hashlib
import json
import os
import platform
import secrets
import stat
import time
from collections.abc import Callable, Collection, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

from platformdirs import user_cache_path

from unveil.errors import UnveilError

REINSTALL = "install unveil again"
"""What to do when a file of the package is damaged."""

MAX_JSON_BYTES = 64 << 20
"""Of documents; cards have tens of kilobytes."""

MAX_ROWS_BYTES = 1 << 30
"""Of files with a line of JSON for each row."""

MAX_INTEGER = 2**63 - 1
"""Of documents; numpy knows no larger ones."""

MAX_NUMBER = 1e300
"""Of documents; what is larger becomes infinite in the next step."""

STALE_S = 24 * 3600.0
"""Age from which a partial file belongs to no run."""

SHOWN_DIGITS = 12
"""Number of hexadecimal digits of a sha256 in messages."""


@contextlib.contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``target``; rename it to ``target`` at the end.

    If the block raises, the temporary file is removed and ``target`` is left unchanged.
    """
    if is_special(target):
        raise OSError(errno.EINVAL, SPECIAL, str(target))
    _sweep(target.parent)
    owner = f"{_machine()}-{os.getpid()}"
    partial = target.parent / f".unveil-{owner}-{secrets.token_hex(4)}.partial{target.suffix}"
    try:  # entered before the file exists: Ctrl-C between the two would leave it behind
        partial.touch(exist_ok=False)
        yield partial
        with partial.open("r+b") as file:  # Windows cannot flush what is open for reading only
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        error.filename = str(target)  # the name that the user knows, not the temporary one
        error.filename2 = None
        raise
    finally:
        partial.unlink(missing_ok=True)


def is_file(path: Path) -> bool:
    """Return whether there is a file of this name; of one that is too long there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Return whether there is a folder of this name; of one that is too long there is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, but for linked folders and those that cannot be read."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


SPECIAL = "it is a pipe or a device"


def is_special(target: Path) -> bool:
    """Return whether a path is a pipe, a socket or a device, which no file is to replace."""
    try:
        mode = target.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_target(target: Path) -> bool:
    """Return whether a file exists that an output would replace.

    Raises:
        UnveilError: its name cannot be one, or it is a pipe or a device.
    """
    try:
        target.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnveilError(f"{target}: cannot be written ({reason}).") from None
    if is_special(target):
        raise UnveilError(f"{target}: cannot be written ({SPECIAL}).")
    return True


@cache
def _sweep(folder: Path) -> None:
    """Remove what runs that were killed left in a folder, once for each folder.

    A run of another machine may still be writing what is younger than ``STALE_S``.
    """
    with contextlib.suppress(OSError):
        for left in folder.glob(".unveil-*.partial*"):
            with contextlib.suppress(OSError):
                if _is_dead(left.name) or time.time() - left.stat().st_mtime > STALE_S:
                    left.unlink()


def _is_dead(name: str) -> bool:
    """Return whether a partial file is known to be of a process that has ended."""
    machine, _, process = name.removeprefix(".unveil-").partition(".")[0].partition("-")
    number = process.partition("-")[0]
    if os.name != "posix" or machine != _machine() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


@cache
def _machine() -> str:
    """Return eight digits for the processes that see each other: of one machine, or container."""
    seen = [platform.node()]
    with contextlib.suppress(OSError):
        seen.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        seen.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:8]


def write_text(target: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with temporary_beside(target) as partial:
        partial.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def only_one(folder: Path, what: str, remedy: str) -> Iterator[None]:
    """Let only one process at a time work in a folder; create it if needed.

    The lock is the operating system's, so that it ends with the process that holds it.

    Args:
        folder: the folder.
        what: what works there, for the message: ``training``.
        remedy: what the user should do if another one does, as an imperative clause.

    Raises:
        UnveilError: another one is running there.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(folder / f".{what}.lock").acquire(blocking=False)
    except Timeout:
        raise UnveilError(f"{folder}: another {what} is running in it; {remedy}.") from None
    with held:
        yield


def check_folder(folder: Path) -> None:
    """Check, before any work is done, that a folder can be written to or created.

    Raises:
        UnveilError: a file has its name or a parent's, or permission is missing.
    """
    nearest = next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110  # takes any name
    if not nearest.is_dir():
        raise UnveilError(f"{nearest}: is a file, not a folder that can be written to.")
    if not os.access(nearest, os.W_OK):
        raise UnveilError(f"{nearest}: no permission to write there.")


def cache_folder() -> Path:
    """Return the folder for caches and downloads: ``$UNVEIL_CACHE``, else the user's cache."""
    chosen = os.environ.get("UNVEIL_CACHE")
    return Path(chosen) if chosen else user_cache_path("unveil")


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_regular(path: Path) -> os.stat_result:
    """Check that a path is a regular file: nothing waits for a pipe, or reads a device for ever.

    Returns:
        What the system says of it.

    Raises:
        UnveilError: it is none, or there is none.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise UnveilError(f"{path}: no such file.") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnveilError(f"{path}: cannot be read ({reason}).") from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device"
        raise UnveilError(f"{path}: cannot be read (it is {kind}).")
    return found


def read_bytes(path: Path, most_bytes: int | None = None) -> bytes:
    """Read a regular file.

    Args:
        path: the file.
        most_bytes: its greatest size; None for any.

    Raises:
        UnveilError: it cannot be read, is no regular file, or is larger.
    """
    found = check_regular(path)
    if most_bytes is not None and found.st_size > most_bytes:
        size, most = found.st_size / 1e6, most_bytes / 1e6
        raise UnveilError(f"{path}: {size:,.0f} MB are too many; {most:.0f} are allowed.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None


def read_json(path: Path, most_bytes: int = MAX_JSON_BYTES) -> Any:
    """Read a document of JSON; what is in it is still to be checked (:mod:`unveil.config`).

    Raises:
        UnveilError: it cannot be read, is too large or too deep, or no JSON.
    """
    content = read_bytes(path, most_bytes)
    try:
        return parse_json(content.decode("utf-8-sig"))
    except ValueError as error:
        raise UnveilError(f"{path}: is not valid JSON ({error}).") from None


def parse_json(text: str) -> Any:
    """Return the value of a text of JSON.

    Raises:
        ValueError: it is none, nested too deeply, or holds a number that is none or too large.
    """

    def refuse(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number of JSON")

    def bounded(kind: Callable[[str], float], most: float, digits: str) -> float:
        value = kind(digits)
        if abs(value) > most:
            raise ValueError(f"{digits[:20]} is too large")
        return value

    try:
        return json.loads(
            text,
            parse_constant=refuse,
            parse_int=partial(bounded, int, MAX_INTEGER),
            parse_float=partial(bounded, float, MAX_NUMBER),
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_checked(path: Path, sha256: str, remedy: str) -> bytes:
    """Read a file whose sha256 is known.

    The returned bytes are the ones that were hashed: a file replaced in between cannot slip in.

    Args:
        path: the file.
        sha256: expected, as hexadecimal digits.
        remedy: what the user should do if the file is damaged, as an imperative clause.

    Raises:
        UnveilError: the file cannot be read, or its sha256 differs.
    """
    content = read_bytes(path)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise mismatch(path, found, [sha256], remedy)
    return content


def check_sha256(path: Path, known: Collection[str], remedy: str) -> str:
    """Return the sha256 of a file, which must be one of ``known``; any size, constant memory.

    Args:
        path: the file.
        known: accepted checksums, as hexadecimal digits.
        remedy: as for :func:`read_checked`.

    Raises:
        UnveilError: the file cannot be read, or its sha256 is not known.
    """
    try:
        found = file_sha256(path)
    except OSError as error:
        raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    if found not in known:
        raise mismatch(path, found, known, remedy)
    return found


def mismatch(name: object, found: str, known: Collection[str], remedy: str) -> UnveilError:
    """Build the error for a file, or the address it came from, with an unexpected sha256."""
    expected = " or ".join(sha256[:SHOWN_DIGITS] for sha256 in known)
    return UnveilError(
        f"{name}: is damaged or not the expected file (sha256 {found[:SHOWN_DIGITS]}, "
        f"expected {expected}); {remedy}."
    )
