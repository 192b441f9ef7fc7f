"""The engine on a Ray cluster: actors that share the files, each one at a time.

Each actor loads what all files need once, and holds it. Ray starts them, on whichever machines have
a thread free, and says when one dies.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from unveil.batch.crew import STOP_S, Crew, Done, Link, Task, attempt
from unveil.batch.item import Item
from unveil.batch.records import version
from unveil.batch.workers import environment, pools_of
from unveil.errors import UnveilError
from unveil.extras import require
from unveil.runtime import no_stderr, threads

CONNECT_S = 10.0
"""Time that the machine of a cluster has to answer."""

HEALTH_S = 60.0
"""Time that Ray itself has to answer there, with the start of what asks it."""

START_S = 300
"""Time that a Ray of our own has to start; where others compute it has taken one minute."""

STORE_BYTES = 80_000_000
"""Memory that a Ray of our own sets aside for objects: its least. Only names and rows pass."""

CHECK_S = 10.0
"""Time between two looks at whether Ray is still there, while no actor answers."""

PATIENCE = 60
"""Times that a Ray of our own may be too busy to answer itself; after five, Ray would end it."""

REASON_CHARACTERS = 200


def run(
    task: Task, items: Iterable[Item], workers: int, address: str | None = None
) -> Iterator[Done]:
    """Do a task on all items by actors of Ray; yield what becomes of each.

    Items are taken one by one, as actors become free. When the iteration ends or is left, actors
    may finish the files they are at, and are ended.

    Args:
        task: what is done.
        items: what it is done to.
        workers: number of actors, each of one thread and, where there are GPUs, its part of them.
        address: of a cluster, ``HOST:PORT``; None for ``RAY_ADDRESS``, or else a Ray of our own on
            this machine, which ends with the run.

    Raises:
        UnveilError: the cluster cannot be reached or is too small; actors cannot start, or are of
            another version of unveil.
    """
    require("ray")
    address = address or os.environ.get("RAY_ADDRESS")
    with _our_signals() as again, _cluster(address, workers):
        again()
        start = _starting(task, workers)
        crew = Crew(lambda: _Actor(start()), _ready)
        try:
            yield from crew.work(iter(items), workers)
        finally:
            crew.stop()


@contextlib.contextmanager
def _cluster(address: str | None, workers: int) -> Iterator[None]:
    """Be connected to a cluster while the block runs."""
    with tempfile.TemporaryDirectory(prefix="unveil-", ignore_cleanup_errors=True) as folder:
        own: dict[str, Any] = {
            "num_cpus": max(workers, threads()),
            "object_store_memory": STORE_BYTES,
        }
        own |= {"include_dashboard": False, "_temp_dir": folder}
        with environment(_variables(is_own=not address)), _reaching(address):
            import ray

            # Of a worker that dies Ray would print to standard output, where results belong.
            ray._private.worker.print_to_stdstream = lambda *_, **__: None
            with no_stderr():
                known = {"address": address} if address else own
                ray.init(logging_level="CRITICAL", log_to_driver=False, **known)
        try:
            _check_size(ray.cluster_resources(), workers)
            yield
        finally:
            ray.shutdown()


def _variables(*, is_own: bool) -> dict[str, str]:
    """Return the variables for Ray: nothing is sent to its makers, and nobody else joins in."""
    known = {"RAY_USAGE_STATS_ENABLED": "0"}
    if is_own:  # its processes listen on all addresses
        known["RAY_raylet_start_wait_time_s"] = str(START_S)
        known |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _token()}
        known["RAY_health_check_failure_threshold"] = str(PATIENCE)
    return known


@contextlib.contextmanager
def _reaching(address: str | None) -> Iterator[None]:
    """Tell in a line why a cluster cannot be reached."""
    try:
        _check_answers(address)
        yield
    except Exception as error:  # Ray raises that itself
        reason = " ".join(str(error).split())[:REASON_CHARACTERS]
        where = f"the Ray cluster {address}" if address else "Ray"
        raise UnveilError(
            f"{where} cannot be reached ({reason}); try ray status, then the same command again."
        ) from None


@cache
def _token() -> str:
    """Return the secret of our own Ray: one for the process, since Ray reads it once."""
    return secrets.token_hex(32)


def _check_answers(address: str | None) -> None:
    """Ask a cluster with a time limit: to what is none, Ray itself would listen for ever.

    Raises:
        OSError: nothing answers, or not as Ray does.
    """
    host, _, port = (address or "").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_S).close()
        asking = "import sys, ray.scripts.scripts as ray; ray.main(sys.argv[1:])"
        words = [sys.executable, "-c", asking, "health-check", "--address", f"{host}:{port}"]
        try:
            done = subprocess.run(words, capture_output=True, timeout=HEALTH_S, check=False)  # noqa: S603  # our words
        except subprocess.TimeoutExpired:
            raise OSError("no Ray answers there") from None
        if done.returncode:
            raise OSError("no Ray answers there")


@contextlib.contextmanager
def _our_signals() -> Iterator[Callable[[], None]]:
    """Keep our answers to signals; Ray would put its own, and a plain SystemExit for ours.

    Yields:
        What is to be called when Ray has put its own.
    """
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ours = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    heard: list[tuple[Any, int]] = []

    def hear(number: int, frame: object) -> None:
        heard.append((ours[number], number))
        heard[0][0](number, frame)

    def put(answers: dict[int, Any]) -> None:
        for number, answer in answers.items():
            with contextlib.suppress(ValueError):  # not in the main thread
                signal.signal(number, answer)

    try:
        yield lambda: put({one: hear if callable(ours[one]) else ours[one] for one in ours})
    except SystemExit:
        for answer, number in heard:
            answer(number, None)
        raise
    finally:
        put(ours)


def _check_size(resources: dict[str, float], workers: int) -> None:
    found = int(resources.get("CPU", 0))
    if found < workers:  # an actor without a thread would wait for ever, with its file
        raise UnveilError(f"the Ray cluster has {found} threads; take --workers {found} or fewer.")


def _starting(task: Task, workers: int) -> Any:
    """Return a function that starts an actor."""
    import ray

    gpus = ray.cluster_resources().get("GPU", 0)
    remote = ray.remote(
        num_cpus=1,
        num_gpus=min(1.0, gpus / workers),
        max_restarts=0,
    )(_Working)
    return lambda: remote.remote(task, str(Path.cwd()))


class _Working:
    """What an actor does."""

    def __init__(self, task: Task, folder: str) -> None:
        self._task = task
        os.environ.update(pools_of(1))  # before libraries are loaded
        os.chdir(folder)  # names of files are relative to it

    def prepare(self) -> str | UnveilError:
        """Load what all files need; return the version of unveil, or why that failed."""
        try:
            self._task.prepare()
        except UnveilError as error:
            return error
        return version()

    def do(self, item: Item) -> tuple[Any, str | None]:
        """Do a file."""
        return attempt(self._task, item)


class _Actor:
    """An actor, and what it has been asked and not answered."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self.asked = deque([actor.prepare.remote()])

    def send(self, item: Item) -> None:
        """Ask it to do a file."""
        self.asked.append(self._actor.do.remote(item))

    def receive(self) -> Any:
        """Return its next answer."""
        import ray

        try:
            return ray.get(self.asked.popleft())
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError as error:  # it, or its machine, has died
            raise EOFError(str(error)) from None

    def stop(self) -> None:
        """Let it end behind what it is at."""
        self.last = self._actor.__ray_terminate__.remote()

    def end(self) -> str:
        """End it, after a while."""
        import ray

        if hasattr(self, "last"):
            ray.wait([self.last], timeout=STOP_S)
        ray.kill(self._actor)
        return "Ray says no more"


def _ready(links: list[Link]) -> list[Link]:
    import ray

    asked = {link.asked[0]: link for link in links if isinstance(link, _Actor)}
    while not (ready := ray.wait(list(asked), num_returns=1, timeout=CHECK_S)[0]):
        if not any(node["Alive"] for node in ray.nodes()):  # it would be waited for without end
            raise UnveilError("Ray has ended; nothing is lost: the same command goes on.")
    return [asked[one] for one in ready]
