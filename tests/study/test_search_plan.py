"""What the search rests on: databases of all kinds, and the plan that workers share."""

import contextlib
import sqlite3
import threading

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from tests.conftest import TINY_DATA, TINY_TRAINING, assert_told
from unveil.errors import UsageError
from unveil.study.search.config import PAPER_CHOICE, SearchConfig
from unveil.study.search.database import open_storage, without_password
from unveil.study.search.plan import PlanSampler, in_place, suggest, try_again


@pytest.fixture(autouse=True)
def quiet():
    """Keep Optuna quiet where a test, not the command, works with it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.mark.parametrize(
    ("url", "phrase"),
    [
        ("8bit", "not the URL of a database"),
        ("postgresql//me:hunter2@host", "not the URL of a database"),
        ("postgresql://me:hunter2", "not the URL of a database"),
        ("sqlite:///{nothing}.sqlite", "not the URL of a database"),
        ("nosuch://me:hunter2@host/db", "nosuch://me:***@host/db"),
        ("postgresql+nosuch://me:hunter2@host/db", "postgresql+nosuch://me:***@host/db"),
        ("mssql+pymssql://me:hunter2@host/db", "pymssql is not installed"),
        ("sqlite://", "in memory"),
        ("sqlite:////no-such-folder/search.sqlite", "unable to open database file"),
        ("sqlite:///{here}", "unable to open database file"),
        ("sqlite:///{here}/text", "file is not a database"),
    ],
)
def test_a_database_that_cannot_be_used_is_told(url, phrase, photo_folder, tmp_path, cli):
    (tmp_path / "text").write_text("no database, but longer than the header of one" * 9)
    before = (tmp_path / "text").read_bytes()
    url = url.replace("{here}", str(tmp_path))
    out = tmp_path / "out"
    words = ("--data", photo_folder, *TINY_DATA, *TINY_TRAINING, "--output", out, "--database", url)
    done = cli("study", "search", *words)
    assert_told(done, 1, without_password(url), phrase)
    assert "hunter2" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
    assert (tmp_path / "text").read_bytes() == before


def test_a_worker_outlives_a_database_that_is_away_for_a_moment(tmp_path):
    with open_storage(SearchConfig(out=tmp_path)) as storage:
        with contextlib.closing(sqlite3.connect(tmp_path / "search.sqlite")) as database:
            database.execute("DROP TABLE trial_heartbeats")
        storage.record_heartbeat(0)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://me:se:c/r@et@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:secret", "postgresql://me:***"),
        ("postgresql//me:secret@host", "postgresql//me:***@host"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("postgresql://host:5432", "postgresql://host:5432"),
        ("postgresql://me@host/db?password=secret&x=1", "postgresql://me@host/db?password=***&x=1"),
        ("sqlite:///a/b.sqlite", "sqlite:///a/b.sqlite"),
        ("8bit", "8bit"),
    ],
)
def test_passwords_are_not_shown(url, shown):
    assert without_password(url) == shown


def test_a_waiting_trial_goes_to_one_worker_only(tmp_path):
    """Four at once on one SQLite file, each with its own connections, as processes have."""
    config = SearchConfig(out=tmp_path)
    with open_storage(config) as storage:
        study = optuna.create_study(storage=storage, study_name="queue")
        study.add_trials([create_trial(state=TrialState.WAITING) for _ in range(12)])
    taken, ready = [], threading.Barrier(4)

    def worker():
        with open_storage(config) as storage:
            study = optuna.load_study(storage=storage, study_name="queue")
            ready.wait()
            taken.extend(
                trial.number
                for trial in study.get_trials(deepcopy=False)
                if storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
            )

    workers = [threading.Thread(target=worker) for _ in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert sorted(taken) == list(range(12))


def three_cut_off():
    study = optuna.create_study()
    study.add_trials([create_trial(state=TrialState.FAIL) for _ in range(3)])
    return study


def test_a_trial_queued_instead_of_another_has_its_place():
    study = three_cut_off()
    assert [trial.number for trial in in_place(study)] == [0, 1, 2]
    try_again(study, study.trials[1])
    assert [trial.number for trial in in_place(study)] == [0, 3, 2]
    try_again(study, study.trials[3])
    assert [trial.number for trial in in_place(study)] == [0, 4, 2]


def test_of_several_queued_instead_of_one_the_first_counts():
    study = three_cut_off()
    try_again(study, study.trials[1])
    try_again(study, study.trials[1])
    assert [trial.number for trial in in_place(study)] == [0, 3, 2]


def search(config, trials):
    """Let the real samplers work on a smooth function, each trial by a new worker."""
    study = optuna.create_study(direction="maximize")
    for _ in range(trials):
        study.sampler = PlanSampler(config)
        study.optimize(lambda trial: score(suggest(trial, config)), n_trials=1)
    return study


def score(point):
    return -abs(point["learning_rate"] / 9e-4 - 1) - abs(point["batch"] - 4)


def test_tpe_begins_with_the_papers_choice_and_gets_better():
    config = SearchConfig(sampler="tpe")
    study = search(config, 40)
    points = [trial.params for trial in study.trials]
    assert points[0] == PAPER_CHOICE
    assert len({tuple(point.values()) for point in points}) == 40
    for name, values in config.values().items():
        assert all(values[0] <= point[name] <= values[-1] for point in points)
    scores = [trial.value for trial in study.trials]
    assert sum(scores[-10:]) > sum(scores[1:11])


def test_tpe_draws_the_same_again():
    first, again = (search(SearchConfig(sampler="tpe"), 14) for _ in range(2))
    assert [t.params for t in first.trials] == [t.params for t in again.trials]
    other = search(SearchConfig(sampler="tpe", seed=1), 3)
    assert other.trials[2].params != first.trials[2].params


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_what_is_tried_again_has_the_same_values(sampler):
    config = SearchConfig(sampler=sampler)
    study = search(config, 3)
    cut = create_trial(
        state=TrialState.FAIL,
        params=study.trials[2].params,
        distributions=study.trials[2].distributions,
    )
    study.add_trial(cut)
    for number in (3, 4):
        try_again(study, study.trials[number])
        study.sampler = PlanSampler(config)
        trial = study.ask()
        assert suggest(trial, config) == cut.params
        study.tell(trial, state=TrialState.FAIL)
    assert in_place(study)[3].number == 5


def test_the_grid_gives_every_point_once_whatever_was_lost():
    config = SearchConfig(trials=27)
    study = optuna.create_study(direction="maximize", sampler=PlanSampler(config))
    for number in range(40):
        trial = study.ask()
        point = suggest(trial, config)
        if number % 3 == 1:
            study.tell(trial, state=TrialState.FAIL)
            try_again(study, study.trials[trial.number])
        else:
            study.tell(trial, score(point))
        if len(in_place(study)) == 27 and in_place(study)[-1].state.is_finished():
            break
    points = [trial.params for trial in in_place(study)]
    assert points == config.grid()
    assert len({tuple(point.items()) for point in points}) == 27


def test_the_papers_values_are_always_among_those_tried():
    config = SearchConfig(batch=(2,), learning_rate=(1e-3,), l2=(1e-4,), trials=99)
    assert config.grid()[0] == PAPER_CHOICE
    assert config.total() == len(config.grid()) == 8
    assert SearchConfig(sampler="tpe").total() == 20
    assert SearchConfig(trials=5).total() == 5


def test_settings_that_no_training_run_takes_are_refused():
    with pytest.raises(UsageError):
        SearchConfig(batch=(0,))
