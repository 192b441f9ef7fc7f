"""Draw quality against time for every method of ``make bench-peers``.

    python tools/draw_peers.py

Reads ``results/peers.jsonl``; writes ``docs/restorers/peers.svg``.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

import script
from unveil.files import write_text
from unveil.report.charts import STYLE, svg
from unveil.report.rows import read_rows

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Draw the newest row of each method."""
    rows = {row["model"]: row for row in read_rows(ROOT / "results" / "peers.jsonl")}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        for name, row in rows.items():
            seconds = 1 / row["images_per_second"]
            colour = "tab:red" if name.startswith("unveil") else "tab:gray"
            axes.plot(seconds, row["psnr"], "o", color=colour, markersize=5)
            corner = (seconds, row["psnr"])
            axes.annotate(name, corner, (5, 3), textcoords="offset points", fontsize=8)
        axes.set(xlabel="seconds an image of 112x112", ylabel="PSNR, dB", xscale="log")
        write_text(ROOT / "docs" / "restorers" / "peers.svg", svg(figure))


if __name__ == "__main__":
    script.run(main, __doc__)
