"""Markdown tables of rows: numbers are right-aligned, with one format per kind of value."""

from collections.abc import Callable, Sequence
from typing import Any

from unveil.report.rows import Row

RESULT_COLUMNS = ("model", "operator", "storage", "images", "psnr", "ssim", "ssim_deck")


def markdown(rows: Sequence[Row]) -> str:
    """Return rows with the same keys as a Markdown table; an empty string if there are none."""
    if not rows:
        return ""
    names = list(rows[0])
    align = ["---:" if isinstance(rows[0][name], int | float) else "---" for name in names]
    lines = [names, align, *([_cell(name, row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def results(rows: Sequence[Row]) -> str:
    """Return the table of evaluation rows: model, degradation, and the mean of each metric."""
    return markdown([{name: row[name] for name in RESULT_COLUMNS} for row in rows])


def side_by_side(*keys: str) -> Callable[[Sequence[Row]], str]:
    """Return a function that makes a table of PSNR and ssim_deck from rows.

    It has a line for each combination of values of ``keys`` and a column for each model. Of rows
    with equal ``keys`` and model, it shows the last.
    """

    def lay_out(rows: Sequence[Row]) -> str:
        found: dict[tuple[Any, ...], dict[str, str]] = {}
        for row in rows:
            scores = f"{row['psnr']:.2f} / {row['ssim_deck']:.4f}"
            found.setdefault(tuple(row[key] for key in keys), {})[row["model"]] = scores
        models = dict.fromkeys(row["model"] for row in rows)
        return markdown(
            [
                dict(zip(keys, line, strict=True)) | {m: scores.get(m, "") for m in models}
                for line, scores in found.items()
            ]
        )

    return lay_out


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if name == "psnr" else f"{value:.4f}"
    return "" if value is None else str(value)
