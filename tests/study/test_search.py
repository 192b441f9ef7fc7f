"""The search: trials are real training runs, shared by real processes through real databases."""

import multiprocessing
import os
import signal
import sqlite3
import sys
import time
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout

import optuna
import pytest
from filelock import FileLock
from optuna.storages import RDBStorage
from safetensors.torch import load_file

from tests.conftest import TINY_DATA, TINY_TRAINING, assert_told
from unveil.__main__ import main
from unveil.networks.card import read_card
from unveil.restoration.restorers import load
from unveil.study.search.config import PAPER_CHOICE
from unveil.study.search.run import run_search  # noqa: F401  # what the processes need, loaded once

PROCESSES = multiprocessing.get_context("forkserver")
"""Each worker is a process of its own, forked from one that has only done the imports."""

SMALL = ("--learning-rate", 2e-4, 1e-3, "--l2", 1e-5, "--batch", 4)
"""Flags of a grid of 6 points."""


@pytest.fixture(autouse=True)
def nothing_left():
    """End what a failed test has left running; keep Optuna quiet where the tests work with it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    for process in multiprocessing.active_children():
        process.kill()


def flags(photos, out, *more):
    return ("study", "search", "--data", photos, "--output", out, *TINY_DATA, *TINY_TRAINING, *more)


def work(words, cache, log):
    """Run the command in this process, a fresh one, with both streams in a file."""
    os.environ["UNVEIL_CACHE"] = str(cache)
    sys.argv = ["unveil", *map(str, words)]
    with log.open("w", buffering=1) as file, redirect_stdout(file), redirect_stderr(file):
        main()


def start(words, cache, log):
    # Heeded if it is the first; torch imports the second with its first optimiser.
    multiprocessing.set_forkserver_preload([__name__, "torch._dynamo", "torchmetrics"])
    worker = PROCESSES.Process(target=work, args=(words, cache, log))
    worker.start()
    return worker


def wait_for(text, *logs):
    """Wait until one of the logs has ``text``; return that log."""
    for _ in range(30_000):
        for log in logs:
            if log.exists() and text in log.read_text():
                return log
        time.sleep(0.01)
    pytest.fail(f"never said {text!r}: {[log.read_text() for log in logs]}")


@contextmanager
def opened(url):
    """Open a database as other programs of Optuna do, and close its connections."""
    storage = RDBStorage(url)
    yield storage
    storage.engine.dispose()


def trials_of(out, name="search"):
    """Return all trials that Optuna itself finds in the database."""
    with opened(f"sqlite:///{out}/search.sqlite") as storage:
        return optuna.load_study(study_name=name, storage=storage).trials


def table_of(text):
    """Return the rows of the Markdown table in ``text``."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    names, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(names, row, strict=True)) for row in rows]


def state_counts(out):
    states = [trial.state for trial in trials_of(out)]
    return {state.name: states.count(state) for state in set(states)}


@pytest.fixture(scope="module")
def shared(photo_folder, tmp_path_factory):
    """Return the folder of a grid that two processes did together, and their logs.

    The one that has trial 0 is held there until the other has done all the rest.
    """
    out = tmp_path_factory.mktemp("shared")
    cache = tmp_path_factory.mktemp("cache")
    logs = [cache / "first.log", cache / "second.log"]
    (out / "trials" / "0").mkdir(parents=True)
    with FileLock(out / "trials" / "0" / ".lock"):
        workers = [start(flags(photo_folder, out, *SMALL), cache, log) for log in logs]
        waiting = wait_for("waiting for the last trials", *logs)
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0], [log.read_text() for log in logs]
    return out, sorted(logs, key=lambda log: log == waiting)


@pytest.mark.slow
def test_two_processes_do_each_point_of_the_grid_once(shared):
    out, (held, other) = shared
    assert held.read_text().count("training on") == 1
    assert other.read_text().count("training on") == 5
    trials = trials_of(out)
    assert state_counts(out) == {"COMPLETE": 6}
    points = sorted(tuple(trial.params[name] for name in PAPER_CHOICE) for trial in trials)
    assert points == [(b, rate, 1e-5) for b in (4, 8) for rate in (2e-4, 5e-4, 1e-3)]


