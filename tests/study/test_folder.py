"""A study's folder under real processes: killed anywhere, stopped, shared; and what it refuses.

A process that must die at one exact place is struck there: an audit hook of the interpreter,
no change in the code under test, sends it a signal just before it writes a certain file.
"""

import collections
import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import SMOKE
from unveil.__main__ import main
from unveil.errors import UnveilError
from unveil.networks.card import read_card
from unveil.report.rows import read_whole_rows
from unveil.study.folder import MANIFEST, open_folder, read_manifest

FIRST, SECOND = "blur-cae-pixel-2epochs-seed0", "pixelate-cae-pixel-2epochs-seed0"
TWO_CELLS = ("--epochs", 2, "--only", FIRST, SECOND)
PATIENCE_S = 300
SETTINGS = {"data": {"photos": 24}, "tap": "relu2_2", "batch": 8}

# A server that has loaded everything once and forks a fresh process for each command.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["unveil.cli", "unveil.study.run", "torchmetrics", __name__])


class Strike(NamedTuple):
    """A signal that a process gets just before it writes ``place`` for the ``nth`` time."""

    number: signal.Signals
    place: str
    nth: int = 1

    def arm(self, mark: Path) -> None:
        """Set it for this process; ``mark`` appears once it has struck."""
        left = iter(range(self.nth - 1, -1, -1))

        def hook(event, args):
            if written(event, args).endswith(self.place) and next(left, None) == 0:
                mark.touch()
                os.kill(os.getpid(), self.number)

        sys.addaudithook(hook)


def written(event, args):
    """Return the file that an event of the interpreter puts in its place or adds to, or ''."""
    if event == "os.rename":
        return str(args[1])
    if event == "open" and isinstance(args[2], int) and args[2] & os.O_APPEND:
        return str(args[0])
    return ""


def child(words, told, cache, strike):
    """Run one command as the process's whole life; its standard error goes to ``told``."""
    os.environ["UNVEIL_CACHE"] = cache
    sys.argv = ["unveil", *words]
    if strike is not None:
        strike.arm(told.with_suffix(".struck"))
    with told.open("w", buffering=1) as stream, contextlib.redirect_stderr(stream):
        main()


class Worker:
    """A study in a process of its own."""

    def __init__(self, told, cache, words, strike):
        self.told = told
        arguments = ([str(word) for word in (*SMOKE, *words)], told, str(cache), strike)
        self.process = PROCESSES.Process(target=child, args=arguments)
        self.process.start()

    def send(self, number):
        os.kill(self.process.pid, number)

    def wait_for(self, path):
        """Wait until a file appears."""
        end = time.monotonic() + PATIENCE_S
        while not path.exists():
            assert self.process.is_alive(), self.err
            assert time.monotonic() < end, f"no {path}: {self.err}"
            time.sleep(0.002)

    def end(self):
        """Return the exit status; -9 after SIGKILL."""
        self.process.join(PATIENCE_S)
        return self.process.exitcode

    @property
    def err(self):
        return self.told.read_text() if self.told.exists() else ""


@pytest.fixture(scope="module")
def module_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def start(photo_folder, module_cache, tmp_path_factory):
    """A function that starts a study in a process of its own; none of them outlives the tests."""
    workers = []

    def begin(out, *words, strike=None, draws=False):
        told = tmp_path_factory.mktemp("told") / "err.txt"
        words = ("--output", out, *words, *(() if draws else ("--data", photo_folder)))
        workers.append(Worker(told, module_cache, words, strike))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.process.kill()
        worker.process.join()


