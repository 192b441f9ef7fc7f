"""Selection of the rows of an experiment. Rows are plain dicts; this module needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from unveil.report.rows import Row
from unveil.study.plan import ARCHITECTURES, LOSSES


@dataclass(frozen=True)
class Results:
    """The newest row of each cell and storage of a study.

    Attributes:
        rows: the rows.
        is_comparable: whether they are comparable with the paper; those of a smoke test are not.
        raw: those of a study with a raw perceptual term; None if there is none.
    """

    rows: tuple[Row, ...]
    is_comparable: bool = True
    raw: "Results | None" = None

    def cell_rows(self, experiment: str, storage: str = "float") -> list[Row]:
        """Return the rows of an experiment, all budgets and seeds, smallest budget first."""
        found = [
            row
            for row in self.rows
            if row["experiment"] == experiment and row["storage"] == storage
        ]
        return sorted(found, key=lambda row: (row.get("epochs", 0), row.get("seed", 0)))

    def final(self, experiment: str, storage: str = "float") -> Row | None:
        """Return the row with the largest budget and seed 0; None if there is none."""
        found = [row for row in self.cell_rows(experiment, storage) if row.get("seed", 0) == 0]
        return found[-1] if found else None

    def seeds(self, experiment: str, storage: str = "float") -> list[Row]:
        """Return the rows with scores of the budget with most seeds; of several, the largest."""
        found = [row for row in self.cell_rows(experiment, storage) if row["psnr"] is not None]
        counts = {row["epochs"]: 0 for row in found}
        for row in found:
            counts[row["epochs"]] += 1
        most = max(counts, key=lambda epochs: (counts[epochs], epochs), default=None)
        return [row for row in found if row["epochs"] == most]

    def kl_rows(self) -> list[Row]:
        """Return the rows of the experiment on the VCAE's KL weight, in ascending order of it."""
        found = [row for row in self.rows if "-kl" in row["experiment"]]
        found = [row for row in found if row["storage"] == "float"]
        return sorted(found, key=lambda row: float(row["kl_weight"]))

    def combinations(self, obfuscation: str) -> list[Row]:
        """Return the final row of each combination of architecture and loss that has scores."""
        names = [f"{obfuscation}-{a}-{loss}" for a in ARCHITECTURES for loss in LOSSES]
        rows = [self.final(name) for name in names]
        return [row for row in rows if row is not None and row["psnr"] is not None]


def results_of(
    rows: Sequence[Row], *, is_comparable: bool = True, raw: Results | None = None
) -> Results:
    """Return the newest row of each cell and storage."""
    newest = {(row["cell"], row["storage"]): row for row in rows if "cell" in row}
    return Results(tuple(newest.values()), is_comparable, raw)
