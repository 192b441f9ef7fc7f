"""The hyper-parameter search: trials are training runs, distributed to workers by a database.

Every trial has a place in the plan, counted from 0. Each worker takes the next free place. A trial
that is interrupted (its worker killed, its machine lost) fails, and a replacement is queued that
continues from its checkpoint. All state is in the database and the folder, so a search can be
stopped at any time and restarted on any machine that reaches the database.
"""

import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.exceptions import ExperimentalWarning, TrialPruned
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from unveil import console
from unveil.config import RunConfig, to_plain
from unveil.errors import UnveilError, UsageError
from unveil.networks.card import CARD_NAME, read_card
from unveil.study.search.config import SearchConfig
from unveil.study.search.database import open_storage, open_study
from unveil.study.search.plan import PlanSampler, in_place, place_of, suggest, try_again
from unveil.study.search.report import DIVERGED, trial_rows, write_report
from unveil.training.data import Photos, open_photos
from unveil.training.loop import train
from unveil.training.state import DivergedError, TrainingInterruptedError

POLL_S = 1.0


class SearchInterruptedError(UnveilError):
    """The search was asked to stop; the trial's state is saved."""

    def __init__(self, folder: Path, cause: TrainingInterruptedError) -> None:
        super().__init__(f"stopped in {folder}; the same command resumes from there.")
        self.exit_status = cause.exit_status


class _SuperfluousError(Exception):
    """The trial has no place in the plan: other workers have taken all places."""


def run_search(config: SearchConfig) -> None:
    """Run trials until the search is complete; write its table and plots, print the table.

    Raises:
        SearchInterruptedError: after Ctrl-C or SIGTERM; the same call resumes the search.
        UnveilError: the photos, the database or the search in it cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    photos = open_photos(config.data)
    _check_batches(config, photos)
    with open_storage(config) as storage:
        study = open_study(storage, config, photos, PlanSampler(config))
        _work(config, study)
        trials = in_place(study)[: config.total()]
    text = write_report(config, trials)
    console.results(trial_rows(trials), text)


def _check_batches(config: SearchConfig, photos: Photos) -> None:
    count = len(photos.splits["train"][: config.limit])
    largest = max(config.values()["batch"])
    if count < largest:
        raise UsageError(f"{count} training photos do not fill one --batch of {largest}.")


def _work(config: SearchConfig, study: Study) -> None:
    """Run trials until all places are complete, by this worker or by others."""
    waited: dict[int, float] = {}
    while True:
        _fail_silent(study)
        plan = in_place(study)[: config.total()]
        states = {trial.state for trial in plan}
        for trial in plan:
            if trial.state == TrialState.FAIL:
                try_again(study, trial)
        if len(plan) < config.total() or states & {TrialState.FAIL, TrialState.WAITING}:
            _run_one(config, study)
        elif TrialState.RUNNING in states:
            _wait(study, plan, waited, config.lost_after_s)
        else:
            return


def _fail_silent(study: Study) -> None:
    """Fail the trials whose workers have sent no heartbeat for too long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)


def _wait(
    study: Study, plan: list[FrozenTrial], waited: dict[int, float], lost_after_s: int
) -> None:
    """Wait for other workers.

    Optuna does not detect a worker that is killed between taking a trial and its first heartbeat.
    Such a trial has no values yet; it is failed here after ``lost_after_s``.
    """
    if not waited:
        console.note("waiting for the last trials of other workers")
    for trial in plan:
        if trial.state == TrialState.RUNNING:
            since = waited.setdefault(trial.number, time.monotonic())
            if not trial.params and time.monotonic() - since > lost_after_s:
                study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    time.sleep(POLL_S)


def _run_one(config: SearchConfig, study: Study) -> None:
    try:
        study.optimize(partial(_try_one, config), n_trials=1, catch=(_SuperfluousError,))
    except ValueError as error:
        # This worker was considered lost (e.g. a sleeping laptop): others have ended the trial.
        if not str(error).startswith("Cannot tell"):
            raise


def _try_one(config: SearchConfig, trial: Trial) -> float:
    """Run one trial; the value is the best validation PSNR, in dB."""
    place = place_of(trial.study, trial.number)
    if place is None or place >= config.total():
        raise _SuperfluousError
    point = suggest(trial, config)
    folder = config.out / "trials" / str(place)
    folder.mkdir(parents=True, exist_ok=True)
    values = ", ".join(f"{name} {value:.3g}" for name, value in point.items())
    console.note(f"trial {place}, {config.total()} in all: {values}")
    # A worker that was considered lost may still write to the folder.
    with FileLock(folder / ".lock"):
        return _train(config.run(point), folder, trial)


def _train(run: RunConfig, folder: Path, trial: Trial) -> float:
    history: list[dict[str, Any]] = []

    def judge(entry: dict[str, Any]) -> None:
        history.append(entry)
        best = max(history, key=lambda entry: float(entry["psnr"]))
        trial.report(entry["psnr"], entry["epoch"])
        for name, value in {**_scores(best), "epochs": entry["epoch"]}.items():
            trial.set_user_attr(name, value)
        if entry["epoch"] < run.train.epochs and trial.should_prune():
            raise TrialPruned

    try:
        done = _done(run, folder)
        for entry in done or []:
            judge(entry)
        train(run, folder, resume=done is not None, after_epoch=judge)
    except TrainingInterruptedError as error:
        raise SearchInterruptedError(folder, error) from None
    except DivergedError:
        # Pruned, not failed: the sampler learns from a bad trial.
        trial.set_user_attr(DIVERGED, True)
        raise TrialPruned from None
    return max(float(entry["psnr"]) for entry in history)


def _scores(entry: dict[str, Any]) -> dict[str, float]:
    return {name: entry[name] for name in ("ssim", "ssim_deck")}


def _done(run: RunConfig, folder: Path) -> list[dict[str, Any]] | None:
    """Return the history of the run to resume, None if there is none.

    Raises:
        UnveilError: the folder holds another run.
    """
    if not (folder / "last" / CARD_NAME).exists():
        return None
    card = read_card(folder / "last")
    wanted = to_plain(run)
    if any(card.run[part] != wanted[part] for part in ("model", "train", "loss")):
        raise UnveilError(f"{folder}: holds a trial of another search; choose another --output.")
    return card.history
