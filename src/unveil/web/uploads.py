"""Files that arrive before the page asks about them: bounded in number, bytes and age."""

import secrets
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from starlette.requests import Request

from unveil.web.door import Refusal
from unveil.web.folder import remove

MOST = 64
"""Greatest number of files that wait to be taken."""

KEPT_S = 60.0
"""Time after which a file that nobody took is deleted: the page takes it at once."""


class Uploads:
    """Files in folders of their own below one folder; the oldest gives way.

    Args:
        folder: where they are.
        most_bytes: greatest size of all that wait to be taken.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._waiting: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.RLock()

    def put(self, content: bytes) -> str:
        """Write a file; return its path, by which it is taken."""
        place = self._folder / secrets.token_hex(32)
        place.mkdir(parents=True)
        path = place / "photo"
        path.write_bytes(content)
        with self._lock:
            self._waiting[str(path)] = (len(content), time.monotonic())
            while len(self._waiting) > MOST or self._bytes() > self._most_bytes:
                self._drop(next(iter(self._waiting)))
        return str(path)

    def __contains__(self, path: object) -> bool:
        return path in self._waiting

    def take(self, path: str) -> bytes | None:
        """Return the content of a file and delete it; None if it does not wait here."""
        with self._lock:
            content = Path(path).read_bytes() if path in self._waiting else None
            self._drop(path)
        return content

    def drop_old(self) -> None:
        """Delete what nobody took."""
        oldest_s = time.monotonic() - KEPT_S
        with self._lock:
            for path in [path for path, (_, at_s) in self._waiting.items() if at_s < oldest_s]:
                self._drop(path)

    def _bytes(self) -> int:
        return sum(size for size, _ in self._waiting.values())

    def _drop(self, path: str) -> None:
        # Only what was written here has an entry, so nothing above is ever removed.
        if self._waiting.pop(path, None) is not None:
            remove(Path(path).parent)


async def sent_file(scope: Any, receive: Any, most_bytes: int) -> bytes:
    """Return the one file of a form (``multipart/form-data``) in the body of a request.

    Raises:
        Refusal: there is none, more than one, or one that is too large.
    """
    request = Request(scope, receive)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(400, "This is no form with a file.")
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            (file,) = [one for one in form.values() if not isinstance(one, str)]
            content = await file.read()
    except Exception:  # whatever the parser says of what it cannot parse
        raise Refusal(400, "This is no form with one file.") from None
    if len(content) > most_bytes:
        raise Refusal(413, f"The file is larger than {most_bytes / 2**20:g} MB.")
    return content
