"""Pipeline parallelism: each stage runs in a thread, with a bounded queue between stages."""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")

POLL_S = 0.1
"""Interval at which a stage that waits for room in its queue checks whether it is cancelled."""


def ahead(items: Iterator[Item], depth: int) -> Generator[Item]:
    """Yield ``items``, produced in a separate thread with up to ``depth`` of them queued.

    An exception in the thread is re-raised here, after the items that precede it. When the
    generator is closed, the thread ends and closes ``items``.
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
    """The producer: puts each item into the queue in a 1-tuple, and None at the end."""

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
        except BaseException as error:  # re-raised in the consumer's thread
            self.error = error
        self._put(None)

    def _put(self, entry: tuple[Item] | None) -> None:
        while not self.left.is_set():
            with contextlib.suppress(queue.Full):
                self.made.put(entry, timeout=POLL_S)
                return
