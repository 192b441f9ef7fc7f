"""A web server: a port, a thread, and no patience."""

import asyncio
import logging
import os
import socket
import threading
import time
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from unveil import console
from unveil.errors import UnveilError

HEAD_S = 15.0
"""Time in which a request must begin, and its head must arrive."""

STALLED_S = 30.0
"""Time after which a client that does not read its answer is left."""

MOST_CONNECTIONS = 500
"""Beyond which requests are refused: a browser has up to six, and half of a process's 1024 files
are left to the answers."""

END_S = 30.0
"""Time in which the thread must end; a process that leaves it behind aborts."""

HEAD_BYTES = 32 * 1024
"""Greatest size of the head of a request."""


class Listener:
    """Serves an application on a port, in a thread of its own.

    Args:
        app: the application, by ASGI.
        host: address of this machine to listen on.
        port: TCP port.

    Raises:
        UnveilError: the port is in use.
    """

    def __init__(self, app: Any, host: str, port: int) -> None:
        self._socket = _bound(host, port)
        log = logging.getLogger("uvicorn.error")
        log.handlers, log.propagate = [_Lines(logging.ERROR)], False
        config = uvicorn.Config(
            app,
            http=Impatient,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            h11_max_incomplete_event_size=HEAD_BYTES,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), daemon=True
        )

    def start(self) -> None:
        """Start the thread; return when the port answers.

        Raises:
            UnveilError: the application does not start.
        """
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise UnveilError("the page did not start.")
            time.sleep(0.01)

    def wait(self) -> None:
        """Return when the server has ended."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def stop(self) -> None:
        """End all connections and the thread, without waiting for answers."""
        self._server.force_exit = self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(END_S)
        self._socket.close()


class Impatient(H11Protocol):
    """A connection that is ended when its client sends no request, or reads no answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._head = self.loop.call_later(HEAD_S, self._end_if_idle)
        self._stalled: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        self._head.cancel()
        self.resume_writing()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._head.cancel()
        self._head = self.loop.call_later(HEAD_S, self._end_if_idle)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _end_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class _Lines(logging.Handler):
    """Writes errors as one line each, without a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        console.warn(f"the page: {record.getMessage().strip().rstrip('.')}")


def _bound(host: str, port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if os.name == "posix":  # elsewhere it lets two servers have the same port
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen()
    except OSError as error:
        found.close()
        raise UnveilError(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another with --port."
        ) from None
    return found
