"""Settings of `unveil study search`, and its search space. Needs neither torch nor Optuna.

The paper tuned batch size, learning rate and L2 by validation scores, and gives only the values
that it chose; these are always in the search space.
"""

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from unveil.config import (
    DataConfig,
    ModelConfig,
    Output,
    RunConfig,
    RuntimeConfig,
    TrainConfig,
    from_dict,
)
from unveil.errors import UsageError

Point = dict[str, Any]
"""Values of the searched settings, by their names in TrainConfig."""

PAPER_CHOICE: Point = {"batch": 8, "learning_rate": 5e-4, "l2": 1e-5}
TPE_TRIALS = 20
HEARTBEATS = 2
"""Heartbeats of a worker per ``lost_after_s``; Optuna takes whole seconds."""


@dataclass(frozen=True)
class SearchConfig:
    """Settings of `unveil study search`."""

    sampler: Literal["grid", "tpe"] = "grid"
    """How values are chosen: all combinations, those closest to the paper's choice first (grid);
    or sampled from the ranges, guided by earlier trials (tpe)."""
    trials: int | None = None
    """Total number of trials, with earlier ones and those of other workers (default: the whole
    grid; tpe: 20)."""
    batch: tuple[int, ...] = (4, 8, 16)
    """Batch sizes to try; the paper's 8 is always among them."""
    learning_rate: tuple[float, ...] = (2e-4, 5e-4, 1e-3)
    """Learning rates to try; the paper's 5e-4 is always among them."""
    l2: tuple[float, ...] = (1e-6, 1e-5, 1e-4)
    """L2 penalties to try; the paper's 1e-5 is always among them."""
    epochs: int = 2
    """Epochs per trial; a trial that is clearly worse than others after an epoch is pruned."""
    operator: str = "gaussian:kernel=9,sigma=4"
    """Operator to undo, e.g. gaussian:kernel=9,sigma=4 or pixelate:block=8."""
    limit: int | None = None
    """Use only the first photos of each split."""
    seed: int = 0
    """Seed of each training run and of the tpe sampler."""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    out: Output = Path("runs/search")
    """Folder of the trials' checkpoints, the table and the plots."""
    database: str | None = None
    """URL of the database that all workers share, e.g. postgresql://me:secret@host/db (default: a
    SQLite file in the folder, for workers on one machine)."""
    name: str = "search"
    """Name of the search; a database may hold several."""
    lost_after_s: int = 60
    """Seconds without a sign of life from its worker after which a trial is repeated."""

    def __post_init__(self) -> None:
        if any(self.training(point).l2 == 0 for point in self.grid()):
            raise UsageError("l2 must be above 0: it is searched on a logarithmic scale.")
        if self.trials is not None and self.trials < 1:
            raise UsageError(f"trials={self.trials} must be at least 1.")
        if self.lost_after_s < HEARTBEATS:
            raise UsageError(f"lost_after_s={self.lost_after_s} must be at least {HEARTBEATS}.")

    @property
    def database_url(self) -> str:
        """URL of the database."""
        return self.database or f"sqlite:///{self.out / 'search.sqlite'}"

    def values(self) -> dict[str, list[Any]]:
        """Return the values of each setting, sorted, with the paper's choice included."""
        return {
            name: sorted({*getattr(self, name), choice}) for name, choice in PAPER_CHOICE.items()
        }

    def grid(self) -> list[Point]:
        """Return all combinations: the paper's choice first, then by the number of differences."""
        values = self.values()
        points = [
            dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())
        ]
        return sorted(points, key=lambda point: len(point.items() - PAPER_CHOICE.items()))

    def total(self) -> int:
        """Return the total number of trials."""
        if self.sampler == "tpe":
            return self.trials or TPE_TRIALS
        return min(self.trials or len(self.grid()), len(self.grid()))

    def training(self, point: Point) -> TrainConfig:
        """Return the training settings of the trial of ``point``."""
        shared = {name: getattr(self, name) for name in ("epochs", "operator", "limit", "seed")}
        return from_dict(TrainConfig, shared | point)

    def run(self, point: Point) -> RunConfig:
        """Return the training run of ``point``."""
        return RunConfig(self.data, self.model, self.training(point), runtime=self.runtime)
