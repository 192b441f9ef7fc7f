"""Downloads of large files: resumed, and accepted by their sha256."""

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

from unveil import console
from unveil.console import Pace, bar, terminal
from unveil.errors import UnveilError
from unveil.files import file_sha256, mismatch

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30
ATTEMPTS = 5
RANGE_NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206


def download(url: str, partial: Path, sha256: str, *, max_bytes: int, pause_s: float = 1.0) -> None:
    """Fetch ``url`` into ``partial``; continue what an earlier call left there.

    Args:
        url: address of the file.
        partial: file to write. It is kept if the connection fails, deleted if its content is
            wrong.
        sha256: expected, as hexadecimal digits.
        max_bytes: refuse larger files.
        pause_s: wait after a broken connection, doubled at each of ``ATTEMPTS`` attempts.

    Raises:
        UnveilError: no connection, an HTTP error, a file that is too large or has another sha256.
    """
    if partial.exists() and file_sha256(partial) == sha256:
        return
    _fetch(url, partial, max_bytes, pause_s)
    if (found := file_sha256(partial)) != sha256:
        partial.unlink()
        raise mismatch(url, found, [sha256], "the download was deleted; run the command again")


def _fetch(url: str, partial: Path, max_bytes: int, pause_s: float) -> None:
    for attempt in range(ATTEMPTS):
        try:
            _continue_fetch(url, partial, max_bytes)
        except UnveilError:  # too large: no part of it is of use
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
                    f"{url}: cannot be downloaded ({reason}); {kept:,} bytes are kept, run the "
                    "same command to continue."
                ) from None
            time.sleep(pause_s * 2**attempt)
        else:
            return


def _continue_fetch(url: str, partial: Path, max_bytes: int) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"User-Agent": "unveil"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # checked by sha256
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE:  # nothing left to send: the sha256 decides
            error.close()
            return
        raise
    with answer:
        if answer.status != PARTIAL_CONTENT:
            have = 0  # the server cannot resume: start over
        total = have + int(answer.headers.get("Content-Length") or 0)
        if total > max_bytes:
            raise UnveilError(f"{url}: {total:,} bytes is over the limit of {max_bytes:,}.")
        mode = "ab" if have else "wb"
        label = partial.name.removesuffix(".part")
        with partial.open(mode) as file, byte_progress(label, have, total or None) as update:
            while chunk := answer.read(CHUNK_BYTES):
                have += len(chunk)
                if have > max_bytes:
                    raise UnveilError(f"{url}: more than the limit of {max_bytes:,} bytes.")
                file.write(chunk)
                update(have)
    if have < total:
        raise OSError(f"connection broken after {have:,} of {total:,} bytes")


@contextlib.contextmanager
def byte_progress(label: str, done: int, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show the progress of a transfer.

    Args:
        label: name of the job.
        done: bytes that an earlier attempt has transferred.
        total: bytes in all; None if unknown.

    Yields:
        A function to call with the number of bytes transferred so far, ``done`` included.
    """
    screen = terminal()
    if console.is_silent():
        yield lambda _: None
    elif screen is None:
        pace = Pace()

        def update(now: int) -> None:
            if now != total and pace.is_due():
                of = f" of {total / 1e6:.0f}" if total else ""
                left = f", {pace.left(now - done, total - now)}" if total else ""
                rate = pace.per_second(now - done) / 1e6
                console.note(f"{label}: {now / 1e6:.0f}{of} MB, {rate:.1f} MB/s{left}")

        yield update
    else:
        from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn

        with bar(screen, BarColumn(), DownloadColumn(), TimeRemainingColumn()) as live:
            task = live.add_task("", total=total, completed=done)
            yield lambda now: live.update(task, completed=now)
