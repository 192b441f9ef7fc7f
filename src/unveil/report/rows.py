"""Results as rows: JSON lines with provenance; every table is a function of them."""

import json
import math
import os
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError

Row = dict[str, Any]

REQUIRED = (
    *("model", "operator", "storage", "split", "images"),
    *("psnr", "ssim", "ssim_deck", "images_per_second"),
    *("device", "precision", "commit", "versions"),
)


def append_row(path: Path, row: Row) -> None:
    """Add one row to a JSON-lines file, made if missing, in a single write.

    A last line that a crash has cut short gets its line end first.
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

    Raises:
        UnveilError: the file cannot be read, or a line of it is no row; it is named.
    """
    rows, lost = read_whole_rows(path)
    if lost:
        raise UnveilError(f"{lost[0]}; mend or remove it.")
    return rows


def read_whole_rows(path: Path) -> tuple[list[Row], list[str]]:
    """Read the rows of a JSON-lines file that are whole, and say of each other line what it lacks.

    Raises:
        UnveilError: the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    rows, lost = [], []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except ValueError:
            lost.append(f"{path}, line {number}: is no JSON row")
            continue
        missing = [name for name in REQUIRED if not isinstance(row, dict) or name not in row]
        if missing:
            lost.append(f"{path}, line {number}: lacks {', '.join(missing)}")
        else:
            rows.append(row)
    return rows, lost


def rounded(value: float) -> float | None:
    """Round for a JSON row; infinity (identical images) becomes null, which JSON can hold."""
    return round(value, 4) if math.isfinite(value) else None
