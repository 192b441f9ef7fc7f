"""Draw distortion against perception: how near restored photos are, and how real they look.

    python tools/draw_perception.py

Reads ``results/perception.jsonl``, the rows of the study and, where it is there,
``results/realism.jsonl``; writes ``docs/restorers/perception.svg``. After Y. Blau and T. Michaeli,
"The perception-distortion tradeoff", 2018: no restorer can be best at both.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import script
from perception_rows import newest
from unveil.files import write_text
from unveil.networks.card import IDENTITY
from unveil.report.charts import STYLE, legend, svg
from unveil.report.rows import Row, read_rows
from unveil.study.plan import OPERATORS
from unveil.study.report.charts import draw_cells, measured_cells
from unveil.study.report.select import results_of

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"

PANELS = {
    "vgg_relu2_2": ("distance of VGG16's features", "log"),
    "detail": ("detail (clean photos: 1)", "linear"),
    "frechet_vgg": ("Fréchet distance of the sets", "log"),
}
"""What is drawn against PSNR: title and scale. Of the first and the last, less is better."""


def main(out: Path = ROOT / "docs" / "restorers" / "perception.svg") -> None:
    """Draw the newest row of each restorer, the cells of the study and the dial's line.

    Args:
        out: the chart.
    """
    dial = RESULTS / "realism.jsonl"
    chart = draw(
        list(newest(read_rows(RESULTS / "perception.jsonl")).values()),
        read_rows(RESULTS / "study" / "rows.jsonl"),
        read_rows(dial) if dial.exists() else [],
    )
    write_text(out, chart)


def draw(restorers: Sequence[Row], study: Sequence[Row], dial: Sequence[Row]) -> str:
    """Return the chart as SVG: a column of panels for each of the paper's operators.

    Args:
        restorers: a row for each operator and restorer.
        study: all rows of a study.
        dial: rows along a dial from faithful to real, in its order; may be empty. Their ``detail``
            must be that of :func:`unveil.metrics.detail.detail`, as the others' is.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 10), layout="constrained")
        grid = figure.subplots(len(PANELS), len(OPERATORS), sharex="col")
        for column, (obfuscation, operator) in zip(grid.T, OPERATORS.items(), strict=True):
            cells = measured_cells(results_of(study), obfuscation)
            for axes, (metric, (title, scale)) in zip(column, PANELS.items(), strict=True):
                draw_cells(axes, cells, metric)
                _draw_dial(axes, [row for row in dial if row["operator"] == operator], metric)
                shown = [row for row in restorers if row["operator"] == operator]
                _draw_restorers(axes, shown, metric)
                axes.set(ylabel=title, yscale=scale)
                axes.margins(0.22, 0.08)
            column[0].set_title(operator)
            column[-1].set_xlabel("PSNR, dB")
        legend(grid[0, 1])
        return svg(figure)


def _draw_dial(axes: Axes, rows: Sequence[Row], metric: str) -> None:
    along = [(row["psnr"], row[metric]) for row in rows if row.get(metric) is not None]
    if along:
        axes.plot(*zip(*along, strict=True), "-", color="tab:purple", label="--realism")


def _draw_restorers(axes: Axes, rows: Sequence[Row], metric: str) -> None:
    shown = [row for row in rows if row.get(metric) is not None]
    for row in shown:
        place = (row["psnr"], row[metric])
        name = "as it is" if row["model"] == IDENTITY else row["model"]
        aside = (5, 4 if _is_above(row, shown, metric) else -10)
        axes.plot(*place, "o", color="black", markersize=5)
        axes.annotate(name, place, aside, textcoords="offset points", fontsize=8)
    if metric == "detail":
        axes.axhline(1, color="gray", linestyle=":")


def _is_above(row: Row, rows: Sequence[Row], metric: str) -> bool:
    """Return whether a point lies above its neighbour: there its name has room."""
    others = (other for other in rows if other is not row)
    nearest = min(others, key=lambda other: abs(other["psnr"] - row["psnr"]), default=row)
    return bool(row[metric] >= nearest[metric])


if __name__ == "__main__":
    script.run(main, __doc__)
