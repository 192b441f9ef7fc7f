"""The door of the page: what may come in, and what every answer says to the browser.

ASGI middleware around any application that is for browsers and programs of this machine, or for
those who have its token. Pages of other origins, and names that were made to point here, stay out.
"""

import asyncio
import contextlib
import hmac
import re
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass
from typing import Any

from unveil import console

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

NAMES = ("127.0.0.1", "localhost", "[::1]")
"""What this machine may be called in the header Host; any other name was made to point here."""

SCHEME = "Bearer"
"""How a token is told, in letters of either case (RFC 9110)."""

BODY_S = 30.0
"""Time in which the body of a request must arrive."""

ROOM_S = 0.05
"""Interval at which is looked whether there is room for one more body."""

LINGER_S = 1.0
"""Time in which what is still sent to a refused request is read, so that the refusal is."""

ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
DROPPED = re.compile(rb"server|access-control-.*")
"""Headers of an answer that nobody needs: other origins get none."""

NOT_PASSED = re.compile(rb"forwarded|x-.*")
"""Headers of a request that an application behind a proxy trusts; there is no proxy."""


ALLOWED = {"GET": "GET, HEAD", "POST": "POST"}
"""What the header Allow says of the method of a route."""


@dataclass(frozen=True)
class Route:
    """A path that the page needs.

    Attributes:
        method: ``GET``, which allows ``HEAD`` too, or ``POST``.
        path: regular expression of the whole path.
        most_bytes: greatest size of the body.
        is_fixed: the same bytes for everyone, which a browser may keep; else it may keep nothing.
        is_open: whether no token is needed.
    """

    method: str
    path: str
    most_bytes: int = 0
    is_fixed: bool = False
    is_open: bool = False


@dataclass(frozen=True)
class Place:
    """Where an application is served.

    Attributes:
        names: what its machine may be called in the header Host.
        port: TCP port in that header; None for any: another program may pass requests on.
        shown: what its visitors are told to open instead of another name.
        token: what who asks must know, in a header ``Authorization: Bearer TOKEN``; None for
            nothing.
    """

    names: Collection[str] = NAMES
    port: int | None = None
    token: str | None = None
    shown: str = NAMES[0]

    def has(self, host: str) -> bool:
        """Return whether the header Host says a name of the place."""
        name, colon, port = host.rpartition(":") if re.search(r":\d*$", host) else (host, "", "")
        if name not in self.names:
            return False
        return self.port is None or port == str(self.port) or (self.port == 80 and not colon)

    def admits(self, given: Sequence[str]) -> bool:
        """Return whether the headers Authorization hold the token, if there is one."""
        if self.token is None:
            return True
        if len(given) != 1:
            return False
        scheme, _, token = given[0].partition(" ")
        is_right = hmac.compare_digest(token.lstrip(" ").encode(), self.token.encode())
        return scheme.lower() == SCHEME.lower() and is_right

    def __str__(self) -> str:
        return self.shown


class Refusal(Exception):  # noqa: N818  # not an error of ours
    """A request is refused; the message is what its sender reads.

    Args:
        status: of HTTP.
        words: a sentence.
        headers: what HTTP wants said beside it.
    """

    def __init__(self, status: int, words: str, headers: Sequence[Header] = ()) -> None:
        super().__init__(words)
        self.status, self.headers = status, headers


