"""Charts as SVG; the same numbers give the same bytes."""

import io
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "unveil",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


def legend(axes: Axes) -> None:
    """Name the lines of one panel, if it has any."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)


def legend_beside(figure: Figure) -> None:
    """Name the lines of all panels on their right, each label once."""
    named: dict[str, Artist] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    figure.legend(list(named.values()), list(named), loc="outside right center", frameon=False)


def svg(figure: Figure) -> str:
    """Return a figure as SVG, the same bytes each time: no date, no creator, fixed ids."""
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    # matplotlib ends some lines in blanks.
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
