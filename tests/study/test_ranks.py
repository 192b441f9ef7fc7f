"""The agreement of metrics, against scipy and by hand."""

import numpy as np
import pytest
import torch
from scipy import stats

from unveil.study.report import ranks
from unveil.study.report.ranks import Measured


@pytest.fixture
def found():
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(3, 6, 40, generator=generator, dtype=torch.float64)
    names = ("psnr", "ssim", "vgg_relu2_2")
    return Measured([f"run {n}" for n in range(6)], dict(zip(names, values, strict=True)))


def rows(values):
    return [
        {
            "experiment": f"run {run}",
            "measured": {name: list(of[run]) for name, of in values.items()},
        }
        for run in range(len(values["psnr"]))
    ]


def test_correlations_are_scipys(found):
    means = found.means()
    for first, others in ranks.correlations(found).items():
        for second, value in others.items():
            expected = stats.spearmanr(means[first], means[second]).statistic
            assert value == pytest.approx(expected, abs=1e-6), (first, second)


def test_photo_correlations_are_scipys(found):
    alike = ranks.photo_correlations(found, "ssim")
    expected = [
        stats.spearmanr(found.values["ssim"][:, n], found.values["psnr"][:, n]).statistic
        for n in range(40)
    ]
    np.testing.assert_allclose(alike, expected, atol=1e-6)


def test_ranks_are_scipys(found):
    for name, places in ranks.ranks(found).items():
        assert places == stats.rankdata(-found.means()[name], method="min").tolist()


def test_a_distance_counts_as_better_the_smaller_it_is():
    found = ranks.measured(rows({"psnr": [[30.0], [20.0]], "vgg_relu2_2": [[1.0], [9.0]]}))
    assert ranks.ranks(found) == {"psnr": [1, 2], "vgg_relu2_2": [1, 2]}
    assert ranks.correlations(found)["psnr"]["vgg_relu2_2"] == pytest.approx(1, abs=1e-4)


def test_a_metric_that_one_run_lacks_is_left_out():
    table = rows({"psnr": [[30.0], [20.0]], "vif": [[1.0], [2.0]]})
    del table[1]["measured"]["vif"]
    assert list(ranks.measured(table).values) == ["psnr"]


def test_the_photo_where_the_order_is_turned_round_is_found_first():
    psnr = torch.tensor([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]])
    vif = torch.tensor([[1.0, 9.0, 2.0], [2.0, 5.0, 1.0], [3.0, 1.0, 3.0]])
    found = Measured(["a", "b", "c"], {"psnr": psnr, "vif": vif})
    first, second = ranks.disagreements(found, photos=2)
    assert (first.metric, first.photo, first.by_psnr, first.by_metric) == ("vif", 1, 2, 0)
    assert first.correlation == pytest.approx(-1, abs=1e-4)
    assert second.photo == 2
    assert second.correlation == pytest.approx(0.5, abs=1e-4)
