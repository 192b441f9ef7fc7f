"""The process that answers: stopped in time, replaced when it dies."""

import math
import os
import time

import pytest

from unveil.errors import UnveilError
from unveil.web.worker import Worker


def nothing():
    pass


@pytest.fixture(scope="module")
def worker():
    made = Worker(nothing)
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
