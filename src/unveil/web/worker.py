"""One worker process for the answers: unlike a thread inside torch, it can be killed."""

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from unveil.errors import UnveilError


class Worker:
    """Calls functions in a separate process, one at a time.

    Args:
        prepare: called first in each new process, to load what the answers need.
    """

    def __init__(self, prepare: Callable[[], None]) -> None:
        self._prepare = prepare
        self._turn = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> None:
        """Start the process unless it is running; do not wait until it is ready."""
        with self._turn:
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
        """Kill the process."""
        with self._turn:
            self._stop()

    def _running(self) -> Connection:
        if self._process is None or self._pipe is None or not self._process.is_alive():
            # Spawned: a fork of a process with torch threads may deadlock.
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, self._prepare), daemon=True
            )
            self._process.start()
            theirs.close()
        return self._pipe

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = None


def _serve(pipe: Connection, prepare: Callable[[], None]) -> None:
    """Answer requests until the pipe is closed."""
    prepare()
    while True:
        try:
            function, given = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            answer = function(*given)
        except UnveilError as error:
            answer = error
        except Exception as error:  # the process must survive for the next request
            answer = UnveilError(f"this did not work ({type(error).__name__}: {error}).")
        pipe.send(answer)
