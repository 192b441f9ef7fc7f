"""Which values each trial of a search tries, and which trials there are.

Every trial has a place in the plan, 0 to the number wanted. One that was cut off has failed; the
trial that is queued in its stead takes over its place and its values.
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

INSTEAD_OF = "instead_of"
"""User attribute of a trial: number of the cut-off trial that it takes up."""

POINT = "point"
"""User attribute of such a trial: the values that were tried."""


def in_place(study: Study) -> list[FrozenTrial]:
    """Return the trial that stands at each place of the plan.

    Several workers may have queued a trial instead of the same one; the first of them counts.
    """
    trials = study.get_trials(deepcopy=False)
    heirs: dict[int, FrozenTrial] = {}
    for trial in trials:
        if INSTEAD_OF in trial.user_attrs:
            heirs.setdefault(trial.user_attrs[INSTEAD_OF], trial)
    places = [trial for trial in trials if INSTEAD_OF not in trial.user_attrs]
    for place, trial in enumerate(places):
        while trial.number in heirs:
            trial = heirs[trial.number]
        places[place] = trial
    return places


def place_of(study: Study, number: int) -> int | None:
    """Return the place where trial ``number`` stands, None if it stands nowhere."""
    numbers = [trial.number for trial in in_place(study)]
    return numbers.index(number) if number in numbers else None


def try_again(study: Study, trial: FrozenTrial) -> None:
    """Queue a trial instead of one that was cut off."""
    point = trial.user_attrs.get(POINT, {}) | trial.params
    attributes = {INSTEAD_OF: trial.number, POINT: point}
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
    """Chooses values by place in the plan, so that workers share it without knowing each other.

    The point of the grid goes by place, so that each is tried once, whatever the number of workers
    and of trials that were lost; :class:`optuna.samplers.GridSampler` does not promise that. TPE
    (Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011) begins with the paper's
    choice, and draws from a seed of each trial's own, so that no two workers draw the same.
    """

    def __init__(self, config: SearchConfig) -> None:
        self.config = config
        self.point: Point = {}
        self.tpe = TPESampler()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Settle what is known before anything is drawn."""
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
        """Return what TPE draws together."""
        return {} if self.point else self.tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw what TPE draws together."""
        return self.tpe.sample_relative(study, trial, search_space) if search_space else {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return the settled value, or draw one."""
        if param_name in self.point:
            return self.point[param_name]
        return self.tpe.sample_independent(study, trial, param_name, param_distribution)
