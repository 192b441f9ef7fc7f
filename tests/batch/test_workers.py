"""Processes that share files: every one is done once, whoever dies."""

import multiprocessing
import os
from collections import Counter

import pytest

from tests.batch.tasks import Older, Slow, Stillborn, Telling, Unready
from unveil.batch import workers
from unveil.batch.item import Item
from unveil.errors import UnveilError

pytestmark = pytest.mark.slow  # each process takes half a second to start


def items(*names):
    return [Item(name) for name in names]


def calls(folder):
    return Counter((folder / "calls").read_text().split())


def test_each_item_is_done_once_by_processes_that_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("unveil.runtime._threads", None)  # --threads of an earlier test
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    names = [f"photo-{number}" for number in range(40)]
    done = list(workers.run(Telling(tmp_path), items(*names), 2))
    assert sorted(one.item.source for one in done) == sorted(names)
    assert all(one.value[0] == one.item.source[::-1] and one.error is None for one in done)
    assert len({one.value[1] for one in done} - {os.getpid()}) == 2
    assert {one.value[2] for one in done} == {"2"}, "each has its share of the threads"
    assert os.environ["OMP_NUM_THREADS"] == "4"
    assert set(calls(tmp_path).values()) == {1}


def test_no_more_is_taken_than_processes_can_do_and_none_is_started_in_vain(tmp_path):
    taken = []

    def one_by_one():
        for item in items("a", "b", "c", "d", "e", "f"):
            taken.append(item)
            yield item

    running = workers.run(Telling(tmp_path), one_by_one(), 1)
    next(running)
    assert len(taken) == 2
    running.close()
    done = list(workers.run(Telling(tmp_path), items("alone"), 5))
    assert len(done) == 1
    assert not multiprocessing.active_children()


def test_a_process_that_dies_costs_only_its_item_which_another_does(tmp_path):
    names = ["a", "once", "b", "c", "d", "die"]
    done = {one.item.source: one for one in workers.run(Telling(tmp_path), items(*names), 2)}
    assert sorted(done) == sorted(names)
    assert done["once"].value[0] == "ecno"
    assert done["die"].value is None
    assert "2 processes ended over it (signal 9, as for want of memory)" in done["die"].error
    assert all(done[name].error is None for name in names if name != "die")
    assert calls(tmp_path) == Counter(names) + Counter(["once", "die"])


def test_what_a_task_raises_is_told_and_not_tried_again(tmp_path):
    failed, fine = workers.run(Telling(tmp_path), items("fail", "a"), 1)
    assert failed.error == "fail: No space left on device"
    assert fine.value[0] == "a"
    assert calls(tmp_path) == Counter(["fail", "a"])


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (Unready(), "no such weights"),
        (Stillborn(), r"workers end before they are ready \(status 3\)"),
        (Older(), r"a worker is of unveil 0\.0\.9"),
    ],
)
def test_processes_that_can_do_nothing_end_the_run(task, said):
    with pytest.raises(UnveilError, match=said):
        list(workers.run(task, items("a", "b"), 1))
    assert not multiprocessing.active_children()


def test_a_run_that_is_left_stops_its_processes_and_leaves_no_partial_file(tmp_path):
    running = workers.run(Slow(tmp_path), items("slow", "a", "b"), 2)
    assert next(running).value == "a"
    assert list(tmp_path.glob(".unveil-*")), "it is in the middle of a file"
    running.close()
    assert not multiprocessing.active_children()
    assert not list(tmp_path.glob(".unveil-*"))
    assert not (tmp_path / "result.txt").exists()
