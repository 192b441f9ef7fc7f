"""Labeled Faces in the Wild, funneled: download once into the cache folder.

The original host is gone; the mirror and its checksum are those that scikit-learn states.
LFW is for research use (Huang et al., University of Massachusetts, TR 07-49, 2007).
"""

import shutil
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from unveil import console
from unveil.errors import UnveilError
from unveil.files import cache_folder, file_sha256, mismatch

URL = "https://ndownloader.figshare.com/files/5976015"
SHA256 = "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a"
FOLDER = "lfw_funneled"
MAX_BYTES = 1_000_000_000
MAX_UNPACKED_BYTES = 2_000_000_000
CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30
ATTEMPTS = 5


def target_folder() -> Path:
    """Return where the photos are kept."""
    return cache_folder() / FOLDER


def default_folder() -> Path:
    """Return the downloaded LFW folder.

    Raises:
        UnveilError: it has not been downloaded.
    """
    folder = target_folder()
    if not folder.is_dir():
        raise UnveilError("no photos given: use --data DIR, or run `unveil download` for LFW.")
    return folder


def download(url: str = URL, sha256: str = SHA256, *, pause_s: float = 1.0) -> Path:
    """Fetch, check and unpack the archive; return the folder of photos. Run again, it resumes.

    Args:
        url: where the ``.tgz`` is.
        sha256: what it must hash to; anything else is deleted, never unpacked.
        pause_s: wait after a broken connection, doubled at each of ``ATTEMPTS`` attempts.

    Raises:
        UnveilError: offline, broken off too often, wrong checksum, damaged archive.
    """
    target = target_folder()
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.parent / f"{FOLDER}.tgz.part"
    if not partial.exists() or file_sha256(partial) != sha256:
        _fetch(url, partial, pause_s)
        if (found := file_sha256(partial)) != sha256:
            partial.unlink()
            raise mismatch(url, found, [sha256], "the download was deleted; run the command again")
    _unpack(partial, target)
    partial.unlink()
    return target


def _fetch(url: str, partial: Path, pause_s: float) -> None:
    for attempt in range(ATTEMPTS):
        try:
            _continue_fetch(url, partial)
        except UnveilError:  # too large: nothing of it can be of use
            partial.unlink(missing_ok=True)
            raise
        except urllib.error.HTTPError as error:
            error.close()
            raise UnveilError(f"{url}: the server answered {error.code} {error.reason}.") from None
        except (OSError, HTTPException) as error:
            if attempt == ATTEMPTS - 1:
                kept = partial.stat().st_size if partial.exists() else 0
                reason = getattr(error, "reason", error)
                raise UnveilError(
                    f"{url}: cannot be fetched ({reason}); {kept:,} bytes are kept, "
                    "run the same command to go on."
                ) from None
            time.sleep(pause_s * 2**attempt)
        else:
            return


def _continue_fetch(url: str, partial: Path) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # checked by sha256
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send: the checksum decides
            error.close()
            return
        raise
    with answer:
        if answer.status != 206:
            have = 0  # the server does not resume: start over
        total = have + int(answer.headers.get("Content-Length") or 0)
        if total > MAX_BYTES:
            raise UnveilError(f"{url}: {total:,} bytes is over the limit of {MAX_BYTES:,}.")
        with partial.open("ab" if have else "wb") as file, _bar() as bar:
            task = bar.add_task("", total=total or None, completed=have)
            while chunk := answer.read(CHUNK_BYTES):
                have += len(chunk)
                if have > MAX_BYTES:
                    raise UnveilError(f"{url}: more than the limit of {MAX_BYTES:,} bytes.")
                file.write(chunk)
                bar.update(task, completed=have)
    if have < total:
        raise OSError(f"broken off after {have:,} of {total:,} bytes")


def _unpack(archive: Path, target: Path) -> None:
    unpacked = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{FOLDER}-"))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            _extract(tar, unpacked)
        inner = unpacked / FOLDER
        (inner if inner.is_dir() else unpacked).replace(target)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        archive.unlink()
        raise UnveilError(f"{archive}: cannot be unpacked ({error}); it was deleted.") from None
    except OSError as error:  # a full disk, say: the archive itself may be good
        raise UnveilError(f"{archive}: cannot be unpacked ({error}).") from None
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Write the regular files of ``tar``; links and devices have no business in a photo archive.

    By hand, because Python 3.11.2 (Debian 12) has no extraction filters yet.
    """
    left = MAX_UNPACKED_BYTES
    for member in tar:
        path, left = PurePosixPath(member.name), left - member.size
        if path.is_absolute() or ".." in path.parts:
            raise tarfile.TarError(f"{member.name} would leave its folder")
        if left < 0:
            raise tarfile.TarError(f"more than the limit of {MAX_UNPACKED_BYTES:,} bytes")
        content = tar.extractfile(member) if member.isreg() else None
        if content is not None:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)


def _bar() -> Progress:
    terminal = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    hidden = console.is_quiet() or not terminal.is_terminal
    return Progress(*columns, console=terminal, disable=hidden, transient=True)
