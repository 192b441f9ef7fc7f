"""The engine on one machine: processes that share the files, each one at a time."""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from unveil.batch.crew import STOP_S, Crew, Done, Link, Task, attempt
from unveil.batch.item import Item
from unveil.batch.records import version
from unveil.errors import UnveilError
from unveil.runtime import deaf_to_ctrl_c, free_bytes, threads

WORKER_BYTES = 700_000_000
"""Memory that is allowed for each process: generous, not measured."""

POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Variables from which libraries take their number of threads when they are loaded."""


def default_workers() -> int:
    """Return how many processes share the files unless it is told: measured in docs/scale.md."""
    free = free_bytes()
    return max(1, min(threads(), threads() if free is None else free // WORKER_BYTES))


def run(task: Task, items: Iterable[Item], workers: int) -> Iterator[Done]:
    """Do a task on all items in several processes; yield what becomes of each.

    Items are taken from ``items`` one by one, as processes become free. When the iteration ends or
    is left, the processes are stopped.

    Args:
        task: what is done.
        items: what it is done to.
        workers: number of processes; fewer are started if there are fewer items.

    Raises:
        UnveilError: processes cannot start, or are of another version of unveil.
    """
    each = max(1, threads() // workers)
    crew = Crew(lambda: _Process(*start(task, each)), _ready)
    try:
        yield from crew.work(iter(items), workers)
    finally:
        crew.stop()


@dataclass(eq=False)
class _Process:
    """A process and the pipe to it."""

    process: BaseProcess
    pipe: Connection

    def send(self, item: Item) -> None:
        with contextlib.suppress(OSError):  # it has died: its pipe says so next
            self.pipe.send(item)

    def receive(self) -> Any:
        return self.pipe.recv()

    def stop(self) -> None:
        self.process.terminate()

    def end(self) -> str:
        self.pipe.close()
        self.process.join(STOP_S)
        self.process.kill()
        self.process.join()
        return why_ended(self.process.exitcode)


def _ready(links: list[Link]) -> list[Link]:
    pipes = {link.pipe: link for link in links if isinstance(link, _Process)}
    return [pipes[one] for one in wait(list(pipes)) if isinstance(one, Connection)]


def start(task: Task, threads_each: int) -> tuple[BaseProcess, Connection]:
    """Start a process that does a task on the items that it is sent, one at a time.

    It sends its version of unveil once it is ready, or why it cannot be; then for each item what
    the task returned and None, or None and why it failed. It ends when the pipe is closed.
    """
    context = multiprocessing.get_context("spawn")  # a fork with threads may deadlock
    pipe, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, task), daemon=True)
    with deaf_to_ctrl_c(), environment(pools_of(threads_each)):
        process.start()
    theirs.close()
    return process, pipe


def why_ended(status: int | None) -> str:
    """Return why a process ended, in words."""
    if status == -signal.SIGTERM or status is None or status >= 0:
        return f"status {status}"
    more = ", as for want of memory" if status == -9 else ""
    return f"signal {-status}{more}"


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for processes that start meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def pools_of(count: int) -> dict[str, str]:
    """Return the variables that give so many threads to a process."""
    return dict.fromkeys(POOLS, str(count))


def _serve(pipe: Connection, task: Task) -> None:
    """Do items until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Python prints what is raised where nobody can catch it; a process that goes on is killed.
    sys.unraisablehook = lambda _: None
    with contextlib.suppress(EOFError, ConnectionError):
        try:
            task.prepare()  # nothing is open yet: SIGTERM ends the process at once
        except UnveilError as error:
            pipe.send(error)
            return
        # What is open is closed on the way, so that no partial file stays.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        pipe.send(version())
        while True:
            pipe.send(attempt(task, pipe.recv()))
