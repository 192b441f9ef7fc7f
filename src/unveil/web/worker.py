"""One worker process for the answers: unlike a thread, it can be killed in the middle of one."""

import contextlib
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.runtime import deaf_to_ctrl_c
from unveil.web.folder import remove

Tell = Callable[[str], None]
"""Takes what happens, in a few words, while an answer is computed."""

PARENT_S = 0.5
"""Time in which a process that has broken the pipe is seen to have ended."""


@dataclass(frozen=True)
class _Progress:
    words: str


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

    def ask(
        self, function: Callable[..., Any], *given: Any, timeout_seconds: float, tell: Tell
    ) -> Any:
        """Return the result of ``function(tell, *given)`` in the process; all must be picklable.

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
                answer = self._received(pipe, timeout_seconds, tell)
            except (EOFError, OSError):
                self.abort()
                raise UnveilError(
                    "the answer needed more memory than is available; use a smaller photo."
                ) from None
        if isinstance(answer, UnveilError):
            raise answer
        return answer

    def _received(self, pipe: Connection, timeout_seconds: float, tell: Tell) -> Any:
        end_s = time.monotonic() + timeout_seconds
        while True:
            if not pipe.poll(max(end_s - time.monotonic(), 0)):
                self.abort()
                raise UnveilError(f"no answer within {timeout_seconds:g} s; use a smaller file.")
            answer = pipe.recv()
            if not isinstance(answer, _Progress):
                return answer
            tell(answer.words)

    def abort(self) -> None:
        """Kill the process in the middle of an answer; the next call starts another."""
        with self._change:
            if self._process is not None:
                self._process.kill()
                self._process.join()
            self._process = None

    def stop(self) -> None:
        """Kill the process, whatever it does, and start no other."""
        self._is_over = True
        self.abort()

    def _running(self) -> Connection:
        with self._change:
            if self._is_over:
                raise UnveilError("the page is being stopped.")
            if self._process is None or self._pipe is None or not self._process.is_alive():
                # Spawned: a fork of a process with threads may deadlock.
                context = multiprocessing.get_context("spawn")
                self._pipe, theirs = context.Pipe()
                given = (theirs, self._prepare, self._folder)
                self._process = context.Process(target=_serve, args=given, daemon=True)
                with deaf_to_ctrl_c():
                    self._process.start()
                theirs.close()
            return self._pipe


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

    def tell(words: str) -> None:
        pipe.send(_Progress(words))

    while True:
        function, given = pipe.recv()
        try:
            answer = function(tell, *given)
        except UnveilError as error:
            answer = error
        except Exception as error:  # the process must survive for the next request
            said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            answer = UnveilError(f"this did not work ({said}).")
        pipe.send(answer)


def _end_with_parent(folder: Path) -> None:
    """End this process when the one that started it ends, even in the middle of an answer."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        remove(folder)
        os._exit(1)
