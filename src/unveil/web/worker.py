"""One worker process for the answers: unlike a thread inside torch, it can be killed."""

import contextlib
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.web.folder import remove

PARENT_S = 0.5
"""Time in which a process that has broken the pipe is seen to have ended."""


class Worker:
    """Calls functions in a separate process, one at a time.

    Args:
        prepare: called first in each new process, to load what the answers need.
        folder: of the process's temporary files, which it removes if this process is killed.
    """

    def __init__(self, prepare: Callable[[], None], folder: Path) -> None:
        self._prepare, self._folder = prepare, folder
        self._turn = threading.Lock()
        self._change = threading.Lock()
        self._is_over = False
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> None:
        """Start the process unless it is running; do not wait until it is ready."""
        self._running()

    def ask(self, function: Callable[..., Any], *given: Any, timeout_seconds: float) -> Any:
        """Return the result of ``function(*given)`` in the process; both must be picklable.

        Only functions of this package and plain values pass through the pipe, which no other
        process can write to.

        Raises:
            UnveilError: raised by the function; or the call timed out or the process died, and the
                next call starts a new process.
        """
        with self._turn:
            pipe = self._running()
            try:
                pipe.send((function, given))
                if not pipe.poll(timeout_seconds):
                    self._stop()
                    raise UnveilError(
                        f"no answer within {timeout_seconds:g} s; use a smaller photo."
                    )
                answer = pipe.recv()
            except (EOFError, OSError):
                self._stop()
                raise UnveilError(
                    "the answer needed more memory than is available; use a smaller photo."
                ) from None
        if isinstance(answer, UnveilError):
            raise answer
        return answer

    def stop(self) -> None:
        """Kill the process, whatever it does, and start no other."""
        self._is_over = True
        self._stop()

    def _running(self) -> Connection:
        with self._change:
            if self._is_over:
                raise UnveilError("the page is being stopped.")
            if self._process is None or self._pipe is None or not self._process.is_alive():
                # Spawned: a fork of a process with torch threads may deadlock.
                context = multiprocessing.get_context("spawn")
                self._pipe, theirs = context.Pipe()
                given = (theirs, self._prepare, self._folder)
                self._process = context.Process(target=_serve, args=given, daemon=True)
                with _deaf_to_ctrl_c():
                    self._process.start()
                theirs.close()
            return self._pipe

    def _stop(self) -> None:
        with self._change:
            if self._process is not None:
                self._process.kill()
                self._process.join()
            self._process = None


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Block Ctrl-C for processes that start meanwhile: a terminal sends it to all, one answers."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, prepare: Callable[[], None], folder: Path) -> None:
    """Answer requests until the pipe is closed."""
    tempfile.tempdir = str(folder)
    ending = threading.Thread(target=_end_with_parent, args=(folder,), daemon=True)
    ending.start()
    prepare()
    with contextlib.suppress(EOFError, KeyboardInterrupt, ConnectionError):
        _answer_all(pipe)
    parent = multiprocessing.parent_process()
    if parent is not None and wait([parent.sentinel], PARENT_S):
        ending.join()  # it removes the folder, and ends the process


def _answer_all(pipe: Connection) -> None:
    """Answer requests until the pipe breaks."""
    while True:
        function, given = pipe.recv()
        try:
            answer = function(*given)
        except UnveilError as error:
            answer = error
        except Exception as error:  # the process must survive for the next request
            answer = UnveilError(f"this did not work ({type(error).__name__}: {error}).")
        pipe.send(answer)


def _end_with_parent(folder: Path) -> None:
    """End this process when the one that started it ends, even in the middle of an answer."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        remove(folder)
        os._exit(1)
