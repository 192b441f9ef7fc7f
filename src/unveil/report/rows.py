"""Result rows: JSON lines with provenance, the source of every table and chart."""

import json
import math
import os
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.files import MAX_ROWS_BYTES, parse_json, read_bytes

Row = dict[str, Any]

REQUIRED = (
    *("model", "operator", "storage", "split", "images"),
    *("psnr", "ssim", "ssim_deck", "images_per_second"),
    *("device", "precision", "commit", "versions"),
)
"""Keys of every row; one of the audit's curve has ``attacker`` in place of ``model``."""


def append_row(path: Path, row: Row) -> None:
    """Append one row to a JSON-lines file in a single write; create the file if needed.

    If a crash has cut off the last line, a line end is added to it first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(row).encode() + b"\n")


def read_rows(path: Path) -> list[Row]:
    """Read the rows of a JSON-lines file.

    Rows of the audit's curve written before version 0.2 call the attacker ``model``; here they
    become ``attacker``, so that no reader needs to know.

    Raises:
        UnveilError: the file cannot be read, or one of its lines is not a row; it is named.
    """
    rows, lost = read_whole_rows(path)
    if lost:
        raise UnveilError(f"{lost[0]}; correct or remove it.")
    return rows


def read_whole_rows(path: Path) -> tuple[list[Row], list[str]]:
    """Return the valid rows of a JSON-lines file, and an error for each of the other lines.

    Raises:
        UnveilError: the file cannot be read.
    """
    lines = read_bytes(path, MAX_ROWS_BYTES).decode(errors="replace").splitlines()
    rows, lost = [], []
    for number, line in enumerate(lines, start=1):
        try:
            row = parse_json(line)
        except ValueError:
            lost.append(f"{path}, line {number}: is not a JSON row")
            continue
        row = _with_attacker(row) if isinstance(row, dict) else {}
        if missing := _missing(row):
            lost.append(f"{path}, line {number}: lacks {', '.join(missing)}")
        else:
            rows.append(row)
    return rows, lost


def _with_attacker(row: Row) -> Row:
    """Rename the key ``model`` of a row of the audit's curve, which alone has a ``kind``."""
    if "kind" not in row or "model" not in row:
        return row
    return {"attacker" if name == "model" else name: value for name, value in row.items()}


def _missing(row: Row) -> list[str]:
    present = {*row, "model"} if "attacker" in row else row.keys()
    return [name for name in REQUIRED if name not in present]


def rounded(value: float) -> float | None:
    """Round to 4 decimals; return None (JSON ``null``) for infinity, the PSNR of equal images."""
    return round(value, 4) if math.isfinite(value) else None