@pytest.mark.slow
def test_both_say_the_same_at_the_end(shared):
    _, logs = shared
    told = [log.read_text().partition("| rank")[2] for log in logs]
    assert told[0] == told[1] != ""


@pytest.mark.slow
def test_the_grid_begins_with_the_papers_choice_and_goes_outwards(shared):
    out, _ = shared
    points = [trial.params for trial in trials_of(out)]
    assert points[0] == {"batch": 8, "learning_rate": 5e-4, "l2": 1e-5}
    differ = [sum(point[name] != points[0][name] for name in point) for point in points]
    assert differ == [0, 1, 1, 1, 2, 2]


@pytest.mark.slow
def test_the_papers_trial_is_the_training_run_of_the_paper(shared, photo_folder, tmp_path, cli):
    """Bit for bit what `unveil train` makes of batch 8, learning rate 5e-4 and L2 1e-5."""
    paper = ("--batch", 8, "--learning-rate", 5e-4, "--l2", 1e-5)
    run = tmp_path / "run"
    words = ("train", "--data", photo_folder, "--output", run, *TINY_DATA, *TINY_TRAINING, *paper)
    assert cli(*words).status == 0
    mine, theirs = (
        load_file(next(folder.glob("last/weights-*")))
        for folder in (shared[0] / "trials" / "0", run)
    )
    assert mine.keys() == theirs.keys()
    assert all(mine[name].equal(theirs[name]) for name in mine)


@pytest.mark.slow
def test_the_table_ranks_by_psnr_and_marks_the_papers_choice(shared):
    out, _ = shared
    rows = table_of((out / "search.md").read_text())
    assert [row["rank"] for row in rows] == list("123456")
    scores = [float(row["psnr"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    (paper,) = [row for row in rows if row["choice"]]
    assert [paper[name] for name in ("trial", "batch", "learning_rate", "l2")] == [
        *("0", "8", "0.0005", "1e-05")
    ]
    assert {(row["state"], row["epochs"]) for row in rows} == {("complete", "1")}


@pytest.mark.slow
def test_the_best_trial_is_a_checkpoint_that_scores_as_the_table_says(shared, photo_folder, cli):
    """`unveil evaluate` on the validation split is the judge."""
    out, _ = shared
    best = table_of((out / "search.md").read_text())[0]
    folder = out / "trials" / best["trial"] / "best"
    assert f"`trials/{best['trial']}/best`" in (out / "search.md").read_text()
    assert load(str(folder)).card.operator == "gaussian:kernel=9,sigma=4"
    words = ("--data", photo_folder, *TINY_DATA, "--split", "validation", "--precision", "fp32")
    (row,) = table_of(cli("evaluate", folder, *words).out)
    assert (row["psnr"], row["ssim_deck"]) == (best["psnr"], best["ssim_deck"])


@pytest.mark.slow
def test_a_finished_search_trains_nothing_and_writes_the_same_bytes(shared, photo_folder, cli):
    out, _ = shared
    written = {
        path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".md", ".svg")
    }
    pictures = [name for name in written if name.endswith(".svg")]
    assert sorted(pictures) == ["epochs.svg", "history.svg", "parallel.svg", "slices.svg"]
    assert all(b"<svg" in written[name] for name in pictures)
    assert all(f"({name})" in written["search.md"].decode() for name in pictures)
    done = cli(*flags(photo_folder, out, *SMALL))
    assert (done.status, done.err) == (0, "")
    assert {name: (out / name).read_bytes() for name in written} == written


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (("--epochs", 3), "epochs 1, not 3"),
        (("--sampler", "tpe"), 'sampler "grid", not "tpe"'),
        (("--l2", 1e-3), "l2 [1e-05], not [1e-05, 0.001]"),
        (("--crop-px", 48), "data {"),
        (("--widths", 4, 4), "model {"),
    ],
    ids=str,
)
def test_a_search_with_other_settings_is_refused(change, phrase, shared, photo_folder, cli):
    out, _ = shared
    done = cli(*flags(photo_folder, out, *SMALL, *change))
    assert_told(done, 1, f"{out}/search.sqlite", phrase, "choose another --name")


