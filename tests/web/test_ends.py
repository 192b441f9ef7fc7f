"""However the server ends, even in the middle of an answer: no photo and no process stays."""

import http.client
import multiprocessing.connection
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.visitor import FORM, form, free_port

pytest.importorskip("starlette", reason="the extra web is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="processes are watched as on Linux"),
]


@pytest.fixture
def busy(tmp_path):
    """A server in the middle of an answer, and its process that answers."""
    photo = tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 256, (1400, 1000, 3), np.uint8)
    Image.fromarray(noise).save(photo, compress_level=1)
    own = tmp_path / "own"
    own.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "unveil", "serve", "--port", str(free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(own), "NO_PROXY": "127.0.0.1"},
    ) as server:
        try:
            place = server.stdout.readline().split()[0].removeprefix("http://")
            line = http.client.HTTPConnection(place, timeout=120)
            line.request("POST", "/api/audit", form([("file", photo)]), FORM)
            while not list(own.rglob("file.png")):  # the process that answers reads it
                assert server.poll() is None
            yield server, answering(server.pid), own, line
        finally:
            server.kill()
            line.close()


def answering(parent: int) -> int:
    """Return the child of a process that computes answers."""
    for child in Path(f"/proc/{parent}/task").glob("*/children"):
        for number in child.read_text().split():
            if "spawn_main" in Path(f"/proc/{number}/cmdline").read_text():
                return int(number)
    raise AssertionError("no process answers")


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGTERM, 128 + signal.SIGTERM, "unveil: stopped by SIGTERM\n"),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
)
def test_nothing_stays_of_a_server_that_is_ended_in_an_answer(busy, number, status, said):
    server, process, own, _ = busy
    watched = os.pidfd_open(process)
    server.send_signal(number)
    assert server.wait(60) == status, server.stderr.read()
    assert multiprocessing.connection.wait([watched], 60)
    os.close(watched)
    assert list(own.rglob("*")) == []
    assert re.sub(r"\n+", "\n", server.stderr.read()) == said


def test_who_leaves_stops_the_answer_and_leaves_no_file(busy):
    server, process, own, line = busy
    watched = os.pidfd_open(process)
    line.close()
    assert multiprocessing.connection.wait([watched], 60)
    os.close(watched)
    while files := [path for path in own.rglob("*") if path.is_file() and path.name != "alive"]:
        assert server.poll() is None, files
    place = f"{line.host}:{line.port}"
    again = http.client.HTTPConnection(place, timeout=120)
    again.request("POST", "/api/audit", form([("file", b"no photo")]), FORM)
    assert again.getresponse().status == 422  # by a new process
    again.close()
