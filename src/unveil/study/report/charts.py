"""The charts of the study as SVG; a deterministic function of the rows."""

import itertools
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unveil.report.charts import STYLE, legend, legend_beside, svg
from unveil.report.rows import Row
from unveil.study.plan import ARCHITECTURES, LOSSES, OPERATORS, PAPER
from unveil.study.report.ranks import measured
from unveil.study.report.select import Results
from unveil.study.report.tables import TITLES

TEXTBOOK_KL_WEIGHT = 2 * 50_176 / 37_632
"""The KL weight of a textbook VAE, in the units of the study.

``sum of squares / 2 + sum of KL``, divided by half the 112*112*3 values, is the pixel loss plus
this times the KL per element of a 14x14x256 latent.
"""


MARKERS = dict(zip(ARCHITECTURES, "os^", strict=True))
"""The sign of each architecture."""


def charts(results: Results) -> dict[str, str]:
    """Return, by name, the charts for which there are enough rows."""
    drawn = {
        "convergence": convergence(results),
        "wall-time": wall_time(results),
        "kl-weight": kl_weight(results),
        "perception": perception(results),
    }
    return {name: svg for name, svg in drawn.items() if svg}


def convergence(results: Results) -> str:
    """Draw validation PSNR and SSIM by epoch for each loss (CAE, blur)."""
    rows = {loss: results.final(f"blur-cae-{loss}") for loss in LOSSES}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3), layout="constrained")
        panels = figure.subplots(1, 2)
        for axes, metric, label in zip(
            panels, ("psnr", "ssim_deck"), ("PSNR, dB", "ssim_deck"), strict=True
        ):
            for loss, row in rows.items():
                if row and row.get("history"):
                    epochs = [entry["epoch"] for entry in row["history"]]
                    values = [entry[metric] for entry in row["history"]]
                    axes.plot(epochs, values, marker="o", markersize=3, label=loss)
            axes.set(xlabel="epoch", ylabel=f"validation {label}")
            axes.xaxis.get_major_locator().set_params(integer=True)
        legend(panels[0])
        return svg(figure)


def wall_time(results: Results) -> str:
    """Draw validation loss against training time for each architecture (pixel loss, blur)."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6, 3), layout="constrained")
        axes = figure.subplots()
        for architecture in ARCHITECTURES:
            row = results.final(f"blur-{architecture}-pixel")
            if row and row.get("history"):
                seconds = [row["photos"] / entry["images_per_second"] for entry in row["history"]]
                minutes = [total / 60 for total in itertools.accumulate(seconds)]
                losses = [entry["validation_loss"] for entry in row["history"]]
                axes.plot(minutes, losses, marker="o", markersize=3, label=TITLES[architecture])
        axes.set(xlabel="minutes of training", ylabel="validation pixel loss", yscale="log")
        legend(axes)
        return svg(figure)


def kl_weight(results: Results) -> str:
    """Draw the effect of the KL weight on the VCAE: PSNR, and KL per latent element."""
    rows = [row for row in results.kl_rows() if row["psnr"] is not None]
    inputs = results.final("blur")
    if not rows or inputs is None:
        return ""
    weights = [row["kl_weight"] for row in rows]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(weights, [row["psnr"] for row in rows], marker="o", markersize=3)
        left.axhline(inputs["psnr"], color="gray", linestyle="--", label="the blurred photo")
        if results.is_comparable:
            paper_db = PAPER["blur-vcae-pixel"][0]
            left.axhline(paper_db, color="tab:red", linestyle=":", label="the paper")
        left.set(xlabel="KL weight", ylabel="test PSNR, dB", xscale="log")
        right.plot(weights, [row["history"][-1]["kl"] for row in rows], marker="o", markersize=3)
        right.set(xlabel="KL weight", ylabel="KL, nats per element", xscale="log", yscale="log")
        for axes in (left, right):
            axes.axvline(TEXTBOOK_KL_WEIGHT, color="tab:orange", label="textbook VAE")
        legend(left)
        return svg(figure)


def perception(results: Results) -> str:
    """Draw distortion against perception: VGG16's distance of each cell against its PSNR."""
    cells = {obfuscation: measured_cells(results, obfuscation) for obfuscation in OPERATORS}
    if not any("vgg_relu2_2" in cell for found in cells.values() for cell in found):
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.5), layout="constrained")
        panels = figure.subplots(1, len(OPERATORS))
        for axes, (obfuscation, found) in zip(panels, cells.items(), strict=True):
            draw_cells(axes, found, "vgg_relu2_2")
            axes.set(title=obfuscation, xlabel="PSNR, dB", ylabel="distance of VGG16's features")
        legend_beside(figure)
        return svg(figure)


def measured_cells(results: Results, obfuscation: str) -> list[Row]:
    """Return architecture, loss and mean metrics of each cell, over the measured photos."""
    rows = [row for row in results.combinations(obfuscation) if row.get("measured")]
    if not rows:
        return []
    means = {metric: abs(values) for metric, values in measured(rows).means().items()}
    return [
        {"architecture": row["architecture"], "loss": row["loss"]}
        | {metric: float(values[place]) for metric, values in means.items()}
        for place, row in enumerate(rows)
    ]


def draw_cells(axes: Axes, cells: Sequence[Row], metric: str) -> None:
    """Draw a metric of cells against their PSNR: losses by colour, architectures by sign."""
    for number, loss in enumerate(LOSSES):
        for cell in (cell for cell in cells if cell["loss"] == loss and metric in cell):
            is_first = cell["architecture"] == ARCHITECTURES[0]
            axes.plot(
                *(cell["psnr"], cell[metric], MARKERS[cell["architecture"]]),
                color=f"C{number}",
                markersize=4,
                label=f"{loss} loss" if is_first else None,
            )
