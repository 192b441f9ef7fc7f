"""A visitor of the page without a browser: asks as the page's own scripts do, or as others may."""

import http.client
import json
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

JSON = {"Content-Type": "application/json"}


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Visitor:
    """Asks the server at an address.

    Attributes:
        session: what it calls itself.
        numbers: of the questions of the page, by the part and the event that ask them.
    """

    def __init__(self, address: str) -> None:
        self.session = secrets.token_hex(6)
        self.place = address.removeprefix("http://")
        config = self.ask("/config").json()
        ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        self.numbers = {
            (name, event): call["id"]
            for call in config["dependencies"]
            for target, event in call["targets"]
            for name, number in ids.items()
            if number == target
        }

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Said:
        """Ask for a path, by POST if there is a body; ``headers`` may replace any."""
        line = http.client.HTTPConnection(self.place, timeout=60)
        try:
            line.request("GET" if body is None else "POST", path, body, headers or {})
            answer = line.getresponse()
            return Said(answer.status, answer.headers, answer.read())
        finally:
            line.close()

    def send_file(self, content: bytes, headers: Mapping[str, str] | None = None) -> Said:
        """Send a file as the page does."""
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return self.ask("/gradio_api/upload", form(content), kind | dict(headers or {}))

    def upload(self, photo: Path) -> None:
        """Choose a photo."""
        (path,) = self.send_file(photo.read_bytes()).json()
        number = self.numbers["photo", "upload"]
        given = [{"path": path, "meta": {"_type": "gradio.FileData"}}, None]
        assert self.question(given, number, "/gradio_api/run/predict").status == 200

    def question(self, given: Any, number: Any, path: str = "/gradio_api/queue/join") -> Said:
        """Send a question, which may be none of the page's."""
        asked = {"data": given, "fn_index": number, "session_hash": self.session}
        return self.ask(path, json.dumps(asked).encode(), JSON)

    def press(self, part: str, event: str, *given: object) -> str:
        """Do what a part of the page does at an event; return the HTML of its answer."""
        said = self.question(given, self.numbers[part, event])
        assert said.status == 200, said
        told = self.ask(f"/gradio_api/queue/data?session_hash={self.session}").body
        for line in told.splitlines():
            said = json.loads(line.removeprefix(b"data:")) if line.strip() else {}
            if said.get("msg") == "process_completed":
                return str(said["output"]["data"][0])
        raise AssertionError(f"no answer from {part}: {told!r}")


def form(content: bytes, parts: int = 1) -> bytes:
    """Return a form with a file, as many times as told, between lines ``--x``."""
    head = b'Content-Disposition: form-data; name="files"; filename="../../photo.png"'
    return b"--x\r\n%b\r\n\r\n%b\r\n" % (head, content) * parts + b"--x--\r\n"


def free_port() -> int:
    """Return a TCP port of this machine that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
