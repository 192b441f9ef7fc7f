"""How far the metrics agree: with each other over the runs, and photo by photo."""

from dataclasses import dataclass

import numpy as np

from unveil.metrics.correlation import rank_correlation
from unveil.metrics.quality import LOWER_IS_BETTER
from unveil.report.rows import Row


@dataclass(frozen=True)
class Measured:
    """The metrics of several runs on the same photos, higher always better.

    Attributes:
        runs: names of the runs.
        values: metric to ``runs x photos`` values; distances are negated.
    """

    runs: list[str]
    values: dict[str, np.ndarray]

    def means(self) -> dict[str, np.ndarray]:
        """Return each metric's mean over photos, one value a run."""
        return {name: values.mean(axis=1) for name, values in self.values.items()}


@dataclass(frozen=True)
class Disagreement:
    """A photo on which a metric orders the runs unlike PSNR.

    Attributes:
        metric: which.
        photo: place among the measured photos.
        correlation: Spearman's, between the two orders of the runs on this photo.
        by_psnr: place of the run that PSNR likes best here.
        by_metric: place of the run that the metric likes best here.
    """

    metric: str
    photo: int
    correlation: float
    by_psnr: int
    by_metric: int


def measured(rows: list[Row]) -> Measured:
    """Collect the metrics that all ``rows`` have."""
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
    """Return for each metric the rank of each run by its mean, 1 for the best."""
    return {
        name: [1 + int((means > mean).sum()) for mean in means]
        for name, means in found.means().items()
    }


def correlations(found: Measured) -> dict[str, dict[str, float]]:
    """Return Spearman's rank correlation over the runs' means for each pair of metrics."""
    means = found.means()
    return {
        first: {second: float(rank_correlation(means[first], means[second])) for second in means}
        for first in means
    }


def photo_correlations(found: Measured, metric: str) -> np.ndarray:
    """Return, for each photo, how alike ``metric`` and PSNR order the runs on it."""
    return rank_correlation(found.values[metric], found.values["psnr"])


def disagreements(found: Measured, photos: int = 3) -> list[Disagreement]:
    """Return the ``photos`` photos on which each metric disagrees most with PSNR, worst first."""
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
