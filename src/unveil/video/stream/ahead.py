"""Stages side by side: one works on the next pictures while another still has the last."""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")

POLL_S = 0.1
"""How soon a stage sees that nobody wants more of it."""


def ahead(items: Iterator[Item], depth: int) -> Generator[Item]:
    """Pass ``items`` on, made in a thread of their own, at most ``depth`` before they are taken.

    What goes wrong there is raised here, after the items before it. Closed or left early, the
    thread ends, and so does ``items``, in the thread that it ran in.
    """
    stage = _Stage(items, queue.Queue(depth))
    worker = threading.Thread(target=stage.work, daemon=True)
    worker.start()
    try:
        while (made := stage.made.get()) is not None:
            yield made[0]
        if stage.error is not None:
            raise stage.error
    finally:
        stage.left.set()
        worker.join()


@dataclass
class _Stage(Generic[Item]):
    """What a thread does: the items go into the queue, one to a tuple, and None at the end."""

    items: Iterator[Item]
    made: "queue.Queue[tuple[Item] | None]"
    left: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def work(self) -> None:
        try:
            for item in self.items:
                self._put((item,))
                if self.left.is_set():
                    break
            if isinstance(self.items, Generator):
                self.items.close()
        except BaseException as error:  # raised again where it can be handled
            self.error = error
        self._put(None)

    def _put(self, entry: tuple[Item] | None) -> None:
        while not self.left.is_set():
            with contextlib.suppress(queue.Full):
                self.made.put(entry, timeout=POLL_S)
                return
