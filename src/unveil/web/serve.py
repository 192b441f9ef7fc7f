"""The page and the service on a port: of this machine, or with a token of a network."""

import os
import secrets
import signal
import socket
import threading
import webbrowser
from dataclasses import dataclass

from unveil.errors import UsageError
from unveil.runtime import return_freed_memory
from unveil.web.door import NAMES, Place
from unveil.web.folder import own_folder
from unveil.web.limits import Limits

TOKEN_VARIABLE, MIN_TOKEN = "UNVEIL_TOKEN", 16  # its name
"""The variable that the token may be given in, and its shortest length."""

MOST_ARRIVING = 4
"""Bodies of the greatest size that are held at a time."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
"""Hosts that stand for all addresses of this machine and name none; what it calls itself then."""


@dataclass(frozen=True)
class Address:
    """Where to listen, and for whom.

    Attributes:
        host: address of this machine; any but that of the loopback needs a token.
        port: TCP port.
        names: further names of this machine, as browsers elsewhere call it.
    """

    host: str = LOOPBACK[0]
    port: int = 7860
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise UsageError(f"--port {self.port} must be from 1 to 65535.")
        if self.names and self.host in LOOPBACK:
            raise UsageError("--name is for pages that others reach: choose the --host, too.")

    @property
    def is_public(self) -> bool:
        """Whether other machines may reach it."""
        return self.host not in LOOPBACK

    @property
    def called(self) -> str:
        """What this machine calls the host in an address."""
        return EVERY.get(self.host) or (f"[{self.host}]" if ":" in self.host else self.host)

    @property
    def shown(self) -> str:
        """What visitors are told to open: the names that were given, or host and port.

        The port of a name is not known: a proxy may be there.
        """
        own = [self.called, socket.gethostname().lower()][: 1 + (self.host in EVERY)]
        return " or ".join(self.names or (f"{name}:{self.port}" for name in own))

    def place(self) -> Place:
        """Return its names, port and token.

        Raises:
            UsageError: the token that is given is too short.
        """
        if not self.is_public:
            return Place(NAMES, self.port, shown=self.shown)
        token = os.environ.pop(TOKEN_VARIABLE, "") or secrets.token_urlsafe(32)
        if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable():
            raise UsageError(f"{TOKEN_VARIABLE} needs at least {MIN_TOKEN} plain characters.")
        own = self.host, self.called, socket.gethostname(), *self.names
        names = {*NAMES, *(name.lower() for name in own)}
        return Place(frozenset(names), None, token, self.shown)


def serve(address: Address, limits: Limits, *, browser: bool) -> None:
    """Serve until interrupted.

    Args:
        address: where to listen.
        limits: limits on a request.
        browser: whether to open the page in a browser.

    Raises:
        UnveilError: the port is in use.
        UsageError: the token is too short.
    """
    return_freed_memory()
    place = address.place()
    with own_folder() as folder:
        from unveil.web import answers
        from unveil.web.application import application
        from unveil.web.listening import Listener
        from unveil.web.worker import Worker

        worker, listener = Worker(answers.prepare, folder), None
        try:
            worker.start()  # it loads while the server starts
            listener = Listener(application(worker, limits, place), address.host, address.port)
            listener.start()
            shown = _shown(address, place)
            print(f"{shown} (Ctrl-C stops it)", flush=True)
            if browser:
                webbrowser.open(shown)
            listener.wait()
        except KeyboardInterrupt:
            return
        finally:
            _heed_no_signal()
            worker.stop()  # first: the server waits for what it answers
            if listener is not None:
                listener.stop()


def _shown(address: Address, place: Place) -> str:
    """Return the address that a browser opens; behind # nothing is sent to a server."""
    token = f"/#token={place.token}" if place.token else ""
    return f"http://{address.called}:{address.port}{token}"


def _heed_no_signal() -> None:
    """Let nothing interrupt the end, which takes a moment."""
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
