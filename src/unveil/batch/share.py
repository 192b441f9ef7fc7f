"""A share of the files of a run, worked off by a job on another machine.

What the two know of each other lies in a folder on a disk that both reach. For the share 3::

    3.todo      what is shared by all, then a line of JSON for each file
    3-0.done    a line for each file that the share's first process did
    3-1.done    the same of the second, which goes on where the first one died

Every line of ``.done`` says at which file the process is then, so that the last one names the file
over which it died. The starter reads; only pickles of submitit are beside these files.
"""

import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from unveil.batch.crew import ATTEMPTS, Task, attempt, other_version, too_often
from unveil.batch.item import Item
from unveil.batch.records import version
from unveil.errors import UnveilError

ALIVE = "alive"
"""File that the starter touches."""

SILENCE_S = 300.0
"""Time without a touch after which a process ends: its starter was killed. NFS may take a minute
to show one."""

STOPS = ("SIGINT", "SIGTERM", "SIGUSR2")
"""Signals that end a process: by hand, by scancel, by Slurm before the time limit."""

Row = dict[str, Any]


def todo(folder: Path, share: int) -> Path:
    """Return the list of a share's files."""
    return folder / f"{share}.todo"


def done(folder: Path, share: int, process: int) -> Path:
    """Return the file in which a share's process, counted from 0, says what it did."""
    return folder / f"{share}-{process}.done"


def write_todo(path: Path, items: Sequence[Item]) -> None:
    """Append files to the list of a share."""
    if not path.exists():
        path.write_text(json.dumps({"version": version()}) + "\n", encoding="ascii")
    with path.open("a", encoding="ascii") as file:
        file.writelines(json.dumps(asdict(item)) + "\n" for item in items)


def read_rows(path: Path, place: int = 0) -> tuple[list[Row], int]:
    """Return the whole lines of a file from a place on, and the place behind them."""
    try:
        with path.open("rb") as file:
            file.seek(place)
            whole = file.read().rpartition(b"\n")[0]
    except FileNotFoundError:
        return [], place
    return [json.loads(line) for line in whole.splitlines()], place + len(whole) + bool(whole)


@dataclass
class Share:
    """What a job does: the files of a share, from the first that is not done.

    Attributes:
        folder: of the run.
        number: of the share.
        task: is done to each file; it returns an :class:`Outcome`.
    """

    folder: Path
    number: int
    task: Task
    _beat: int = field(default=-1, init=False)
    _heard_s: float = field(default=0.0, init=False)

    def __call__(self) -> None:
        """Do the files; end early where nobody wants them any more."""
        for name in STOPS:  # what is open is closed on the way, so that no partial file stays
            signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
        first, process, deaths = self._progress()
        begin: Row = {"at": first}
        try:
            self.task.prepare()
            self._check_version()
        except UnveilError as error:
            begin = {"refused": str(error)}
        with done(self.folder, self.number, process).open("xb", buffering=0) as file:
            _write(file, begin)
            if "at" in begin:
                self._work(file, first, process, deaths)

    def _progress(self) -> tuple[int, int, int]:
        """Return the first file to do, this process's number, and how many have died over it."""
        ends: list[int] = []
        while (earlier := done(self.folder, self.number, len(ends))).exists():
            rows, _ = read_rows(earlier)
            ends.append(rows[-1].get("at", 0) if rows else 0)
        first = max(ends, default=0)
        return first, len(ends), ends.count(first)

    def _check_version(self) -> None:
        with todo(self.folder, self.number).open("rb") as listed:
            asked = json.loads(listed.readline())["version"]
        if asked != version():
            raise UnveilError(other_version(version(), asked))

    def _work(self, file: BinaryIO, first: int, process: int, deaths: int) -> None:
        with todo(self.folder, self.number).open("rb") as listed:
            for at, line in enumerate(islice(listed, 1 + first, None), first):
                if self._is_left(process):
                    return
                item = Item(**json.loads(line))
                is_given_up, deaths = deaths >= ATTEMPTS, 0
                value, error = (None, too_often()) if is_given_up else attempt(self.task, item)
                known = None if value is None else value.as_row()
                _write(file, {"at": at + 1, "item": asdict(item), "value": known, "error": error})

    def _is_left(self, process: int) -> bool:
        """Return whether the run has ended, or another process has taken over the share."""
        try:
            beat = (self.folder / ALIVE).stat().st_mtime_ns
        except FileNotFoundError:
            return True
        if beat != self._beat:  # no clocks of two machines are compared
            self._beat, self._heard_s = beat, time.monotonic()
        is_silent = time.monotonic() - self._heard_s > SILENCE_S
        return is_silent or done(self.folder, self.number, process + 1).exists()


def _write(file: BinaryIO, row: Row) -> None:
    file.write(json.dumps(row).encode() + b"\n")  # unbuffered: one call, so whole lines
