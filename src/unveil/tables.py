"""Markdown tables, made from rows only; documents carry them between marks."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.files import write_text
from unveil.results import Row
from unveil.shipped import IDENTITY

RESULT_COLUMNS = ("model", "operator", "storage", "images", "psnr", "ssim", "ssim_deck")
DECK = {
    "gaussian:kernel=9,sigma=4": {"identity": (26.67, 0.73), "cae": (30.62, 0.88)},
    "pixelate:block=8": {"identity": (22.42, 0.48), "cae": (25.40, 0.68)},
}
"""PSNR and SSIM that the study reports, float inputs: of the obfuscated photos and its CAE."""


def markdown(rows: Sequence[Row]) -> str:
    """Lay out rows of equal keys as a Markdown table, numbers to the right; no rows, no table."""
    if not rows:
        return ""
    names = list(rows[0])
    align = ["---:" if isinstance(rows[0][name], int | float) else "---" for name in names]
    lines = [names, align, *([_cell(name, row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def models(rows: Sequence[Row]) -> str:
    """Lay out the shipped weights: one line for each score of each of them."""
    return markdown(
        [
            {
                "name": row["name"],
                "undoes": row["operator"],
                "trained on": f"{row['training_data']}, {row['storage']}",
                "size": f"{row['size_mb']} MB",
                "sha256": row["sha256"][:12],
                **{name: score[name] for name in ("storage", "psnr", "ssim", "ssim_deck")},
            }
            for row in rows
            for score in row["scores"]
        ]
    )


def results(rows: Sequence[Row]) -> str:
    """Lay out evaluation rows: what was scored, and the means of the metrics."""
    return markdown([{name: row[name] for name in RESULT_COLUMNS} for row in rows])


def foundation(rows: Sequence[Row]) -> str:
    """Lay out the newest full-test-split row of each experiment beside the study's figures."""
    newest = {(row["operator"], row["model"], row["storage"]): row for row in rows}
    table = []
    for (operator, model, storage), row in sorted(newest.items(), key=_experiment_order):
        reported = DECK.get(operator, {}) if storage == "float" else {}
        deck = reported.get(model if model == IDENTITY else "cae")
        shown = {name: row[name] for name in RESULT_COLUMNS}
        table.append(shown | {"study": f"{deck[0]:.2f} / {deck[1]:.2f}" if deck else ""})
    return markdown(table)


TABLES: dict[str, Callable[[Sequence[Row]], str]] = {"foundation": foundation}


def refresh(document: Path, rows: Sequence[Row], *, write: bool) -> bool:
    """Rebuild the tables of ``document``; say whether any was out of date.

    A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``.

    Raises:
        UnveilError: the document cannot be read, or has no table, or an unknown one.
    """
    try:
        before = document.read_text(encoding="utf-8")
    except OSError as error:
        raise UnveilError(f"{document}: cannot be read ({error.strerror}).") from None

    def rebuilt(match: re.Match[str]) -> str:
        if match["name"] not in TABLES:
            raise UnveilError(f"{document}: unknown table {match['name']!r}.")
        return f"{match['head']}\n{TABLES[match['name']](rows)}\n{match['tail']}"

    after, tables = MARKS.subn(rebuilt, before)
    if not tables:
        raise UnveilError(f"{document}: has no `<!-- table: NAME -->` mark.")
    if write and after != before:
        write_text(document, after)
    return after != before


MARKS = re.compile(
    r"(?P<head><!-- table: (?P<name>[\w-]+) -->)\n.*?(?P<tail><!-- end -->)", re.DOTALL
)


def _experiment_order(item: tuple[tuple[str, str, str], Row]) -> tuple[Any, ...]:
    operator, model, storage = item[0]
    return operator, model != IDENTITY, model, storage != "float", storage


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if name == "psnr" else f"{value:.4f}"
    return "" if value is None else str(value)
