"""How well image similarity to the clean face predicts the risk of identification."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from unveil.auditing.attack import TRAINED
from unveil.auditing.measured import RISK
from unveil.metrics.correlation import rank_correlation
from unveil.metrics.quality import LOWER_IS_BETTER, METRICS
from unveil.report.rows import Row

CORRELATION = "rank correlation with risk"
KNOWN = (*METRICS, "ms_ssim", "vif", "vgg_relu2_2", "lpips")
"""The study's metrics."""


def metrics_of(rows: Sequence[Row]) -> list[str]:
    """Return the names of the metrics that all rows of obfuscated faces have."""
    seen = _seen(rows)
    return [name for name in KNOWN if all(row.get(name) is not None for row in seen)]


def correlations(rows: Sequence[Row]) -> list[Row]:
    """Return the rank correlation of each metric with the risk, over settings and attackers.

    Args:
        rows: of ``unveil audit curve``; those of the trained attacker are left out, because it
            compares several views of a face at once.
    """
    seen = _seen(rows)
    risk = np.array([row[RISK][0] for row in seen])
    measured = {name: np.array([row[name] for row in seen]) for name in metrics_of(rows)}
    return [
        {
            "metric": metric,
            CORRELATION: round(float(rank_correlation(values, risk)), 3),
            "views": len(seen),
        }
        for metric, values in measured.items()
    ]


def counter_examples(rows: Sequence[Row], metric: str, count: int = 5) -> list[Row]:
    """Return pairs in which the more similar view is identified less often, worst first.

    Args:
        rows: of ``unveil audit curve``.
        metric: of similarity to the clean face.
        count: number of pairs; no view is in two of them.
    """
    pairs, sign = [], -1 if metric in LOWER_IS_BETTER else 1
    for one, other in combinations(_seen(rows), 2):
        liker, less = (one, other) if sign * (one[metric] - other[metric]) > 0 else (other, one)
        more_named, less_named = less[RISK], liker[RISK]
        if more_named[1] > less_named[2]:  # their intervals do not overlap
            pairs.append((more_named[0] - less_named[0], liker, less))
    chosen: list[Row] = []
    used: set[str] = set()
    for _, liker, less in sorted(pairs, key=lambda pair: -pair[0]):
        names = {_name(liker), _name(less)}
        if not names & used and len(chosen) < count:
            used |= names
            chosen.append(
                {
                    "looks better": _name(liker),
                    metric: liker[metric],
                    "named": liker[RISK][0],
                    "looks worse": _name(less),
                    f"its {metric}": less[metric],
                    "is named": less[RISK][0],
                }
            )
    return chosen


def _seen(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["psnr"] is not None and row["attacker"] != TRAINED]


def _name(row: Row) -> str:
    return f"{row['operator']} at {row['face_px']} px, {row['attacker']}"
