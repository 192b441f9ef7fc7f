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


def call(tell, function, *given):
    return function(*given)


def ask(worker, function, *given, seconds=60, tell=print):
    """Return the result of a function, called in the worker's process."""
    return worker.ask(call, function, *given, timeout_seconds=seconds, tell=tell)


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    made = Worker(nothing, tmp_path_factory.mktemp("own"))
    yield made
    made.stop()


def test_it_answers(worker):
    assert ask(worker, math.gcd, 12, 18) == 6


def test_what_takes_too_long_is_stopped_and_the_next_is_answered(worker):
    first = ask(worker, os.getpid)
    with pytest.raises(UnveilError, match=r"no answer within 0\.5 s"):
        ask(worker, time.sleep, 600, seconds=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert ask(worker, os.getpid) != first


def test_a_process_that_dies_is_replaced(worker):
    with pytest.raises(UnveilError, match="needed more memory"):
        ask(worker, os._exit, 9)
    assert ask(worker, math.gcd, 4, 6) == 2


def count(tell, number):
    for done in range(number):
        tell(f"{done} of {number}")
    return number


def test_what_happens_is_told_before_the_answer(worker):
    heard = []
    assert worker.ask(count, 3, timeout_seconds=60, tell=heard.append) == 3
    assert heard == ["0 of 3", "1 of 3", "2 of 3"]


def ended_in_an_answer(worker, end, asked):
    """Return what is said of an answer that ``end`` ends in its middle; it touches ``asked``."""
    said = []

    def ask_long():
        with pytest.raises(UnveilError) as told:
            ask(worker, touch_and_sleep, asked, seconds=20)
        said.append(str(told.value))

    thread = threading.Thread(target=ask_long)
    thread.start()
    while not asked.exists():
        time.sleep(0.01)
    end()
    thread.join()
    return said[0]


def test_an_answer_is_aborted_and_the_next_is_given(worker, tmp_path):
    assert "no answer within" not in ended_in_an_answer(worker, worker.abort, tmp_path / "asked")
    assert ask(worker, math.gcd, 4, 6) == 2


def test_what_goes_wrong_is_a_sentence(worker):
    with pytest.raises(UnveilError, match=r"this did not work \(ValueError: "):
        ask(worker, math.sqrt, -1)


def test_ctrl_c_is_for_the_server_alone(worker):
    process = ask(worker, os.getpid)
    os.kill(process, signal.SIGINT)
    assert ask(worker, os.getpid) == process


def test_it_is_stopped_in_the_middle_of_an_answer_and_for_good(tmp_path):
    worker = Worker(nothing, tmp_path)
    assert "no answer within" not in ended_in_an_answer(worker, worker.stop, tmp_path / "asked")
    with pytest.raises(UnveilError, match="the page is being stopped"):
        ask(worker, os.getpid)


def touch_and_sleep(path):
    path.touch()
    time.sleep(600)
