"""The plan of a search: its trials, and the values of each.

Every trial has a place in the plan, counted from 0. An interrupted trial has failed; the trial that
is queued to replace it takes over its place and its values.
"""

import warnings
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from unveil.study.search.config import PAPER_CHOICE, Point, SearchConfig

REPLACED_TRIAL = "instead_of"
"""User attribute of a trial: number of the interrupted trial that it replaces."""

POINT = "point"
"""User attribute of such a trial: the values of the interrupted trial."""


def in_place(study: Study) -> list[FrozenTrial]:
    """Return the trial at each place of the plan.

    Several workers may have queued a replacement of the same trial; the first one counts.
    """
    trials = study.get_trials(deepcopy=False)
    replacements: dict[int, FrozenTrial] = {}
    for trial in trials:
        if REPLACED_TRIAL in trial.user_attrs:
            replacements.setdefault(trial.user_attrs[REPLACED_TRIAL], trial)
    places = [trial for trial in trials if REPLACED_TRIAL not in trial.user_attrs]
    for place, trial in enumerate(places):
        while trial.number in replacements:
            trial = replacements[trial.number]
        places[place] = trial
    return places


def place_of(study: Study, number: int) -> int | None:
    """Return the place of trial ``number`` in the plan, None if it has none."""
    numbers = [trial.number for trial in in_place(study)]
    return numbers.index(number) if number in numbers else None


def try_again(study: Study, trial: FrozenTrial) -> None:
    """Queue a replacement of an interrupted trial."""
    point = trial.user_attrs.get(POINT, {}) | trial.params
    attributes = {REPLACED_TRIAL: trial.number, POINT: point}
    study.add_trial(create_trial(state=TrialState.WAITING, user_attrs=attributes))


def suggest(trial: Trial, config: SearchConfig) -> Point:
    """Ask Optuna for the values of a trial."""
    batches, rates, l2 = config.values().values()
    return {
        "batch": trial.suggest_categorical("batch", batches),
        "learning_rate": trial.suggest_float("learning_rate", rates[0], rates[-1], log=True),
        "l2": trial.suggest_float("l2", l2[0], l2[-1], log=True),
    }


class PlanSampler(BaseSampler):
    """Chooses values by the place in the plan, so that workers need no communication.

    The grid point depends on the place only, so that each is tried once, whatever the number of
    workers and lost trials; :class:`optuna.samplers.GridSampler` does not guarantee that. TPE
    (Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011) begins with the paper's
    choice, and has a separate seed for each trial, so that no two workers draw the same values.
    """

    def __init__(self, config: SearchConfig) -> None:
        self.config = config
        self.point: Point = {}
        self.tpe = TPESampler()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Set the values that are fixed before sampling."""
        place = place_of(study, trial.number) or 0
        planned = self.config.grid() if self.config.sampler == "grid" else [PAPER_CHOICE]
        self.point = dict(planned[place]) if place < len(planned) else {}
        self.point.update(trial.user_attrs.get(POINT, {}))
        seeds = np.random.SeedSequence([self.config.seed, trial.number])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # constant_liar, before Optuna 5
            self.tpe = TPESampler(seed=int(seeds.generate_state(1)[0]), constant_liar=True)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the search space that TPE samples jointly."""
        return {} if self.point else self.tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample the joint search space of TPE."""
        return self.tpe.sample_relative(study, trial, search_space) if search_space else {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return the fixed value, or sample one."""
        if param_name in self.point:
            return self.point[param_name]
        return self.tpe.sample_independent(study, trial, param_name, param_distribution)
