"""Result rows: JSON lines with provenance, the source of every table and chart."""

import json
import math
import os
from pathlib import Path
from typing import Any

from unveil.documents import MAX_ROWS_BYTES, parse_json
from unveil.errors import UnveilError
from unveil.files import read_bytes

Row = dict[str, Any]

REQUIRED = (
    *("model", "operator", "storage", "split", "images"),
    *("psnr", "ssim", "ssim_deck", "images_per_second"),
    *("device", "precision", "commit", "versions"),
)
"""Keys of every row; one of the audit's curve has ``attacker`` in place of ``model``."""

TEXTS = frozenset(
    (
        *("model", "operator", "storage", "split", "device", "precision", "commit", "attacker"),
        *("kind", "embedder", "embedder_sha256", "attacker_sha256", "weights_sha256"),
        *("data_fingerprint", "cell", "experiment", "obfuscation", "architecture", "loss"),
        *("tap", "perceptual", "trained_storage", "vgg", "vgg_sha256", "stopped", "question"),
        *("value", "by", "run", "role", "since"),
    )
)
NUMBERS = frozenset(
    (
        *("psnr", "ssim", "ssim_deck", "ms_ssim", "vif", "vgg_relu2_2", "images_per_second"),
        *("strength", "eer", "tar_at_far_1e-2", "tar_at_far_1e-3", "kl_weight"),
        *("learning_rate", "l2", "scale", "epochs", "seed", "batch", "images", "threads"),
        *("photos", "face_px", "gallery", "people"),
    )
)
RANGES = {
    **dict.fromkeys(("strength", "images", "photos", "people", "epochs", "batch"), (0, math.inf)),
    **dict.fromkeys(("images_per_second", "learning_rate", "l2", "kl_weight"), (0, math.inf)),
    **dict.fromkeys(("gallery", "threads", "face_px"), (1, math.inf)),
    **dict.fromkeys(("ssim", "ssim_deck", "ms_ssim"), (-1.0, 1.0)),
    **dict.fromkeys(("eer", "tar_at_far_1e-2", "tar_at_far_1e-3"), (0.0, 1.0)),
}
"""Smallest and largest of the numbers that have bounds, each included."""

LISTS = frozenset(["measures_absent", "measured_photos", "history"])
OBJECTS = frozenset(["versions", "measured"])
"""Keys whose values have one type wherever they stand."""

NULLABLE = frozenset(
    (
        *(
            "split",
            "images",
            "model",
            "operator",
            "storage",
            "psnr",
            "ssim",
            "ssim_deck",
            "ms_ssim",
            "vif",
        ),
        *("images_per_second", "weights_sha256", "attacker_sha256", "face_px", "seed"),
        *("kl_weight", "perceptual", "tap", "stopped"),
    )
)
"""Those that may be null: not measured, or of no such thing."""

CONTROL = frozenset(map(chr, (*range(32), 127))) - {"\t", "\n"}

INTERVAL = ("rank1_of_", "rank5_of_")
"""How keys start whose values are a share and the two ends of its interval."""


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
        elif wrong := _wrong(row):
            lost.append(f"{path}, line {number}: {', '.join(wrong)} of another type")
        elif beyond := _beyond(row):
            lost.append(f"{path}, line {number}: {', '.join(beyond)} out of range")
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


def _wrong(row: Row) -> list[str]:
    """Return the keys whose values are not of their types: a report would end half-way at one."""
    return [key for key, value in row.items() if not _is_right(key, value)]


def _is_right(key: str, value: Any) -> bool:
    if value is None and key in NULLABLE:
        return True
    if key.startswith(INTERVAL):
        return isinstance(value, list) and len(value) == 3 and all(map(is_number, value))
    if key in NUMBERS:
        return is_number(value)
    if key in TEXTS:  # control characters break a table's line, and a chart's XML
        return isinstance(value, str) and CONTROL.isdisjoint(value)
    for keys, kind in ((LISTS, list), (OBJECTS, dict)):
        if key in keys:
            return isinstance(value, kind)
    return True


def _beyond(row: Row) -> list[str]:
    """Return the keys whose values, of the right types, can be of nothing that was measured."""
    found = []
    for key, value in row.items():
        low, high = RANGES.get(key, (-math.inf, math.inf))
        if value is None:
            continue
        if key.startswith(INTERVAL):
            share, least, most = value
            is_right = 0 <= least <= share <= most <= 1
        else:
            is_right = key not in RANGES or low <= value <= high
        if not is_right:
            found.append(key)
    gallery = row.get("gallery")
    if not found and gallery is not None and f"rank1_of_{gallery}" not in row:
        found.append("gallery")
    return found


def is_number(value: Any) -> bool:
    """Whether a value of JSON is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rounded(value: float) -> float | None:
    """Round to 4 decimals; return None (JSON ``null``) for infinity, the PSNR of equal images."""
    return round(value, 4) if math.isfinite(value) else None
