"""A share of the files: another process goes on exactly where one stopped."""

import json
import signal

import pytest

from tests.batch.tasks import Unready
from unveil.batch import share
from unveil.batch.item import Item, Outcome, outcome_of
from unveil.batch.share import ALIVE, STOPS, Share, done, read_rows, todo, write_todo
from unveil.console import Kept


class Noting:
    """Notes what it is asked to do."""

    def __init__(self):
        self.items = []

    def prepare(self):
        pass

    def __call__(self, item):
        self.items.append(item)
        if item.source == "fail":
            raise OSError(28, "No space left on device")
        return Outcome(Kept([(True, "text"), (False, "note")], ["bad"], [{"a": 1.5}]), {"faces": 2})


@pytest.fixture
def folder(tmp_path):
    """The folder of a run with five files in share 3, two of them added later."""
    before = {name: signal.getsignal(getattr(signal, name)) for name in STOPS}
    items = [Item(name, f"out/{name}", True, "list, line 1: ") for name in NAMES]
    write_todo(todo(tmp_path, 3), items[:3])
    write_todo(todo(tmp_path, 3), items[3:])
    (tmp_path / ALIVE).touch()
    yield tmp_path
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


NAMES = ["a", "fail", "new\nline", "\udcff", "e"]


def lines(folder, process):
    return read_rows(done(folder, 3, process))[0]


def test_all_files_are_done_in_order_and_outcomes_come_through_json(folder):
    task = Noting()
    Share(folder, 3, task)()
    assert [item.source for item in task.items] == NAMES
    first, *rows = lines(folder, 0)
    assert first == {"at": 0}
    assert [row["at"] for row in rows] == [1, 2, 3, 4, 5]
    assert [Item(**row["item"]) for row in rows] == task.items
    assert rows[1]["value"] is None
    assert rows[1]["error"] == "fail: No space left on device"
    assert outcome_of(rows[0]["value"]) == Noting()(Item("a"))


def test_a_process_goes_on_behind_whole_lines_and_gives_up_what_killed_two(folder):
    killed = '{"at": 0}\n{"at": 1, "item": {}}\n{"at": 2, "it'
    for process, text in enumerate([killed, '{"at": 1}\n']):
        done(folder, 3, process).write_text(text)
    task = Noting()
    Share(folder, 3, task)()
    assert [item.source for item in task.items] == NAMES[2:]
    first, second, *_ = lines(folder, 2)
    assert first == {"at": 1}
    assert (second["at"], second["item"]["source"]) == (2, "fail")
    assert second["error"] == "2 processes ended over it; try it alone"
    again = Noting()
    Share(folder, 3, again)()
    assert (again.items, lines(folder, 3)) == ([], [{"at": 5}])


def test_one_death_over_a_file_and_one_before_it_are_no_reason_to_give_it_up(folder):
    done(folder, 3, 0).write_text('{"at": 0}\n{"at": 1}\n')
    done(folder, 3, 1).write_text('{"at": 1}\n{"at": 2}\n')
    task = Noting()
    Share(folder, 3, task)()
    assert [item.source for item in task.items] == NAMES[2:]


@pytest.mark.parametrize("reason", ["version", "prepare"])
def test_who_can_do_nothing_says_why(reason, folder, monkeypatch):
    if reason == "version":
        monkeypatch.setattr(share, "version", lambda: "0.0.9")
    task = Unready() if reason == "prepare" else Noting()
    Share(folder, 3, task)()
    said = {"version": "a worker is of unveil 0.0.9, not ", "prepare": "no such weights."}
    (row,) = lines(folder, 0)
    assert row["refused"].startswith(said[reason])
    assert list(row) == ["refused"]


@pytest.mark.parametrize("left", ["removed", "silent", "taken over"])
def test_a_process_that_nobody_waits_for_ends_behind_its_file(left, folder, monkeypatch):
    class Leaving(Noting):
        def __call__(self, item):
            if left == "removed":
                (folder / ALIVE).unlink()
            elif left == "silent":
                monkeypatch.setattr(share, "SILENCE_S", -1.0)
            else:
                done(folder, 3, 1).touch()
            return super().__call__(item)

    task = Leaving()
    Share(folder, 3, task)()
    assert len(task.items) == 1
    assert lines(folder, 0)[-1]["at"] == 1


def test_lines_are_read_from_where_the_last_whole_one_ended(tmp_path):
    path = tmp_path / "x.done"
    assert read_rows(path) == ([], 0)
    path.write_text('{"at": 0}\n{"at": ')
    rows, place = read_rows(path)
    assert rows == [{"at": 0}]
    assert read_rows(path, place) == ([], place)
    with path.open("a") as file:
        file.write("1}\n")
    assert read_rows(path, place) == ([json.loads('{"at": 1}')], path.stat().st_size)