class Door:
    """Lets requests of this machine's own browsers and programs through to an application.

    The body is read before the application is called, so that it waits for no slow sender. What
    the application raises becomes one line on standard error.

    Args:
        app: the application.
        place: where the application is served.
        routes: all that the page needs; the rest is refused.
        policy: the header Content-Security-Policy; ``frame-ancestors 'none'`` is added.
        most_held_bytes: greatest size of the bodies of all requests together.
    """

    def __init__(
        self, app: App, place: Place, routes: Sequence[Route], policy: str, most_held_bytes: int
    ) -> None:
        self._app, self._place = app, place
        self._routes = [(route, re.compile(route.path)) for route in routes]
        self._headers = ALWAYS | {
            b"content-security-policy": f"{policy}; frame-ancestors 'none'".encode()
        }
        self._most_held_bytes = most_held_bytes
        self._held_bytes = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request; close what is neither HTTP nor the start and end of the server."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _Answer(send, self._headers))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Message, receive: Receive, answer: "_Answer") -> None:
        unread: Receive | None = receive
        try:
            route = self._checked(scope)
            answer.is_fixed = route.is_fixed
            async with self._body(scope, receive, route.most_bytes) as body:
                unread = None
                passed = [one for one in scope["headers"] if not NOT_PASSED.fullmatch(one[0])]
                await self._app({**scope, "headers": passed}, _replay(body, receive), answer.send)
        except _Gone:
            return
        except Refusal as refused:
            await answer.refuse(refused, unread)
        except asyncio.CancelledError:  # the server ends
            await answer.refuse(Refusal(503, "The page was stopped."), None)
            await answer.end()
        except Exception as error:  # the server must survive for the next request
            said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            console.warn(f"the page: {scope['method']} {scope['path']} failed ({said})")
            await answer.refuse(Refusal(500, "This did not work; the server says why."), None)

    def _checked(self, scope: Message) -> Route:
        """Return the route that a request takes.

        Raises:
            Refusal: it comes from another origin, was made for another name, has no route, or
                lacks the token.
        """
        hosts, origins, sites, tokens = (
            [value.decode("latin-1") for key, value in scope["headers"] if key == name]
            for name in (b"host", b"origin", b"sec-fetch-site", b"authorization")
        )
        if len(hosts) != 1 or not self._place.has(host := hosts[0].lower()):
            raise Refusal(403, f"This page is at {self._place} only.")
        own = (f"http://{host}", f"https://{host}")  # a proxy may encrypt
        foreign = [origin for origin in origins if origin.lower() not in own]
        # Of another port on this machine, a browser says same-site.
        foreign += [site for site in sites if site not in ("same-origin", "none")]
        if foreign:
            raise Refusal(403, "Another page asked for this; type the address into the browser.")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        route = self._route(method, scope["path"])
        if not (route.is_open or self._place.admits(tokens)):
            ways = [(b"www-authenticate", SCHEME.encode())]
            raise Refusal(401, "This needs the token that the server printed.", ways)
        return route

    def _route(self, method: str, path: str) -> Route:
        """Return the route of a path.

        Raises:
            Refusal: there is none, or none for the method.
        """
        there = [route for route, form in self._routes if form.fullmatch(path)]
        if not there:
            raise Refusal(404, "There is nothing here.")
        for route in there:
            if route.method == method:
                return route
        methods = " or ".join(route.method for route in there)
        allowed = ", ".join(ALLOWED[route.method] for route in there)
        raise Refusal(405, f"Use {methods}.", [(b"allow", allowed.encode())])

    @contextlib.asynccontextmanager
    async def _body(
        self, scope: Message, receive: Receive, most_bytes: int
    ) -> AsyncIterator[bytearray]:
        """Yield the body of a request, when there is room for it beside the bodies of others.

        Raises:
            Refusal: it is too large or too slow, or there is no room in time.
            _Gone: its sender left.
        """
        told = [value for key, value in scope["headers"] if key == b"content-length"]
        size = int(told[0]) if told else most_bytes
        if size > most_bytes:
            raise _too_large(most_bytes)
        held = 0
        try:
            with _in_time(503, "Too many send files; try again in a moment."):
                async with asyncio.timeout(BODY_S):
                    while self._held_bytes + size > self._most_held_bytes:
                        await asyncio.sleep(ROOM_S)
            self._held_bytes += (held := size)
            with _in_time(408, f"This did not arrive within {BODY_S:g} s."):
                async with asyncio.timeout(BODY_S):
                    body = await _read(receive, most_bytes)
            yield body
        finally:
            self._held_bytes -= held


class _Gone(Exception):  # noqa: N818  # not an error
    """The sender of a request left."""


@contextlib.contextmanager
def _in_time(status: int, words: str) -> Iterator[None]:
    """Turn a timeout into a refusal."""
    try:
        yield
    except TimeoutError:
        raise Refusal(status, words) from None


def _too_large(most_bytes: int) -> Refusal:
    return Refusal(413, f"More than {most_bytes / 2**20:.3g} MB are not taken.")


async def _read(receive: Receive, most_bytes: int) -> bytearray:
    """Return the body of a request.

    Raises:
        Refusal: it is too large.
        _Gone: its sender left.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        if not message.get("more_body"):
            return body


class _Answer:
    """Sends the messages of one answer, with the headers of the door.

    Attributes:
        is_fixed: whether the browser may keep it.
    """

    def __init__(self, send: Send, headers: dict[bytes, bytes]) -> None:
        self._send = send
        self._headers = headers
        self._is_started = self._is_ended = False
        self.is_fixed = False

    async def send(self, message: Message) -> None:
        """Pass on a message of the application."""
        if message["type"] == "http.response.start":
            self._is_started = True
            own = self._headers | ({} if self.is_fixed else {b"cache-control": b"no-store"})
            theirs = [
                (name, value)
                for name, value in message.get("headers", [])
                if name.lower() not in own and not DROPPED.fullmatch(name.lower())
            ]
            message = {**message, "headers": [*theirs, *own.items()]}
        elif message["type"] == "http.response.body":
            self._is_ended = not message.get("more_body")
        await self._send(message)

    async def refuse(self, refused: Refusal, receive: Receive | None) -> None:
        """Answer with a sentence, unless an answer has begun, and end the connection.

        Args:
            refused: the sentence.
            receive: receives what is not read yet; None if all is.
        """
        if self._is_started:
            return
        self.is_fixed = False
        kind = (b"content-type", b"text/plain; charset=utf-8")
        headers = [kind, (b"connection", b"close"), *refused.headers]
        await self.send(
            {"type": "http.response.start", "status": refused.status, "headers": headers}
        )
        words = f"{refused}\n".encode()
        await self.send({"type": "http.response.body", "body": words, "more_body": True})
        if receive is not None:
            await _drain(receive)
        await self.end()

    async def end(self) -> None:
        """End what has begun."""
        if self._is_started and not self._is_ended:
            await self.send({"type": "http.response.body", "body": b""})


def _replay(body: bytearray, receive: Receive) -> Receive:
    """Return a function that gives the whole body once, then what else is received."""
    first = [{"type": "http.request", "body": bytes(body), "more_body": False}]
    body.clear()

    async def received() -> Message:
        return first.pop() if first else await receive()

    return received


async def _drain(receive: Receive) -> None:
    """Read what is still sent, for a moment: a connection that is closed over it breaks."""
    try:
        async with asyncio.timeout(LINGER_S):
            while (message := await receive()).get("more_body"):
                del message
    except TimeoutError:
        return