@pytest.fixture(scope="module")
def whole(start, tmp_path_factory):
    """A study of two cells that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "study"
    worker = start(out, *TWO_CELLS)
    assert worker.end() == 0, worker.err
    return out


def rows_of(out):
    rows, lost = read_whole_rows(out / "rows.jsonl")
    assert not lost
    return rows


def without_times(value):
    """Drop, at any depth, what a clock or a commit decides."""
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if isinstance(value, dict):
        names = value.keys() - {"images_per_second", "commit"}
        return {name: without_times(value[name]) for name in names}
    return value


def results(out):
    """Return the newest row of each cell and storage, but for the times."""
    return {(row["cell"], row["storage"]): without_times(row) for row in rows_of(out)}


def times_recorded(out):
    return collections.Counter((row["cell"], row["storage"]) for row in rows_of(out))


def told_by(worker):
    """Return the lines that are for the user."""
    return [line for line in worker.err.splitlines() if line.startswith("unveil: ")]


def goes_on_to(whole, out, start, words=TWO_CELLS):
    """Run the same command again: all is as if it had never stopped. Return what it said."""
    again = start(out, *words)
    assert again.end() == 0, again.err
    found, wanted = results(out), results(whole)
    assert found == {key: wanted[key] for key in found}
    assert words != TWO_CELLS or found.keys() == wanted.keys()
    return again.err


KILLED_BEFORE = [
    (MANIFEST, 1),
    ("cells/blur/pictures.safetensors", 1),
    ("rows.jsonl", 2),
    (f"{FIRST}/last/checkpoint.json", 1),
    (f"{FIRST}/best/checkpoint.json", 1),
    (f"{FIRST}/last/optimizer-000006.safetensors", 1),
    (f"{FIRST}/last/checkpoint.json", 2),
    (f"{FIRST}/best/weights-000006.safetensors", 1),
    (f"{FIRST}/best/checkpoint.json", 2),
    (f"{FIRST}/pictures.safetensors", 1),
    ("rows.jsonl", 4),
]


@pytest.mark.slow
@pytest.mark.parametrize(("place", "nth"), KILLED_BEFORE, ids=str)
def test_killed_before_a_write_it_goes_on_to_the_same_rows(place, nth, whole, start, tmp_path):
    out, words = tmp_path / "study", ("--epochs", 2, "--only", FIRST)
    worker = start(out, *words, strike=Strike(signal.SIGKILL, place, nth))
    assert worker.end() == -signal.SIGKILL, worker.err
    goes_on_to(whole, out, start, words)
    assert {cell for cell, _ in results(out)} == {"blur", FIRST}


@pytest.mark.slow
def test_killed_before_the_first_best_it_goes_on(start, tmp_path):
    """The only epoch is over and saved as `last`; no `best` is there yet."""
    out, name = tmp_path / "study", FIRST.replace("2epochs", "1epochs")
    words = ("--epochs", 1, "--only", name)
    strike = Strike(signal.SIGKILL, f"{name}/best/checkpoint.json")
    assert start(out, *words, strike=strike).end() == -signal.SIGKILL
    again = start(out, *words)
    assert again.end() == 0, again.err
    assert set(times_recorded(out)) >= {(name, "float"), (name, "8bit")}


@pytest.mark.slow
def test_killed_while_it_draws_its_photos_it_goes_on(start, tmp_path):
    out, words = tmp_path / "study", ("--epochs", 1, "--only", FIRST.replace("2epochs", "1epochs"))
    strike = Strike(signal.SIGKILL, "/Person_C_0001.jpg")
    assert start(out, *words, strike=strike, draws=True).end() == -signal.SIGKILL
    again = start(out, *words, draws=True)
    assert again.end() == 0, again.err


@pytest.mark.slow
@pytest.mark.parametrize("later_s", [0, 0.1])
def test_killed_somewhere_in_a_cell_it_goes_on_to_the_same_rows(later_s, whole, start, tmp_path):
    """The moment is the machine's own; whatever it is, the result is the same."""
    out = tmp_path / "study"
    worker = start(out, *TWO_CELLS)
    worker.wait_for(out / "cells" / SECOND)
    time.sleep(later_s)
    worker.process.kill()
    assert worker.end() in (-signal.SIGKILL, 0), worker.err  # 0: too late, on a fast machine
    goes_on_to(whole, out, start)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_in_a_cell_it_says_so_and_goes_on_from_there(number, whole, start, tmp_path):
    out = tmp_path / "study"
    strike = Strike(number, f"{SECOND}/last/checkpoint.json")  # after its first epoch of two
    worker = start(out, *TWO_CELLS, strike=strike)
    assert worker.end() == 128 + number
    assert told_by(worker) == [f"unveil: stopped in {SECOND}; the same command resumes from there."]
    last = read_card(out / "cells" / SECOND / "last")
    assert (last.step, len(last.history)) == (3, 1)
    err = goes_on_to(whole, out, start)
    assert f"cell 2/2: {SECOND}\n" in err
    assert "epoch 2/2" in err
    assert "epoch 1/2" not in err
    assert FIRST not in err
    assert set(times_recorded(out).values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "place", "nth"),
    [
        (signal.SIGINT, "cells/blur/pictures.safetensors", 1),
        (signal.SIGINT, f"{FIRST}/pictures.safetensors", 1),
        (signal.SIGINT, f"{FIRST}/best/checkpoint.json", 2),
        (signal.SIGTERM, f"{FIRST}/best/checkpoint.json", 2),
    ],
    ids=["Ctrl-C scoring inputs", "Ctrl-C scoring", "Ctrl-C last epoch", "SIGTERM last epoch"],
)
def test_stopped_outside_the_training_it_begins_nothing_more(number, place, nth, start, tmp_path):
    out = tmp_path / "study"
    worker = start(out, *TWO_CELLS, strike=Strike(number, place, nth))
    assert worker.end() == 128 + number, worker.err
    (told,) = told_by(worker)
    assert "the same command resumes" in told
    assert SECOND not in worker.err


