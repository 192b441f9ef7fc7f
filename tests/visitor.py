"""A visitor of the page without a browser: asks as the page's own scripts do, or as others may."""

import http.client
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

STREAM = "application/vnd.unveil.stream"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> tuple[list[dict[str, Any]], bytes]:
        """Return the lines of a stream, and the bytes after the last."""
        events, rest = [], self.body
        while not events or "progress" in events[-1]:
            line, _, rest = rest.partition(b"\n")
            events.append(json.loads(line))
        return events, rest


class Visitor:
    """Asks the server at an address, as ``http://127.0.0.1:7860``.

    Attributes:
        place: name and port of the server.
    """

    def __init__(self, address: str) -> None:
        self.place = address.removeprefix("http://")

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Said:
        """Ask for a path, by POST if there is a body; ``headers`` may replace any."""
        line = http.client.HTTPConnection(self.place, timeout=120)
        try:
            line.request("GET" if body is None else "POST", path, body, headers or {})
            answer = line.getresponse()
            return Said(answer.status, answer.headers, answer.read())
        finally:
            line.close()

    def send(
        self, name: str, file: Path | bytes, *fields: tuple[str, str], accept: str = "*/*",
        mask: Path | None = None, headers: Mapping[str, str] | None = None,
    ) -> Said:  # fmt: skip
        """Ask an endpoint about a file."""
        parts = [("file", file), *([("mask", mask)] if mask else []), *fields]
        return self.ask(f"/api/{name}", form(parts), {**FORM, "Accept": accept, **(headers or {})})


def form(parts: Sequence[tuple[str, Path | bytes | str]]) -> bytes:
    """Return a form with files and fields, between lines ``--x``."""
    lines = []
    for name, part in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        if not isinstance(part, str):
            shown = part.name if isinstance(part, Path) else "../../photo.png"
            head += f'; filename="{shown}"'
        content = part.read_bytes() if isinstance(part, Path) else part
        content = content.encode() if isinstance(content, str) else content
        lines.append(b"--x\r\n%b\r\n\r\n%b\r\n" % (head.encode(), content))
    return b"".join(lines) + b"--x--\r\n"


def answered(name: str, path: Path, *fields: tuple[str, str]) -> Any:
    """Return the answer of an endpoint about a file, computed in this process."""
    from unveil.web import answers
    from unveil.web.fields import ENDPOINTS, parse
    from unveil.web.jobs import Named
    from unveil.web.limits import Limits

    (endpoint,) = (one for one in ENDPOINTS if one.name == name)
    named = Named(path.stem, path.name)
    return answers.answer(print, name, path, None, named, parse(endpoint, fields), Limits())


def free_port() -> int:
    """Return a TCP port of this machine that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
