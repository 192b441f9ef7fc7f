"""Charts of the audit, from rows only: risk against strength, and similarity against risk."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from unveil.auditing.measured import PEOPLE, RISK
from unveil.auditing.settings import unit_of
from unveil.degradation import Solid, Unchanged
from unveil.report.charts import STYLE, legend, legend_beside, svg
from unveil.report.rows import Row

STRONGEST = "black"
"""Colour of the strongest attacker's risk, which is no single attacker's."""


def risk_charts(rows: Sequence[Row]) -> dict[str, str]:
    """Return one chart for each operator, by its name: a line for each attacker, one for chance.

    An attacker has the same colour in all of them.
    """
    attackers = dict.fromkeys(row["attacker"] for row in rows)
    colours = {attacker: f"C{number}" for number, attacker in enumerate(attackers)}
    kinds = dict.fromkeys(
        row["kind"] for row in rows if row["kind"] not in (Unchanged.name, Solid.name)
    )
    return {
        kind: _risk_chart(kind, [row for row in rows if row["kind"] == kind], colours)
        for kind in kinds
    }


def _risk_chart(kind: str, rows: Sequence[Row], colours: Mapping[str, str]) -> str:
    widths = sorted({row["face_px"] for row in rows}, reverse=True)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4 * len(widths) + 2.5, 3.2), layout="constrained")
        panels = figure.subplots(1, len(widths), sharey=True, squeeze=False)[0]
        for axes, face_px in zip(panels, widths, strict=True):
            here = [row for row in rows if row["face_px"] == face_px]
            for attacker in dict.fromkeys(row["attacker"] for row in here):
                line = sorted(
                    (row["strength"], *row[RISK]) for row in here if row["attacker"] == attacker
                )
                strengths, shares, lows, highs = zip(*line, strict=True)
                look = {"color": colours[attacker], "label": attacker}
                axes.plot(strengths, shares, marker="o", markersize=3, **look)
                axes.fill_between(strengths, lows, highs, color=colours[attacker], alpha=0.15)
            axes.axhline(1 / PEOPLE, color="grey", linestyle=":", label="chance")
            axes.set(xscale="log", xlabel=unit_of(kind), ylim=(-0.02, 1.02))
            axes.set_title(f"faces of {face_px} px")
        panels[0].set_ylabel(f"named right, of {PEOPLE:,}")
        figure.suptitle(f"Risk behind {kind}")
        legend_beside(figure)
        return svg(figure)


def likeness_chart(rows: Sequence[Row], metrics: Sequence[str]) -> str:
    """Draw each metric of similarity against the risk, a dot for each setting and attacker."""
    seen = [row for row in rows if row["psnr"] is not None]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.2 * len(metrics), 3), layout="constrained")
        panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
        for axes, metric in zip(panels, metrics, strict=True):
            for kind in dict.fromkeys(row["kind"] for row in seen):
                dots = [(row[metric], row[RISK][0]) for row in seen if row["kind"] == kind]
                axes.plot(*zip(*dots, strict=True), ".", markersize=4, label=kind)
            axes.set(xlabel=metric)
        panels[0].set_ylabel(f"named right, of {PEOPLE:,}")
        legend(panels[-1])
        return svg(figure)
