"""Records: a line of JSON for each file that is done, from which a stopped run goes on."""

import contextlib
import functools
import importlib.metadata
import json
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from unveil import console
from unveil.batch.item import Item, Outcome, pair_hash
from unveil.errors import UnveilError
from unveil.files import check_folder, check_regular, check_target, file_sha256, locked, settle

STARTED, DONE, FAILED = "started", "done", "failed"

ROWS = b', "rows": '
"""What stands before a record's rows. No text of JSON can hold it: quotes in texts are escaped."""


BEGINS, STATUS = b'{"input": ', b', "status": "'
"""How a record begins, and what it holds."""

MAX_FIRST_BYTES = 1 << 24

DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Stamp:
    """What all records of a file share: the version of unveil, and a digest of the settings."""

    version: str
    settings: str


def stamp(command: str, settings: dict[str, Any]) -> Stamp:
    """Return the stamp of a command; of files among its settings the content counts."""
    known = json.dumps([command, {name: _plain(one) for name, one in settings.items()}])
    return Stamp(version(), sha256(known.encode()).hexdigest()[:16])


@functools.cache
def version() -> str:
    """Return the version of unveil."""
    return importlib.metadata.version("unveil")


def _plain(value: object) -> object:
    path = Path(value) if isinstance(value, str | Path) else None
    with contextlib.suppress(OSError, ValueError):
        if path is not None and path.is_file():
            return file_sha256(path)
        if path is not None and path.is_dir():
            return [[one.name, file_sha256(one)] for one in sorted(path.iterdir()) if one.is_file()]
    return value if isinstance(value, bool | int | float | None) else str(value)


@dataclass
class Records:
    """Records of earlier runs of a command, and of this one.

    Attributes:
        stamp: of this run.
        file: the records are appended to; None for nowhere.
        done: hashes of files that were done, sorted (:attr:`Item.pair`).
        started: hashes of files that were begun.
        counts: of files that were done, by their hash, unless all are zero.
    """

    stamp: Stamp
    file: BinaryIO | None = None
    done: "array[int]" = field(default_factory=lambda: array("q"))
    started: "array[int]" = field(default_factory=lambda: array("q"))
    counts: dict[int, dict[str, int]] = field(default_factory=dict)

    def is_done(self, source: str, target: str) -> bool:
        """Return whether a file was done, and its result, if it has one, is still there."""
        if not _holds(self.done, pair_hash(source, target)):
            return False
        return not target or os.path.exists(target)  # noqa: PTH110  # a million of them

    def was_started(self, item: Item) -> bool:
        """Return whether an earlier run began with a file."""
        return _holds(self.started, item.pair)

    def start(self, item: Item) -> None:
        """Record that a file is begun whose result does not exist."""
        self._append(item, STARTED)

    def finish(self, item: Item, outcome: Outcome) -> None:
        """Record what became of a file."""
        more: dict[str, Any] = {"counts": outcome.counts} if outcome.counts else {}
        if outcome.error is not None:
            more["error"] = outcome.error
        status = DONE if outcome.error is None else FAILED
        if self.file is not None and item.target and status == DONE:
            # After a power cut, an old file in its place would be taken for the result.
            settle(Path(item.target).parent)
        self._append(item, status, **more, rows=outcome.kept.rows)

    def fail(self, item: Item, error: str) -> None:
        """Record that a file could not be done."""
        self._append(item, FAILED, error=error, rows=[])

    def _append(self, item: Item, status: str, **more: Any) -> None:
        if self.file is None:
            return
        head = {"input": item.source, "output": item.target or None, "status": status}
        known = {**head, "version": self.stamp.version, "settings": self.stamp.settings, **more}
        # Unbuffered, so that a run that is killed leaves whole lines but for the last.
        try:
            self.file.write(json.dumps(known).encode() + b"\n")
        except OSError as error:
            raise UnveilError(
                f"{self.file.name}: cannot be written ({error.strerror}); then, the same command "
                "goes on."
            ) from None

    def read(self, path: Path) -> None:
        """Take in the records of earlier runs.

        Raises:
            UnveilError: they are of another version or other settings.
        """
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    self._take(line)
                except UnveilError as error:
                    raise UnveilError(f"{path}, line {number}: {error}") from None
                except (ValueError, KeyError, TypeError, AttributeError):
                    console.warn(f"{path}, line {number}: is no record; its file is done again")
        self.done, self.started = array("q", sorted(self.done)), array("q", sorted(self.started))

    def _take(self, line: bytes) -> None:
        head, rows, _ = line.partition(ROWS)  # a million of them: the rows are not looked at
        text = head.decode() + ("}" if rows else "")
        known, end = DECODER.raw_decode(text)
        if text[end:].strip():
            raise ValueError("more than one object")
        status, ours = known["status"], self.stamp
        if known["version"] != ours.version:
            raise UnveilError(
                f"is of unveil {known['version']}, this is {ours.version}: name a new file."
            )
        if known["settings"] != ours.settings:
            raise UnveilError("is of another command or other settings: name a new file.")
        pair = pair_hash(known["input"], known["output"] or "")
        if status == STARTED:
            self.started.append(pair)
        elif status == DONE:
            self.done.append(pair)
            if counts := known.get("counts"):
                self.counts[pair] = counts


def _holds(numbers: "array[int]", number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number


@contextlib.contextmanager
def open_records(
    path: Path | None, stamped: Stamp, *, only_reads: bool = False
) -> Iterator[Records]:
    """Yield the records in a file, which are appended to, by this run alone; None: no file.

    Args:
        path: of the file.
        stamped: what its records must share.
        only_reads: whether nothing is appended, nor mended.

    Raises:
        UnveilError: another run appends to it; it cannot be read or written, or holds the records
            of another version or command.
    """
    records = Records(stamped)
    if path is None:
        yield records
        return
    check_folder(path.parent)
    exists = check_target(path)
    if exists:
        check_regular(path)
        _check_first(path)
    if only_reads:
        if exists:
            records.read(path)
        yield records
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    real = path.resolve()  # of a link, too, there is one lock
    refusal = (
        f"{path}: another run is writing to it; give each its own --records, and join them by cat."
    )
    with locked(real.parent / f".{real.name}.lock", refusal):
        if exists:
            _mend(path)
            records.read(path)
        with path.open("ab", buffering=0) as records.file:
            yield records


def _check_first(path: Path) -> None:
    """Refuse a file that begins otherwise than records do: it is somebody's, and stays as it is.

    Raises:
        UnveilError: it does.
    """
    with path.open("rb") as file:
        line = file.readline(MAX_FIRST_BYTES)
    is_cut = not line.rstrip(b" ").endswith((b"\n", b"}"))  # a list's only line is no cut record
    known = BEGINS.startswith(line[: len(BEGINS)]) and (is_cut or STATUS in line)
    if not known:
        raise UnveilError(f"{path}: holds no records, and is left as it is: name a new file.")


def _mend(path: Path) -> None:
    """Cut off a last line that a killed run left unfinished."""
    with path.open("r+b") as file:
        end = size = file.seek(0, os.SEEK_END)
        while end > 0:
            file.seek(max(end - (1 << 16), 0))
            found = file.read(end - file.tell()).rfind(b"\n")
            if found >= 0:
                end = max(end - (1 << 16), 0) + found + 1
                break
            end = max(end - (1 << 16), 0)
        if end < size:
            console.note(f"{path}: the last line is cut off, as a killed run leaves it: dropped.")
            file.truncate(end)