@pytest.mark.slow
def test_one_folder_is_one_studys_unless_the_other_joins(whole, start, tmp_path):
    out = tmp_path / "study"
    first = start(out, *TWO_CELLS, strike=Strike(signal.SIGSTOP, f"{FIRST}/last/checkpoint.json"))
    first.wait_for(first.told.with_suffix(".struck"))  # it stands still in its first cell
    before = sorted(out.rglob("*"))

    refused = start(out, *TWO_CELLS)
    assert refused.end() == 1
    assert refused.err.startswith(f"unveil: {out}: another study is running in it; ")
    assert "--join" in refused.err
    assert refused.err.count("\n") == 1
    assert sorted(out.rglob("*")) == before

    helper = start(out, *TWO_CELLS, "--join")
    assert helper.end() == 0, helper.err
    assert FIRST not in helper.err
    assert f"cell 2/2: {SECOND}" in helper.err

    first.send(signal.SIGCONT)
    assert first.end() == 0, first.err
    assert SECOND not in first.err
    assert results(out) == results(whole)
    assert set(times_recorded(out).values()) == {1}


@pytest.mark.slow
def test_three_that_start_at_once_do_no_cell_twice(start, tmp_path):
    out = tmp_path / "study"
    only = ("--only", "blur-cae-pixel", "pixelate-cae-pixel", "blur-vcae-pixel-kl")
    workers = [start(out, *only, "--join") for _ in range(3)]
    assert [worker.end() for worker in workers] == [0, 0, 0], [worker.err for worker in workers]
    counted = times_recorded(out)
    assert len(counted) == 2 * (4 + 7 + 2)  # two obfuscations, two seeds; KL weights; inputs
    assert set(counted.values()) == {1}
    begun = [line for worker in workers for line in worker.err.splitlines() if "cell " in line]
    assert len(begun) == len(set(begun)) == 11


class TestLocks:
    @pytest.fixture
    def folder(self, tmp_path):
        return open_folder(tmp_path / "study", {"batch": 8})

    def test_a_cell_is_one_workers(self, folder):
        with folder.claim("a") as first, folder.claim("a") as second, folder.claim("b") as other:
            assert (first, second, other) == (True, False, True)
        with folder.claim("a") as again:
            assert again

    def test_a_study_refuses_another(self, folder):
        with contextlib.ExitStack() as stack:
            stack.enter_context(folder.only_study())
            with pytest.raises(UnveilError, match="another study is running"):
                stack.enter_context(folder.only_study())
        with folder.only_study():
            pass

    @pytest.mark.parametrize("lock", ["only_study", "claim"])
    def test_a_lock_ends_with_its_block_however_that_ends(self, lock, folder):
        def fail():
            with folder.claim("a") if lock == "claim" else folder.only_study():
                raise ValueError("inside")

        with pytest.raises(ValueError, match="inside"):
            fail()
        with folder.claim("a") as mine, folder.only_study():
            assert mine


class TestSettings:
    """What all rows of a folder share; see test_run for the whole command."""

    @pytest.fixture
    def path(self, tmp_path):
        return open_folder(tmp_path / "study", SETTINGS).path

    def test_the_same_settings_open_it_again(self, path):
        before = (path / MANIFEST).read_bytes()
        assert open_folder(path, SETTINGS).rows() == ([], [])
        assert (path / MANIFEST).read_bytes() == before
        assert json.loads(before).items() >= SETTINGS.items()

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"tap": "conv3_3"}, 'tap "relu2_2", not "conv3_3"'),
            ({"data": {"photos": 25}}, r'data \{"photos": 24\}, not \{"photos": 25\}'),
            ({"more": 1}, "more null, not 1"),
        ],
    )
    def test_others_are_refused_with_what_differs(self, changes, said, path):
        with pytest.raises(UnveilError, match=f"with {said}; choose another --output"):
            open_folder(path, SETTINGS | changes)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"version": "0.0.1"}, 'version "0.0.1", not'),
            ({"format": 99}, "format 99, not 1"),
            ({"dropout": 0.5}, "dropout 0.5, not null"),
        ],
    )
    def test_a_folder_of_another_version_is_refused(self, changes, said, path):
        plain = json.loads((path / MANIFEST).read_text())
        (path / MANIFEST).write_text(json.dumps(plain | changes))
        with pytest.raises(UnveilError, match=said):
            open_folder(path, SETTINGS)

    @pytest.mark.parametrize("text", ["", "{", "3", "[1]", "\xff"])
    def test_a_manifest_that_cannot_be_read_is_named(self, text, path):
        (path / MANIFEST).write_bytes(text.encode("latin-1"))
        with pytest.raises(UnveilError, match=rf"{MANIFEST}: is not (valid JSON|the settings)"):
            open_folder(path, SETTINGS)

    def test_a_folder_without_a_study_is_named(self, tmp_path):
        with pytest.raises(UnveilError, match=rf"not the folder of a study \({MANIFEST}"):
            read_manifest(tmp_path)