def test_a_study_of_somebody_elses_is_refused(photo_folder, tmp_path, cli):
    url = f"sqlite:///{tmp_path}/theirs.sqlite"
    with opened(url) as storage:
        theirs = optuna.create_study(storage=storage, study_name="search", direction="maximize")
        theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    done = cli(*flags(photo_folder, tmp_path / "out", "--database", url))
    assert_told(done, 1, "not a search of unveil", "--name")


@pytest.mark.slow
def test_trials_of_another_search_in_the_folder_are_refused(shared, photo_folder, tmp_path, cli):
    url = f"sqlite:///{tmp_path}/other.sqlite"
    done = cli(*flags(photo_folder, shared[0], *SMALL, "--seed", 1, "--database", url))
    told = done.err.splitlines()[-1]
    assert (done.status, told) == (
        1,
        f"unveil: {shared[0]}/trials/0: holds a trial of another search; choose another --output.",
    )


LONG = ("--epochs", 20, "--batch", 8, "--trials", 1)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_a_trial_that_was_cut_off_goes_on(number, photo_folder, tmp_path, cache, cli):
    out, log = tmp_path / "out", tmp_path / "log"
    worker = start(flags(photo_folder, out, *LONG), cache, log)
    wait_for("epoch 2/20", log)
    os.kill(worker.pid, number)
    worker.join()
    if number == signal.SIGINT:
        assert worker.exitcode == 128 + number
        assert f"stopped in {out}/trials/0; the same command resumes" in log.read_text()
        assert state_counts(out) == {"FAIL": 1}
    else:
        assert worker.exitcode == -number
        assert state_counts(out) == {"RUNNING": 1}
    done = cli(*flags(photo_folder, out, *LONG, "--lost-after-s", 2))
    assert done.status == 0, done.err
    assert "epoch 20/20" in done.err
    assert "epoch 1/20" not in done.err
    assert state_counts(out) == {"FAIL": 1, "COMPLETE": 1}
    assert [row["trial"] for row in table_of(done.out)] == ["0"]
    # What was trained before the cut is part of what Optuna knows of the trial.
    assert list(trials_of(out)[1].intermediate_values) == list(range(1, 21))
    (entry,) = [
        e for e in read_card(out / "trials/0/best").history if e["epoch"] == best_epoch(out)
    ]
    assert trials_of(out)[1].value == entry["psnr"]
    assert trials_of(out)[1].user_attrs["ssim_deck"] == entry["ssim_deck"]


def best_epoch(out):
    values = trials_of(out)[1].intermediate_values
    return max(values, key=values.get)


# Still at work when it is stopped, however long the database lets the test wait.
LONGER = ("--epochs", 80, "--batch", 8, "--trials", 1)


