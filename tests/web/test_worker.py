"""The process that answers: stopped in time, replaced when it dies."""

import math
import os
import signal
import threading
import time

import pytest

from unveil.errors import UnveilError
from unveil.web.worker import Worker


def nothing():
    pass


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    made = Worker(nothing, tmp_path_factory.mktemp("own"))
    yield made
    made.stop()


def test_it_answers(worker):
    assert worker.ask(math.gcd, 12, 18, timeout_seconds=60) == 6


def test_what_takes_too_long_is_stopped_and_the_next_is_answered(worker):
    first = worker.ask(os.getpid, timeout_seconds=60)
    with pytest.raises(UnveilError, match=r"no answer within 0\.5 s"):
        worker.ask(time.sleep, 600, timeout_seconds=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert worker.ask(os.getpid, timeout_seconds=60) != first


def test_a_process_that_dies_is_replaced(worker):
    with pytest.raises(UnveilError, match="needed more memory"):
        worker.ask(os._exit, 9, timeout_seconds=60)
    assert worker.ask(math.gcd, 4, 6, timeout_seconds=60) == 2


def test_what_goes_wrong_is_a_sentence(worker):
    with pytest.raises(UnveilError, match=r"this did not work \(ValueError: "):
        worker.ask(math.sqrt, -1, timeout_seconds=60)


def test_ctrl_c_is_for_the_server_alone(worker):
    process = worker.ask(os.getpid, timeout_seconds=60)
    os.kill(process, signal.SIGINT)
    assert worker.ask(os.getpid, timeout_seconds=60) == process


def test_it_is_stopped_in_the_middle_of_an_answer_and_for_good(tmp_path):
    worker = Worker(nothing, tmp_path)
    asked, said = tmp_path / "asked", []

    def ask():
        with pytest.raises(UnveilError) as told:
            worker.ask(touch_and_sleep, asked, timeout_seconds=20)
        said.append(str(told.value))

    thread = threading.Thread(target=ask)
    thread.start()
    while not asked.exists():
        time.sleep(0.01)
    worker.stop()
    thread.join()
    assert "no answer within" not in said[0]
    with pytest.raises(UnveilError, match="the page is being stopped"):
        worker.ask(os.getpid, timeout_seconds=60)


def touch_and_sleep(path):
    path.touch()
    time.sleep(600)
