"""Workers that share items, each one at a time, whatever they are; no item is lost with one.

An engine is a function ``run(task, items, workers)`` that yields a :class:`Done` for every item, in
whatever order they end. A worker that dies costs only its item, which another takes once more.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from unveil.batch.item import Item
from unveil.batch.records import version
from unveil.errors import UnveilError, told

ATTEMPTS = 2
"""Workers that may die over a file before it counts as failed."""

STILLBORN = 3
"""Workers that may die one after the other before they are ready."""

STOP_S = 5.0
"""Time that a worker has to remove its partial file when all is stopped."""


class Task(Protocol):
    """What is done to each file; picklable, and the same in every worker."""

    def prepare(self) -> None:
        """Load what all files need, once in each worker.

        Raises:
            UnveilError: nothing can be done without it.
        """

    def __call__(self, item: Item) -> Any:
        """Do one file; return what became of it. What fails is part of that."""


@dataclass(frozen=True)
class Done:
    """What became of an item.

    Attributes:
        item: the item.
        value: what the task returned; None if it returned nothing.
        error: why it did not.
    """

    item: Item
    value: Any
    error: str | None = None


Engine = Callable[[Task, Iterable[Item], int], Iterator[Done]]


class Link(Protocol):
    """A worker. It says first its version, or an UnveilError; then for each item what it made."""

    def send(self, item: Item) -> None:
        """Give it an item; one that has died says so next."""

    def receive(self) -> Any:
        """Return what it says next.

        Raises:
            EOFError: it has died.
        """

    def end(self) -> str:
        """Let it end; return how it did, in words."""

    def stop(self) -> None:
        """Tell it to end at once; what it is at is undone."""


def attempt(task: Task, item: Item) -> tuple[Any, str | None]:
    """Return what a task makes of an item, and None; or None, and why it could not."""
    try:
        return task(item), None
    except Exception as error:
        return None, told(error, item.source).rstrip(".")


def too_often(how: str = "") -> str:
    """Return why an item counts as failed over which workers died; ``how`` they did."""
    return f"{ATTEMPTS} processes ended over it{how}; try it alone"


def other_version(found: str, asked: str) -> str:
    """Return why a worker of another version of unveil is refused."""
    return f"a worker is of unveil {found}, not {asked}: start again."


@dataclass
class _Worker:
    link: Link
    item: Item
    attempt: int = 1
    is_ready: bool = False


class Crew:
    """Workers and what each of them does.

    Args:
        start: starts a worker.
        wait: returns those of some links, at least one, that have something to say.
    """

    def __init__(
        self, start: Callable[[], Link], wait: Callable[[list[Link]], Collection[Link]]
    ) -> None:
        self._start, self._wait = start, wait
        self._workers: list[_Worker] = []
        self._stillborn = 0

    def work(self, items: Iterator[Item], count: int) -> Iterator[Done]:
        """Do all items by so many workers, or fewer if there are fewer items.

        Raises:
            UnveilError: workers cannot start, or are of another version of unveil.
        """
        for _ in range(count):
            if (item := next(items, None)) is not None:
                self._employ(item, 1)
        while self._workers:
            ready = self._wait([worker.link for worker in self._workers])
            for worker in [one for one in self._workers if one.link in ready]:
                yield from self._hear(worker, items)

    def stop(self) -> None:
        """End all workers; what they were at is undone."""
        for worker in self._workers:
            worker.link.stop()
        for worker in self._workers:
            worker.link.end()
        self._workers = []

    def _hear(self, worker: _Worker, items: Iterator[Item]) -> Iterator[Done]:
        """Take a message of a worker, or see that it has died."""
        try:
            message = worker.link.receive()
        except (EOFError, OSError):
            yield from self._replace(worker, items)
            return
        if worker.is_ready:
            done = Done(worker.item, *message)
            self._hand_on(worker, items)  # first, so that it does not wait for what is done here
            yield done
        elif isinstance(message, UnveilError):
            raise message
        elif message != version():
            raise UnveilError(other_version(message, version()))
        else:
            worker.is_ready, self._stillborn = True, 0

    def _hand_on(self, worker: _Worker, items: Iterator[Item]) -> None:
        """Give a worker its next item, or let it end."""
        if (item := next(items, None)) is None:
            self._workers.remove(worker)
            worker.link.end()
        else:
            worker.item, worker.attempt = item, 1
            worker.link.send(item)

    def _replace(self, worker: _Worker, items: Iterator[Item]) -> Iterator[Done]:
        """Start another worker for one that died, with its item if that is tried once more."""
        self._workers.remove(worker)
        how = worker.link.end()
        self._stillborn += not worker.is_ready
        if self._stillborn >= STILLBORN:
            raise UnveilError(f"workers end before they are ready ({how}); try fewer --workers.")
        if worker.attempt < ATTEMPTS:
            self._employ(worker.item, worker.attempt + 1)
            return
        if (item := next(items, None)) is not None:
            self._employ(item, 1)
        yield Done(worker.item, None, too_often(f" ({how})"))

    def _employ(self, item: Item, attempt: int) -> None:
        """Start a worker with its first item."""
        worker = _Worker(self._start(), item, attempt)
        self._workers.append(worker)
        worker.link.send(item)
