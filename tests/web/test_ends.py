"""However the server ends, even in the middle of an answer: no photo and no process stays."""

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

from tests.visitor import Visitor, free_port

pytest.importorskip("gradio", reason="the extra web is not installed")
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
            visitor = Visitor(server.stdout.readline().split()[0])
            visitor.upload(photo)
            given = [None, ""]
            assert visitor.question(given, visitor.numbers["audit", "click"]).status == 200
            while not list(own.rglob("photo")):  # the process that answers reads it
                assert server.poll() is None
            yield server, answering(server.pid), own
        finally:
            server.kill()


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
    server, process, own = busy
    watched = os.pidfd_open(process)
    server.send_signal(number)
    assert server.wait(60) == status, server.stderr.read()
    assert multiprocessing.connection.wait([watched], 60)
    os.close(watched)
    assert list(own.rglob("*")) == []
    assert re.sub(r"\n+", "\n", server.stderr.read()) == said
