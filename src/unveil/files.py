"""Files and folders: atomic writes, checksums, the cache folder."""

import contextlib
import errno
import hashlib
import os
import platform
import secrets
import stat
import time
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from unveil.errors import UnveilError

REINSTALL = "install unveil again"
"""What to do when a file of the package is damaged."""

STALE_S = 24 * 3600.0
"""Age from which a partial file belongs to no run."""

SHOWN_DIGITS = 12
"""Number of hexadecimal digits of a sha256 in messages."""


@contextlib.contextmanager
def temporary_beside(target: Path, *, replaces: bool = True) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``target``; rename it to ``target`` at the end.

    If the block raises, the temporary file is removed and ``target`` is left unchanged.

    Args:
        target: the file that is written.
        replaces: whether it may be there by then.

    Raises:
        UnveilError: it is there, and may not be.
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
        _rename(partial, target, replaces=replaces)
    except OSError as error:
        error.filename = str(target)  # the name that the user knows, not the temporary one
        error.filename2 = None
        raise
    finally:
        partial.unlink(missing_ok=True)


def _rename(partial: Path, target: Path, *, replaces: bool) -> None:
    """Rename a file; without a gap between looking and writing where the system can link files.

    Raises:
        UnveilError: another process has written the target meanwhile, and it is not to be replaced.
    """
    if not replaces:
        try:
            os.link(partial, target)
        except FileExistsError:
            raise UnveilError(exists_already(target)) from None
        except (OSError, NotImplementedError):  # a file system without links
            if target.exists():
                raise UnveilError(exists_already(target)) from None
        else:
            return
    partial.replace(target)


def settle(folder: Path) -> None:
    """Let the names in a folder outlast a power cut, as far as the system can."""
    with contextlib.suppress(OSError):  # Windows opens no folders; some file systems flush none
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def exists_already(target: Path) -> str:
    """Return what is said of a file that is there and not to be replaced."""
    return f"{target}: exists already; replace it with --overwrite."


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


STDIN = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")

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


def sweep(folder: Path) -> None:
    """Remove what runs that were killed left in a folder.

    A run of another machine may still be writing what is younger than ``STALE_S``.
    """
    with contextlib.suppress(OSError):
        for left in folder.glob(".unveil-*.partial*"):
            with contextlib.suppress(OSError):
                if _is_dead(left.name) or time.time() - left.stat().st_mtime > STALE_S:
                    left.unlink()


_sweep = cache(sweep)
"""Once for each folder."""


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
    return _is_zombie(number)


def _is_zombie(number: str) -> bool:
    """Return whether a process has ended, and nobody asked how; in a container, nobody may."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        return status.rpartition(")")[2].split()[0] == "Z"
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
    folder.mkdir(parents=True, exist_ok=True)
    refusal = f"{folder}: another {what} is running in it; {remedy}."
    with locked(folder / f".{what}.lock", refusal):
        yield


@contextlib.contextmanager
def locked(lock: Path, refusal: str) -> Iterator[None]:
    """Hold a lock while the block runs; its file stays, for removing it would let two in.

    Raises:
        UnveilError: ``refusal``, where another process holds it.
    """
    from filelock import FileLock, Timeout

    try:
        held = FileLock(lock).acquire(blocking=False)
    except Timeout:
        raise UnveilError(refusal) from None
    with held:
        yield


def check_folder(folder: Path) -> None:
    """Check, before any work is done, that a folder can be written to or created.

    Raises:
        UnveilError: a file has its name or a parent's, or permission is missing.
    """
    nearest = next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110  # takes any name
    if not nearest.is_dir():
        kind = "a pipe or a device" if is_special(nearest) else "a file"
        raise UnveilError(f"{nearest}: is {kind}, not a folder that can be written to.")
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
        remedy = "; a photo from standard input is called -" if str(path) in STDIN else ""
        raise UnveilError(f"{path}: cannot be read (it is {kind}){remedy}.")
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
