"""Who is there: what is held of visitors, and dropped when they leave."""

import contextlib
import http.client
import os
import subprocess
import sys
import time

import pytest

from tests.visitor import Visitor, free_port

pytest.importorskip("gradio", reason="the extra web is not installed")
pytestmark = pytest.mark.slow

SERVE = """
from unveil.web import visitors
from unveil.web.limits import Limits
from unveil.web.serve import serve
visitors.AWAY_S, visitors.TIDY_S, visitors.MOST, visitors.MOST_ASKED = 0.0, 0.01, 2, 1
if __name__ == "__main__":
    serve({port}, Limits(), browser=False)
"""
"""A server that forgets at once who left, for two visitors with a question each."""

OBFUSCATE = [None, "mosaic", 8, ""]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The address of the server."""
    folder = tmp_path_factory.mktemp("small")
    script = folder / "small.py"
    script.write_text(SERVE.format(port=free_port()))
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


@contextlib.contextmanager
def beating(visitor):
    """Keep the stream open that says that a visitor is there."""
    line = http.client.HTTPConnection(visitor.place, timeout=60)
    line.request("GET", f"/gradio_api/heartbeat/{visitor.session}")
    answer = line.getresponse()
    assert answer.status == 200
    try:
        yield
    finally:
        answer.close()
        line.close()


def said(visitor):
    return visitor.press("obfuscate", "click", *OBFUSCATE)


def test_the_photo_is_dropped_of_a_visitor_who_left_and_of_no_other(small, photo):
    first, second = Visitor(small), Visitor(small)
    with beating(first):
        with beating(second):
            first.upload(photo)
            second.upload(photo)
            assert "Hidden with" in said(second)
        answer = ""
        while "Choose a photo first." not in answer:
            time.sleep(0.1)  # not asked about all the time: a question is a visit too
            with beating(second):
                answer = said(second)
        assert "Hidden with" in said(first)


def test_there_are_only_so_many_visitors(small):
    first, second, third = (Visitor(small) for _ in range(3))
    with beating(first), beating(second):
        answer = third.question(OBFUSCATE, third.numbers["obfuscate", "click"])
    assert answer.status == 503
    assert answer.json()["detail"] == "2 visitors are here; close a tab of this page."


def test_a_visitor_with_many_questions_waits_for_answers(small, photo):
    visitor = Visitor(small)
    asked = visitor.numbers["obfuscate", "click"]
    with beating(visitor):
        assert visitor.question(OBFUSCATE, asked).status == 200
        answer = visitor.question(OBFUSCATE, asked)
    assert answer.status == 429
    assert answer.json()["detail"] == "Wait for the answers to what you asked before."
