"""What `unveil study search` does, and which values it tries. Needs neither torch nor Optuna.

The paper tuned batch size, learning rate and L2 by validation scores and gives only what it chose;
that choice is always among the values.
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
"""Values of the settings that are searched, by their names in TrainConfig."""

PAPER_CHOICE: Point = {"batch": 8, "learning_rate": 5e-4, "l2": 1e-5}
TPE_TRIALS = 20
BEATS = 2
"""Signs of life of a worker before it would count as lost; Optuna takes whole seconds."""


@dataclass(frozen=True)
class SearchConfig:
    """What `unveil study search` does."""

    sampler: Literal["grid", "tpe"] = "grid"
    """How values are chosen: all combinations, those nearest to the paper's choice first (grid);
    or drawn from the values' range where earlier trials went well (tpe)."""
    trials: int | None = None
    """Trials wanted in all, earlier ones and those of other workers counted (default: the whole
    grid; tpe: 20)."""
    batch: tuple[int, ...] = (4, 8, 16)
    """Batch sizes to try; the paper's 8 is always among them."""
    learning_rate: tuple[float, ...] = (2e-4, 5e-4, 1e-3)
    """Learning rates to try; the paper's 5e-4 is always among them."""
    l2: tuple[float, ...] = (1e-6, 1e-5, 1e-4)
    """L2 penalties to try; the paper's 1e-5 is always among them."""
    epochs: int = 2
    """Epochs of a trial; one that is clearly worse than others after an epoch is pruned."""
    operator: str = "gaussian:kernel=9,sigma=4"
    """Obfuscation to undo, e.g. gaussian:kernel=9,sigma=4 or pixelate:block=8."""
    limit: int | None = None
    """Use only the first photos of each split."""
    seed: int = 0
    """Seed of each training run and of the values that tpe draws."""
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
        if self.lost_after_s < BEATS:
            raise UsageError(f"lost_after_s={self.lost_after_s} must be at least {BEATS}.")

    @property
    def database_url(self) -> str:
        """URL of the database."""
        return self.database or f"sqlite:///{self.out / 'search.sqlite'}"

    def values(self) -> dict[str, list[Any]]:
        """Return the values of each setting, sorted, the paper's among them."""
        return {
            name: sorted({*getattr(self, name), choice}) for name, choice in PAPER_CHOICE.items()
        }

    def grid(self) -> list[Point]:
        """Return all combinations: the paper's choice first, then those that differ least."""
        values = self.values()
        points = [
            dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())
        ]
        return sorted(points, key=lambda point: len(point.items() - PAPER_CHOICE.items()))

    def total(self) -> int:
        """Return the number of trials wanted."""
        if self.sampler == "tpe":
            return self.trials or TPE_TRIALS
        return min(self.trials or len(self.grid()), len(self.grid()))

    def training(self, point: Point) -> TrainConfig:
        """Return how the trial of ``point`` is trained."""
        shared = {name: getattr(self, name) for name in ("epochs", "operator", "limit", "seed")}
        return from_dict(TrainConfig, shared | point)

    def run(self, point: Point) -> RunConfig:
        """Return the training run of ``point``."""
        return RunConfig(self.data, self.model, self.training(point), runtime=self.runtime)
