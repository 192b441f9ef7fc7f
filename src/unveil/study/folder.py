"""A study's folder: its settings, its rows, and the locks of the processes that work in it.

::

    study.json            version, data set and settings that all its rows share
    rows.jsonl            the rows (see :mod:`unveil.study.record`)
    cells/NAME/           a cell's checkpoints and pictures

The locks are the operating system's, so that they end with the process that holds them.
"""

import contextlib
import importlib.metadata
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from unveil.config import ModelConfig, Tap, from_dict
from unveil.documents import read_json
from unveil.errors import UnveilError, UsageError
from unveil.files import only_one, write_text
from unveil.networks.card import DataRecord
from unveil.report.rows import Row, append_row, read_whole_rows
from unveil.study.rows import wrong_with

MANIFEST = "study.json"
FORMAT = 1


@dataclass(frozen=True)
class StudyFolder:
    """A folder that :func:`open_folder` has checked."""

    path: Path

    @property
    def rows_path(self) -> Path:
        """The file of rows."""
        return self.path / "rows.jsonl"

    def cell(self, name: str) -> Path:
        """Return the folder of a cell."""
        return self.path / "cells" / name

    def rows(self) -> tuple[list[Row], list[str]]:
        """Return all valid rows, and an error for each other line."""
        found, lost = read_whole_rows(self.rows_path) if self.rows_path.exists() else ([], [])
        wrong = {number: wrong_with(row) for number, row in enumerate(found)}
        lost += [
            f"{self.rows_path}, {found[number]['model']}: {reason}"
            for number, reason in wrong.items()
            if reason
        ]
        return [row for number, row in enumerate(found) if not wrong[number]], lost

    def append(self, row: Row) -> None:
        """Append a row, under a lock."""
        with FileLock(self.path / ".rows.lock"):
            append_row(self.rows_path, row)

    @contextlib.contextmanager
    def only_study(self) -> Iterator[None]:
        """Lock the folder for one study.

        Raises:
            UnveilError: another study is running in it.
        """
        help_it = "wait for it, choose another --output, or help it with --join"
        with only_one(self.path, "study", help_it):
            yield

    @contextlib.contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """Lock a cell; yield False if another worker holds it."""
        self.cell(name).mkdir(parents=True, exist_ok=True)
        try:
            held = FileLock(self.cell(name) / ".lock").acquire(blocking=False)
        except Timeout:
            yield False
            return
        with held:
            yield True


def open_folder(path: Path, settings: dict[str, Any]) -> StudyFolder:
    """Open a study's folder for rows that share ``settings``; create it if needed.

    Raises:
        UnveilError: it holds a study of another version, data set or setting; the message names
            the difference.
    """
    wanted = {"format": FORMAT, "version": importlib.metadata.version("unveil"), **settings}
    path.mkdir(parents=True, exist_ok=True)
    manifest = path / MANIFEST
    with FileLock(path / ".rows.lock"):
        if not manifest.exists():
            write_text(manifest, json.dumps(wanted, indent=2) + "\n")
    found = _read_settings(path)
    if difference := first_difference(found, wanted):
        raise UnveilError(f"{path}: holds a study with {difference}; choose another --output.")
    return StudyFolder(path)


@dataclass(frozen=True)
class Manifest:
    """The settings that all rows of a study share."""

    format: int
    version: str
    data: DataRecord
    model: ModelConfig
    batch: int
    tap: Tap
    scale: Literal["calibrated", "raw"]
    schedule: Literal["cosine", "constant"] = "cosine"
    smoke: bool = False


def read_manifest(path: Path) -> Manifest:
    """Return the settings that the study in ``path`` was started with.

    Raises:
        UnveilError: there is no study, or its settings cannot be read.
    """
    manifest = path / MANIFEST
    try:
        return from_dict(Manifest, _read_settings(path))
    except UsageError as error:
        raise UnveilError(f"{manifest}: is not the settings of a study ({error}).") from None


def _read_settings(path: Path) -> dict[str, Any]:
    manifest = path / MANIFEST
    if not manifest.exists():
        raise UnveilError(f"{path}: not the folder of a study ({MANIFEST} is missing).")
    plain = read_json(manifest)
    if not isinstance(plain, dict):
        raise UnveilError(f"{manifest}: is not the settings of a study.")
    return plain


def first_difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """Return the first setting that differs, as ``NAME FOUND, not WANTED``; None if all agree.

    Args:
        found: stored settings, plain JSON values.
        wanted: settings of the present call.
    """
    for name in {**wanted, **found}:
        if found.get(name) != wanted.get(name):
            return f"{name} {_brief(found.get(name))}, not {_brief(wanted.get(name))}"
    return None


def _brief(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 100 else text[:97] + "..."
