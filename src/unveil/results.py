"""Results as rows: JSON lines with provenance; every table is a function of them."""

import json
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
    """Add one row to a JSON-lines file, made if missing, in a single write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(path: Path) -> list[Row]:
    """Read the rows of a JSON-lines file.

    Raises:
        UnveilError: a line that is no row; it is named.
    """
    rows = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except ValueError:
            raise UnveilError(
                f"{path}, line {number}: is no JSON row; mend or remove it."
            ) from None
        missing = [name for name in REQUIRED if not isinstance(row, dict) or name not in row]
        if missing:
            raise UnveilError(f"{path}, line {number}: lacks {', '.join(missing)}.")
        rows.append(row)
    return rows