@pytest.mark.slow
def test_a_worker_that_was_thought_lost_does_no_harm(photo_folder, tmp_path, cache):
    """One stops without a word, as a laptop that sleeps; a second takes over; the first wakes."""
    out, logs = tmp_path / "out", [tmp_path / "first.log", tmp_path / "second.log"]
    words = flags(photo_folder, out, *LONGER, "--lost-after-s", 2)
    first = start(words, cache, logs[0])
    wait_for("epoch 2/80", logs[0])
    with closing(sqlite3.connect(out / "search.sqlite", timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")  # so that it does not stop with the file locked
        os.kill(first.pid, signal.SIGSTOP)
    second = start(words, cache, logs[1])
    wait_for("trial 0", logs[1])  # it has taken the trial and waits for the folder
    os.kill(first.pid, signal.SIGCONT)
    for worker in (first, second):
        worker.join()
    assert [first.exitcode, second.exitcode] == [0, 0], [log.read_text() for log in logs]
    assert state_counts(out)["COMPLETE"] == 1
    assert sum(log.read_text().count("epoch 80/80") for log in logs) == 1
    assert read_card(out / "trials/0/last").step == 160


@pytest.mark.slow
def test_a_search_may_be_extended(photo_folder, tmp_path, cli):
    words = flags(photo_folder, tmp_path, "--sampler", "tpe", "--seed", 3, "--batch", 4)
    (first,) = table_of(cli(*words, "--trials", 1).out)
    assert first["choice"] == "the paper's"
    done = cli(*words, "--trials", 2)
    assert len(table_of(done.out)) == 2
    assert done.err.count("training on") == 1
    assert state_counts(tmp_path) == {"COMPLETE": 2}


@pytest.mark.slow
def test_trials_that_are_clearly_worse_are_pruned(photo_folder, tmp_path, cli):
    """A learning rate of 1e-9 learns nothing: its first trial is compared with, the others end."""
    grid = ("--batch", 8, "--learning-rate", 1e-9, 1e-3, "--l2", 1e-6, 1e-4, "--epochs", 2)
    done = cli(*flags(photo_folder, tmp_path, *grid))
    assert done.status == 0, done.err
    rows = table_of(done.out)
    pruned = [row for row in rows if row["state"] == "pruned"]
    assert [row["learning_rate"] for row in pruned] == ["1e-09", "1e-09"]
    assert rows[-2:] == pruned
    assert {row["rank"] for row in pruned} == {""}
    assert {row["epochs"] for row in pruned} == {"1"}
    for row in pruned:
        assert read_card(tmp_path / "trials" / row["trial"] / "last").step == 2
    assert [row["rank"] for row in rows[:-2]] == list("1234567")
    assert {row["epochs"] for row in rows[:-2]} == {"2"}


def test_a_trial_that_diverges_is_told_and_the_search_goes_on(photo_folder, tmp_path, cli):
    grid = ("--batch", 8, "--learning-rate", 1e30, "--l2", 1e-5)
    done = cli(*flags(photo_folder, tmp_path, *grid))
    assert done.status == 0, done.err
    good, bad = table_of(done.out)
    assert (good["state"], good["rank"]) == ("complete", "1")
    assert (bad["state"], bad["rank"], bad["epochs"]) == ("diverged", "", "0")
    assert (bad["psnr"], bad["learning_rate"]) == ("", "1e+30")


@pytest.mark.slow
def test_a_database_that_goes_away_is_told(photo_folder, tmp_path, cache):
    out, log = tmp_path / "out", tmp_path / "log"
    worker = start(flags(photo_folder, out, *LONG), cache, log)
    wait_for("epoch 2/20", log)
    with closing(sqlite3.connect(out / "search.sqlite")) as database:
        database.execute("DROP TABLE trial_user_attributes")
    worker.join()
    assert worker.exitcode == 1
    assert log.read_text().splitlines()[-1] == (
        f"unveil: sqlite:///{out}/search.sqlite: this database cannot be used "
        "(no such table: trial_user_attributes)."
    )


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        (("--trials", 0), "trials=0"),
        (("--lost-after-s", 1), "lost_after_s=1"),
        (("--learning-rate", 0), "learning_rate"),
        (("--learning-rate", "inf"), "learning_rate"),
        (("--l2", 0), "l2"),
        (("--batch", 32), "16 training photos do not fill one --batch of 32"),
        (("--operator", "gausian"), "gaussian"),
    ],
    ids=str,
)
def test_bad_settings_are_told_before_anything_is_written(
    words, phrase, photo_folder, tmp_path, cli
):
    done = cli(*flags(photo_folder, tmp_path / "out", *words))
    assert done.status == 2
    assert phrase in done.err
    assert not (tmp_path / "out").exists()
