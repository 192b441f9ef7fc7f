"""Whether metrics predict the risk: correlations, and the pairs that they are wrong about."""

import pytest

from unveil.auditing.attack import TRAINED
from unveil.auditing.likeness import CORRELATION, correlations, counter_examples, metrics_of
from unveil.auditing.measured import RISK


def view(name: str, psnr: float | None, share: float, **more) -> dict:
    row = {"operator": name, "face_px": 112, "attacker": "unaware", "psnr": psnr, "ssim": 0.5}
    ends = [share, max(share - 0.05, 0), min(share + 0.05, 1)]
    return row | {"lpips": None if psnr is None else 40 - psnr, RISK: ends} | more


ROWS = [
    view("none", None, 1.0),
    view("a", 20.0, 0.1),
    view("b", 25.0, 0.8),
    view("c", 30.0, 0.5),
    view("d", 35.0, 0.9),
    view("e", 36.0, 0.2, attacker=TRAINED),
]
"""A likelier view is named more often, but c, which is nearer than b; clean faces have no score."""


def test_views_of_obfuscated_faces_count_and_the_trained_attackers_do_not():
    assert [name for name in metrics_of(ROWS) if name in ("psnr", "ssim")] == ["psnr", "ssim"]
    found = {row["metric"]: row for row in correlations(ROWS)}
    assert found["psnr"][CORRELATION] == pytest.approx(0.8)
    assert found["lpips"][CORRELATION] == pytest.approx(-0.8)
    assert all(row["views"] == 4 for row in found.values())


@pytest.mark.parametrize("metric", ["psnr", "lpips"])
def test_a_pair_counts_where_the_nearer_view_is_surely_named_less(metric):
    (pair,) = counter_examples(ROWS, metric)
    assert (pair["looks better"], pair["looks worse"]) == (
        "c at 112 px, unaware",
        "b at 112 px, unaware",
    )
    assert (pair["named"], pair["is named"]) == (0.5, 0.8)
    assert (pair[metric], pair[f"its {metric}"]) == ((30.0, 25.0) if metric == "psnr" else (10, 15))
    near = [*ROWS[:3], view("c", 30.0, 0.72)]
    assert counter_examples(near, metric) == []
    assert counter_examples(ROWS, metric, count=0) == []


def test_no_view_is_in_two_pairs_and_the_worst_come_first():
    rows = [view("a", 20, 0.9), view("b", 25, 0.6), view("c", 30, 0.3), view("d", 35, 0.1)]
    found = counter_examples(rows, "psnr")
    assert [(pair["looks better"][0], pair["looks worse"][0]) for pair in found] == [
        ("d", "a"),
        ("c", "b"),
    ]
