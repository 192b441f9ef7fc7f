"""Charts as SVG; the same numbers give the same bytes."""

import io
import warnings
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
    """Add a legend to one panel, if it has labelled lines."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)


def legend_beside(figure: Figure) -> None:
    """Add one legend for all panels, on their right; each label appears once."""
    named: dict[str, Artist] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    figure.legend(list(named.values()), list(named), loc="outside right center", frameon=False)


def svg(figure: Figure) -> str:
    """Return a figure as SVG without date and creator: equal figures give equal bytes."""
    content = io.StringIO()
    with warnings.catch_warnings():  # a name in a file of rows may hold what no font shows
        warnings.filterwarnings("ignore", r"Glyph .* missing", UserWarning)
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    # matplotlib leaves blanks at the ends of some lines, which git reports.
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
