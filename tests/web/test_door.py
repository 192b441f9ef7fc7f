"""The door around a small application of our own, on a real port: what comes in, and how."""

import asyncio
import contextlib
import re
import socket
import threading

import pytest

pytest.importorskip("uvicorn", reason="the extra web is not installed")

from tests.visitor import free_port
from unveil.errors import UnveilError
from unveil.web import door, listening
from unveil.web.door import NAMES, Door, Place, Route
from unveil.web.listening import Listener
from unveil.web.serve import Address

MOST = 1000
HANGS = threading.Event()
"""Set when an answer hangs."""

ROUTES = [
    Route("GET", "/"),
    Route("GET", "/fixed", is_fixed=True),
    Route("GET", "/(fails|hangs)"),
    Route("POST", "/count", MOST),
]
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


async def application(scope, receive, send):
    """Say how many bytes were sent, and which headers arrived."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        return
    if scope["path"] == "/fails":
        raise ValueError("no\nluck")
    if scope["path"] == "/hangs":
        HANGS.set()
        await asyncio.Event().wait()
    body = (await receive())["body"]
    names = b" ".join(name for name, _ in scope["headers"])
    theirs = [(b"access-control-allow-origin", b"*"), (b"x-frame-options", b"ALLOWALL")]
    await send({"type": "http.response.start", "status": 200, "headers": theirs})
    await send({"type": "http.response.body", "body": b"%d %b" % (len(body), names)})


@pytest.fixture
def port():
    """A port with a door to the application, until the test ends."""
    with serving() as found:
        yield found


@contextlib.contextmanager
def serving(most_held_bytes=2 * MOST):
    number = free_port()
    place = Place(NAMES, number, shown=f"127.0.0.1:{number}")
    server = Listener(
        Door(application, place, ROUTES, "default-src 'none'", most_held_bytes), "127.0.0.1", number
    )
    server.start()
    try:
        yield number
    finally:
        server.stop()


def said(port, head, body=b"", *, name="127.0.0.1:{port}"):
    """Send a request by hand; return the whole answer, until the server ends it."""
    lines = [head, f"Host: {name.format(port=port)}"] if name is not None else [head]
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return b"".join(iter(lambda: line.recv(1 << 16), b"")).decode()


def get(port, *lines, path="/", **options):
    return said(port, "\r\n".join([f"GET {path} HTTP/1.0", *lines]), **options)


def post(port, body, *lines, size=None):
    length = f"Content-Length: {len(body) if size is None else size}"
    return said(port, "\r\n".join(["POST /count HTTP/1.0", length, *lines]), body)


def status(answer):
    return int(answer.split()[1])


@pytest.mark.parametrize("name", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}"])
def test_this_machine_is_let_in_by_its_names(port, name):
    assert status(get(port, name=name)) == 200


@pytest.mark.parametrize(
    "name",
    ["evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", None],
)
def test_a_name_that_was_made_to_point_here_is_refused(port, name):
    answer = get(port, name=name)
    assert status(answer) == 403
    assert answer.endswith(f"\r\n\r\nThis page is at 127.0.0.1:{port} only.\n")


@pytest.mark.parametrize(
    ("host", "names", "shown"),
    [
        ("127.0.0.1", (), "127.0.0.1:7860"),
        ("localhost", (), "localhost:7860"),
        ("192.0.2.1", (), "192.0.2.1:7860"),
        ("2001:db8::1", (), "[2001:db8::1]:7860"),
        ("0.0.0.0", (), f"127.0.0.1:7860 or {socket.gethostname().lower()}:7860"),  # noqa: S104
        ("0.0.0.0", ("a.test", "b.test"), "a.test or b.test"),  # noqa: S104
    ],
)
def test_who_comes_by_another_name_is_told_the_one_that_was_chosen(host, names, shown):
    place = Address(host, 7860, names).place()
    assert str(place) == shown
    assert all(place.has(one) for one in shown.split(" or "))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_pages_of_other_origins_are_refused(port, origin):
    for answer in (
        get(port, f"Origin: {origin}"),
        post(port, b"a", f"Origin: {origin}"),
        # A browser asks so before it sends what a form cannot send.
        said(port, f"OPTIONS /count HTTP/1.0\r\nOrigin: {origin}"),
    ):
        assert status(answer) == 403
        assert answer.endswith("Another page asked for this; type the address into the browser.\n")
        assert "access-control" not in answer


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something"])
def test_what_a_browser_says_came_from_elsewhere_is_refused(port, site):
    assert status(get(port, f"Sec-Fetch-Site: {site}")) == 403


def test_the_page_itself_and_programs_are_let_in(port):
    own = f"Origin: http://127.0.0.1:{port}"
    assert post(port, b"abc", own, "Sec-Fetch-Site: same-origin").split("\r\n\r\n")[1][0] == "3"
    assert status(post(port, b"abc")) == 200
    assert status(get(port, "Sec-Fetch-Site: none")) == 200


def test_what_the_page_does_not_need_is_not_there(port):
    for path in ("/other", "/%66ails2", "//", "/fixed/"):
        assert status(get(port, path=path)) == 404


@pytest.mark.parametrize(
    ("head", "allowed", "words"),
    [
        ("PUT / HTTP/1.0", "GET, HEAD", "Use GET."),
        ("POST / HTTP/1.0\r\nContent-Length: 0", "GET, HEAD", "Use GET."),
        ("GET /count HTTP/1.0", "POST", "Use POST."),
        ("HEAD /count HTTP/1.0", "POST", ""),
        ("OPTIONS /count HTTP/1.0", "POST", "Use POST."),
    ],
)
def test_the_methods_of_a_path_are_told(port, head, allowed, words):
    answer = said(port, head)
    assert status(answer) == 405
    assert f"\r\nallow: {allowed}\r\n" in answer
    assert answer.partition("\r\n\r\n")[2].strip() == words


def test_every_answer_tells_the_browser_to_be_careful(port):
    for answer in (get(port), get(port, path="/other"), get(port, path="/fails")):
        lines = answer.split("\r\n\r\n")[0].split("\r\n")[1:]
        found = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        assert ALWAYS.items() <= found.items()
        assert found["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in found
        assert "server" not in found
    assert "no-store" not in get(port, path="/fixed")


def test_headers_that_only_a_proxy_may_send_are_not_passed_on(port):
    answer = get(port, "X-Forwarded-Host: evil", "Forwarded: for=x", "Accept: y")
    assert sorted(answer.split("\r\n\r\n")[1].split()) == ["0", "accept", "host"]


@pytest.mark.parametrize("size", [MOST + 1, 10**30])
def test_a_body_that_is_announced_too_large_is_not_read(port, size):
    assert status(post(port, b"", size=size)) in (400, 413)


def test_a_body_is_counted_whatever_it_announced(port):
    head = "POST /count HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked"
    part = b"%x\r\n%b\r\n" % (600, bytes(600))
    assert "\r\n600 " in said(port, head, part + b"0\r\n\r\n")
    assert status(said(port, head, 2 * part + b"0\r\n\r\n")) == 413
    assert status(said(port, "GET / HTTP/1.0\r\nContent-Length: 1", b"a")) == 413


def test_a_body_that_comes_too_slowly_is_refused(port, monkeypatch):
    monkeypatch.setattr(door, "BODY_S", 0.1)
    answer = post(port, b"a", size=2)
    assert status(answer) == 408
    assert answer.endswith("This did not arrive within 0.1 s.\n")


def test_bodies_wait_until_there_is_room_for_them(monkeypatch):
    with serving(most_held_bytes=MOST) as port:
        slow = socket.create_connection(("127.0.0.1", port))
        with slow:
            slow.sendall(f"POST /count HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n".encode())
            slow.sendall(b"Content-Length: 1000\r\n\r\n")
            monkeypatch.setattr(door, "BODY_S", 0.2)
            answers = [post(port, b"a")]
            while status(answers[-1]) == 200:  # the slow one has not arrived yet
                answers.append(post(port, b"a"))
            assert answers[-1].endswith("Too many send files; try again in a moment.\n")
            slow.sendall(bytes(1000))
        assert status(post(port, b"a")) == 200


def test_what_fails_is_one_line_for_the_server_and_one_for_the_visitor(port, capfd):
    answer = get(port, path="/fails")
    assert status(answer) == 500
    assert answer.endswith("\r\n\r\nThis did not work; the server says why.\n")
    line = "unveil: warning: the page: GET /fails failed (ValueError: no luck).\n"
    assert capfd.readouterr() == ("", line)


def test_nonsense_and_sockets_of_the_web_are_answered_in_silence(port, capfd):
    upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    assert status(said(port, "\x16\x03\x01")) == 400
    assert status(get(port, *upgrade)) == 200  # as without
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("sent", ["", "GET /", "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"])
def test_a_connection_without_a_request_is_ended(port, monkeypatch, sent):
    monkeypatch.setattr(listening, "HEAD_S", 0.2)
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.sendall(sent.format(port=port).encode())
        if sent.endswith("\r\n\r\n"):
            line.recv(1 << 16)
            line.sendall(b"GET /")  # and no more of a second one
        with contextlib.suppress(ConnectionResetError):
            while line.recv(1 << 16):
                pass


def test_the_end_waits_for_no_answer(capfd):
    with serving() as port, socket.create_connection(("127.0.0.1", port), 30) as line:
        line.sendall(f"GET /hangs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert HANGS.wait(30)
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_named(port):
    with pytest.raises(UnveilError, match=re.escape(f"port {port} of 127.0.0.1 cannot be used (")):
        Listener(application, "127.0.0.1", port)
