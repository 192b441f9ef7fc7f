"""Wilson's interval, against SciPy."""

import pytest
from scipy import stats

from unveil.metrics.shares import wilson


@pytest.mark.parametrize(("named", "count"), [(0, 10), (3, 10), (77, 150), (150, 150)])
def test_wilson_agrees_with_scipy(named, count):
    expected = stats.binomtest(named, count).proportion_ci(method="wilson")
    assert wilson(named / count, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilsons_formula_by_hand():
    """p = 1/2, n = 100, z = 1.96 in E. B. Wilson's terms; at no share one end is the share."""
    assert wilson(0.5, 100) == pytest.approx((0.40383, 0.59617), abs=1e-5)
    assert wilson(0.0, 10) == pytest.approx((0.0, 3.8416 / 13.8416), abs=1e-5)
