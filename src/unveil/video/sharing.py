"""The frames of one clip, shared among processes: what is done to them stays what it is.

The process that reads and writes the clip decides what is done, where, and to which frames at a
time, just as it does alone. It sends each run of frames to a process that is free, and goes on in
their order. So nothing depends on how many there are, and there is no joint that could be seen.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar, cast

from unveil import console
from unveil.batch.crew import ATTEMPTS
from unveil.batch.item import Item
from unveil.batch.records import version
from unveil.batch.workers import start, why_ended
from unveil.errors import UnveilError
from unveil.runtime import threads

Key = TypeVar("Key")
Given = TypeVar("Given")
Made = TypeVar("Made")
Takes = TypeVar("Takes", contravariant=True)
Gives = TypeVar("Gives", covariant=True)

MOST_WAITING = 2
"""So many jobs for each process are begun and not yet used, at most: memory stays constant."""


class Each(Protocol[Takes, Gives]):
    """Does jobs, each with a key that stays beside it, and yields what is made, in their order."""

    def __call__(self, jobs: Iterable[tuple[Key, Takes]]) -> Iterator[tuple[Key, Gives]]:
        """See the class; it may take some more jobs before it yields the first result."""


class Share(Protocol):
    """Makes of a function, picklable and without a memory of its own, one that does many jobs."""

    def __call__(self, function: Callable[[Given], Made]) -> Each[Given, Made]:
        """See the class."""


def alone(function: Callable[[Given], Made]) -> Each[Given, Made]:
    """Do each job in this process, as it comes."""

    def each(jobs: Iterable[tuple[Key, Given]]) -> Iterator[tuple[Key, Made]]:
        for key, given in jobs:
            yield key, function(given)

    return each


@contextlib.contextmanager
def sharing(path: Path, workers: int) -> Iterator[Share]:
    """Yield how the jobs of a clip are shared among so many processes; they end with the block."""
    if workers == 1:
        yield alone
        return
    with Pool(path, workers) as pool:
        yield pool.share


@dataclass(frozen=True)
class Job(Item):
    """A part of a clip to do.

    Attributes:
        number: of the function that does it.
        given: what it takes.
    """

    number: int = 0
    given: Any = None


@dataclass
class Parts:
    """The task of each process: any of some functions."""

    functions: Sequence[Callable[[Any], Any]]

    def prepare(self) -> None:
        """Load nothing: all that the functions need came with them."""

    def __call__(self, item: Item) -> Any:
        """Do a :class:`Job`."""
        job = cast("Job", item)
        with console.settings(quiet=True, as_json=False):
            return self.functions[job.number](job.given)


class Pool:
    """Processes that do jobs of one clip; a job of one that dies is done again by another.

    Each is served by a thread of this process. They start with the first job, so all functions are
    to be shared before.

    Args:
        path: the clip, for messages.
        workers: number of processes.
    """

    def __init__(self, path: Path, workers: int) -> None:
        self._path, self._most = path, MOST_WAITING * workers
        self._threads_each = max(1, threads() // workers)
        self._functions: list[Callable[[Any], Any]] = []
        self._servers = ThreadPoolExecutor(workers)
        self._mine = threading.local()
        self._starting = threading.Lock()  # it sets variables of the whole process meanwhile
        self._started: list[BaseProcess] = []
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the processes: they hold nothing that has to be undone."""
        with self._starting:
            self._is_over = True
        for process in self._started:
            process.kill()
        self._servers.shutdown(cancel_futures=True)
        for process in self._started:
            process.join()

    def share(self, function: Callable[[Given], Made]) -> Each[Given, Made]:
        """Let the processes do the jobs of a function; see :class:`Share`.

        Iterating raises UnveilError where the function does, or where processes die over a job.
        """
        self._functions.append(function)
        return partial(self._in_order, len(self._functions) - 1)

    def _in_order(self, number: int, jobs: Iterable[tuple[Key, Any]]) -> Iterator[tuple[Key, Any]]:
        waiting: deque[tuple[Key, Future[Any]]] = deque()
        for key, given in jobs:
            job = Job(str(self._path), number=number, given=given)
            waiting.append((key, self._servers.submit(self._do, job)))
            while waiting and (len(waiting) > self._most or waiting[0][1].done()):
                key, made = waiting.popleft()
                yield key, made.result()
        for key, made in waiting:
            yield key, made.result()

    def _do(self, job: Job) -> Any:
        """Let the process of this thread do a job, or another one if it dies."""
        why = ""
        for _ in range(ATTEMPTS):
            process, pipe = self._served()
            try:
                pipe.send(job)
                made, error = pipe.recv()
            except (EOFError, OSError):
                process.join()
                why = why_ended(process.exitcode)
                self._mine.served = None
                continue
            if error is not None:
                raise UnveilError(f"{error}.")
            return made
        raise UnveilError(
            f"{self._path}: {ATTEMPTS} processes ended over a part of it ({why}); try fewer "
            "--workers."
        )

    def _served(self) -> tuple[BaseProcess, Connection]:
        """Return the process that this thread serves; start it if there is none."""
        served: tuple[BaseProcess, Connection] | None = getattr(self._mine, "served", None)
        if served is not None:
            return served
        with self._starting:
            if self._is_over:
                raise CancelledError
            self._mine.served = process, pipe = start(Parts(self._functions), self._threads_each)
            self._started.append(process)
        with contextlib.suppress(EOFError, OSError):  # it has died: what is sent next says so
            if (said := pipe.recv()) != version():
                raise (
                    said
                    if isinstance(said, UnveilError)
                    else UnveilError(f"a worker is of unveil {said}, not {version()}: start again.")
                )
        return process, pipe
