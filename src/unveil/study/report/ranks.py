"""Agreement of the metrics: with each other over the runs, and with PSNR on each photo."""

from dataclasses import dataclass

import numpy as np

from unveil.metrics.correlation import rank_correlation
from unveil.metrics.quality import LOWER_IS_BETTER
from unveil.report.rows import Row


@dataclass(frozen=True)
class Measured:
    """The metrics of several runs on the same photos; higher is better for all.

    Attributes:
        runs: names of the runs.
        values: ``runs x photos`` values of each metric; distances are negated.
    """

    runs: list[str]
    values: dict[str, np.ndarray]

    def means(self) -> dict[str, np.ndarray]:
        """Return each metric's mean over photos, one value a run."""
        return {name: values.mean(axis=1) for name, values in self.values.items()}


@dataclass(frozen=True)
class Disagreement:
    """A photo on which a metric and PSNR rank the runs differently.

    Attributes:
        metric: name of the metric.
        photo: index of the photo among the measured ones.
        correlation: Spearman's rank correlation of the metric and PSNR over the runs.
        by_psnr: index of the best run by PSNR.
        by_metric: index of the best run by the metric.
    """

    metric: str
    photo: int
    correlation: float
    by_psnr: int
    by_metric: int


def measured(rows: list[Row]) -> Measured:
    """Collect the metrics that are in all ``rows``."""
    names = [name for name in rows[0]["measured"] if all(name in row["measured"] for row in rows)]
    return Measured(
        [row["experiment"] for row in rows],
        {
            name: np.array([row["measured"][name] for row in rows])
            * (-1 if name in LOWER_IS_BETTER else 1)
            for name in names
        },
    )


def ranks(found: Measured) -> dict[str, list[int]]:
    """Return the rank of each run by the mean of each metric; 1 is the best."""
    return {
        name: [1 + int((means > mean).sum()) for mean in means]
        for name, means in found.means().items()
    }


def correlations(found: Measured) -> dict[str, dict[str, float]]:
    """Return Spearman's rank correlation of each pair of metrics over the means of the runs."""
    means = found.means()
    return {
        first: {second: float(rank_correlation(means[first], means[second])) for second in means}
        for first in means
    }


def photo_correlations(found: Measured, metric: str) -> np.ndarray:
    """Return, for each photo, how alike ``metric`` and PSNR order the runs on it."""
    return rank_correlation(found.values[metric], found.values["psnr"])


def disagreements(found: Measured, photos: int = 3) -> list[Disagreement]:
    """Return, for each metric, the ``photos`` photos of lowest correlation with PSNR, ascending."""
    psnr = found.values["psnr"]
    told = []
    for metric in (name for name in found.values if name != "psnr"):
        alike = photo_correlations(found, metric)
        for photo in alike.argsort(kind="stable")[:photos].tolist():
            best = found.values[metric][:, photo].argmax()
            told.append(
                Disagreement(
                    *(metric, photo, float(alike[photo])),
                    by_psnr=int(psnr[:, photo].argmax()),
                    by_metric=int(best),
                )
            )
    return told
