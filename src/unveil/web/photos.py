"""What visitors chose, in memory: bounded in number, bytes and age."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Held:
    content: bytes
    owner: str
    used_s: float


class Photos:
    """Holds files of visitors; the one that was not asked about for longest gives way.

    Args:
        most: greatest number of files.
        most_bytes: their greatest size together; one file alone may be larger.
        idle_s: time after which a file is dropped that nobody asked about.
    """

    def __init__(self, most: int, most_bytes: int, idle_s: float) -> None:
        self._most, self._most_bytes, self._idle_s = most, most_bytes, idle_s
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, content: bytes, owner: str) -> str:
        """Hold a file of a visitor; return the token that it is asked for by."""
        token = secrets.token_hex(16)
        with self._lock:
            self._held[token] = _Held(content, owner, time.monotonic())
            while len(self._held) > self._most or self._too_large():
                self._held.popitem(last=False)
        return token

    def get(self, token: str) -> bytes | None:
        """Return a file, which is then in use again; None if it is no longer held."""
        self.drop_idle()
        with self._lock:
            held = self._held.get(token)
            if held is None:
                return None
            held.used_s = time.monotonic()
            self._held.move_to_end(token)
            return held.content

    def drop(self, token: str | None) -> None:
        """Drop a file, if it is held."""
        with self._lock:
            self._held.pop(token or "", None)

    def keep(self, is_here: Callable[[str], bool]) -> None:
        """Drop all files of visitors who are not here."""
        with self._lock:
            for token, held in list(self._held.items()):
                if not is_here(held.owner):
                    del self._held[token]

    def drop_idle(self) -> None:
        """Drop what nobody asked about for long."""
        oldest_s = time.monotonic() - self._idle_s
        with self._lock:
            while self._held and next(iter(self._held.values())).used_s < oldest_s:
                self._held.popitem(last=False)

    def __len__(self) -> int:
        return len(self._held)

    def _too_large(self) -> bool:
        size = sum(len(held.content) for held in self._held.values())
        return len(self._held) > 1 and size > self._most_bytes
