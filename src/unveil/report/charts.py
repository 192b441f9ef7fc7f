"""Charts as SVG: the same numbers give the same bytes."""

import io
from typing import Any

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
    """Name the lines, if there are any."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)


def svg(figure: Figure) -> str:
    """Return a figure as SVG that is the same, to the byte, each time."""
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    # matplotlib ends some lines in blanks.
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
