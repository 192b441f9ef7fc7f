"""Charts of the audit: the operator in the title, one colour for an attacker in all of them."""

import re
from pathlib import Path

import pytest

from unveil.auditing.measured import RISK
from unveil.report.rows import read_rows

pytest.importorskip("matplotlib", reason="the extra study is not installed")
from unveil.auditing.charts import likeness_chart, risk_charts

ROWS = Path(__file__).parents[2] / "results" / "audit" / "rows.jsonl"
ENTRY = re.compile(r"stroke: (#[0-9a-f]{6}).*?<text[^>]*>([^<]+)</text>", re.DOTALL)


@pytest.fixture(scope="module")
def charts() -> dict[str, str]:
    return risk_charts(read_rows(ROWS))


def legend_of(chart: str) -> dict[str, str]:
    """Return the colour of each entry of a chart's legend."""
    return {label: colour for colour, label in ENTRY.findall(chart.partition('id="legend_1"')[2])}


def test_every_chart_has_its_operator_in_the_title(charts):
    assert {"gaussian", "pixelate", "median"} <= charts.keys()
    for kind, chart in charts.items():
        assert f">Risk behind {kind}<" in chart


def test_an_attacker_has_one_colour_of_its_own_over_all_charts(charts):
    legends = {kind: legend_of(chart) for kind, chart in charts.items()}
    assert "restoring pixelate-people" in legends["pixelate"]
    assert "restoring pixelate-people" not in legends["gaussian"]
    colours: dict[str, str] = {}
    for legend in legends.values():
        assert len(legend) > 2
        for attacker, colour in legend.items():
            assert colours.setdefault(attacker, colour) == colour
    assert len(set(colours.values())) == len(colours)


def test_metrics_against_risk_have_a_dot_for_each_obfuscated_view():
    """Two of one operator, and one of two others; clean faces have no score."""
    rows = [
        {"kind": kind, "psnr": psnr, "ssim": 0.5, RISK: [0.5, 0.4, 0.6]}
        for kind, psnr in (("box", 20.0), ("box", 25.0), ("disk", 30.0), ("median", 35.0))
    ]
    chart = likeness_chart([*rows, rows[0] | {"kind": "none", "psnr": None}], ["psnr", "ssim"])
    lines = re.findall(r'<g clip-path="[^"]+">(.*?)</g>', chart, re.DOTALL)
    assert [line.count("<use ") for line in lines] == [2, 1, 1, 2, 1, 1]
    assert "box" in chart
    assert "none" not in re.findall(r">([a-z]+)<", chart)
