"""What commands print: results on stdout, everything else on stderr.

A result is one row: a JSON line under ``--json``, else text. ``--quiet`` leaves out notes and
progress, never warnings and errors. Progress is a live bar on a terminal; in a pipe or a file it
is a line now and then, and nothing for short jobs. All of this is per process, as the two streams
are.
"""

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from unveil.errors import SeveralError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

Item = TypeVar("Item")

LINE_EVERY_S = 10.0
"""Without a terminal: time from a job's start, and from the last line, to a line of progress."""

CONTROLS = (*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that a terminal obeys instead of showing them."""

ESCAPED = {code: ascii(chr(code))[1:-1] for code in CONTROLS if chr(code) not in "\n\t"}
LINE_ESCAPED = {code: ascii(chr(code))[1:-1] for code in CONTROLS}

_clock = time.monotonic


@dataclass
class _Settings:
    """The state of the process's output.

    Attributes:
        quiet: leave out notes and progress.
        as_json: print results as JSON lines.
        subject: the start of notes and warnings, the file that they are about.
        row: values collected for the row of the next result.
        line_s: time of the last line of progress.
    """

    quiet: bool = False
    as_json: bool = False
    subject: str = ""
    row: dict[str, Any] = field(default_factory=dict)
    line_s: float = -math.inf


_settings = _Settings()


@contextlib.contextmanager
def settings(*, quiet: bool, as_json: bool) -> Iterator[None]:
    """Apply ``--quiet`` and ``--json`` while the block runs."""
    global _settings  # as global as the streams themselves
    before, _settings = _settings, _Settings(quiet, as_json)
    try:
        yield
    finally:
        _settings = before


@contextlib.contextmanager
def about(subject: object) -> Iterator[None]:
    """Begin notes and warnings with the file that they are about while the block runs."""
    before, _settings.subject = _settings.subject, f"{subject}: "
    try:
        yield
    finally:
        _settings.subject = before


def subject() -> str:
    """Return the file that notes and warnings are about; "" for none."""
    return _settings.subject.removesuffix(": ")


def is_quiet() -> bool:
    """Return whether notes and progress are left out."""
    return _settings.quiet


def is_json() -> bool:
    """Return whether results are printed as JSON."""
    return _settings.as_json


def shown(text: object) -> str:
    """Return a text without what a terminal would obey: escape codes, turns of the direction."""
    return str(text).translate(ESCAPED)


def one_line(text: object) -> str:
    """Return a text of one line, whatever names are in it, as :func:`shown` does for several."""
    return str(text).translate(LINE_ESCAPED)


def results(rows: Sequence[dict[str, Any]], text: object = None) -> None:
    """Print each of ``rows`` as a JSON line, or else one ``text`` for all (None: nothing)."""
    added, _settings.row = _settings.row, {}
    if _settings.as_json:
        for row in rows:
            print(json.dumps({**row, **added}), flush=True)
    elif text is not None:
        told = str(text)
        for value in (value for row in rows for value in row.values()):
            if isinstance(value, str) and "\n" in value:  # a name; of the text, lines are its own
                told = told.replace(value, one_line(value))
        print(shown(told), flush=True)


def result(row: dict[str, Any], text: object = None) -> None:
    """Print one result: ``row``, with the values of :func:`add`, as JSON; or else ``text``."""
    results([row], text)


def written(target: Path, row: dict[str, Any] | None = None) -> None:
    """Print, as a result, the path of a file that was written."""
    result({**(row or {}), "written": str(target)}, target)


def would_write(
    target: Path, row: dict[str, Any] | None = None, source: Path | None = None
) -> None:
    """Print, as a result of ``--dry-run``, a file or folder that would be written.

    Args:
        target: what would be written.
        row: further values of its row.
        source: the file that it would be made from.
    """
    replaces = target.is_file()
    text = f"would {'replace' if replaces else 'write'} {target}"
    if source is not None:
        text += f" from {source}"
    result({**(row or {}), "would_write": str(target), "replaces": replaces}, text)


def add(**values: Any) -> None:
    """Add values to the row of the next result; they appear in JSON only."""
    _settings.row |= values


def note(text: object) -> None:
    """Print a note to standard error, unless ``--quiet`` is given."""
    if not _settings.quiet:
        print(one_line(f"{_settings.subject}{text}"), file=sys.stderr, flush=True)


def warn(text: object) -> None:
    """Print a warning to standard error; ``text`` comes without a full stop."""
    line = f"unveil: warning: {_settings.subject}{text}."
    print(one_line(line), file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Remark:
    """A sentence about a result, without a full stop.

    Attributes:
        text: the sentence.
        is_warning: whether the result may be wrong because of it.
    """

    text: str
    is_warning: bool = False


def remark(remarks: Iterable[Remark]) -> None:
    """Print remarks: warnings as such, the others as notes."""
    for one in remarks:
        (warn if one.is_warning else note)(one.text)


def fail(error: object) -> None:
    """Print an error, or each of several, in a line; drop the values of :func:`add`."""
    _settings.row = {}
    for line in error.lines if isinstance(error, SeveralError) else [error]:
        print(one_line(f"unveil: {line}"), file=sys.stderr, flush=True)


class Pace:
    """How fast a job goes; decides when it prints a line of progress without a terminal.

    The first line is due ``LINE_EVERY_S`` after the job's start, so short jobs print none. Jobs
    inside jobs share the time of the last line.
    """

    def __init__(self) -> None:
        self.started_s = _clock()

    def is_due(self) -> bool:
        """Return whether a line is due, which is then taken to be printed."""
        now_s = _clock()
        if _settings.quiet or now_s - max(self.started_s, _settings.line_s) < LINE_EVERY_S:
            return False
        _settings.line_s = now_s
        return True

    def per_second(self, done: float) -> float:
        """Return the mean rate since the start, of which ``done`` has been done."""
        return done / max(_clock() - self.started_s, 1e-3)

    def left(self, done: float, remaining: float) -> str:
        """Return the expected time for what remains, in words."""
        return f"{duration(remaining / max(self.per_second(done), 1e-9))} left"

    def describe(self, done: int, remaining: int) -> str:
        """Return rate and time left of a job that counts items."""
        rate = self.per_second(done)
        speed = f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"
        return f"{speed}, {self.left(done, remaining)}"


def duration(seconds: float) -> str:
    """Return a duration as a person reads it: ``40 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Pass on ``total`` items, showing how many are done, the rate and the time left."""
    terminal = _terminal()
    if _settings.quiet or total < 2:
        yield from items
    elif terminal is None:
        pace = Pace()
        for number, item in enumerate(items, 1):
            yield item
            if number < total and pace.is_due():
                note(f"{label}: {number} of {total}, {pace.describe(number, total - number)}")
    else:
        with _bar(terminal) as bar:
            yield from bar.track(items, total, description=label)


def clip_progress(
    items: Iterable[Item], label: str, seconds: float | None, at: Callable[[Item], float]
) -> Iterator[Item]:
    """Pass on the frames of a clip, showing the share that is done, frames/s and the time left.

    Args:
        items: frames.
        label: name of the job.
        seconds: duration of the clip; None if unknown.
        at: returns when a frame is shown, in seconds from the clip's beginning.
    """
    terminal = _terminal()
    if _settings.quiet:
        yield from items
    elif terminal is None:
        yield from _clip_lines(items, label, seconds, at)
    else:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} % {task.fields[fps]:.1f} fps, left"),
            TimeRemainingColumn(),
        )
        with _bar(terminal, *columns) as bar:
            task = bar.add_task(label, total=seconds, fps=0.0)
            for number, item in enumerate(items, 1):
                yield item
                fps = number / max(bar.tasks[0].elapsed or 0.0, 1e-3)
                bar.update(task, completed=at(item), fps=fps)


def _clip_lines(
    items: Iterable[Item], label: str, seconds: float | None, at: Callable[[Item], float]
) -> Iterator[Item]:
    pace = Pace()
    for number, item in enumerate(items, 1):
        yield item
        if pace.is_due():
            done_s, fps = at(item), f"{pace.per_second(number):.1f} fps"
            if seconds and 0 < done_s < seconds:
                left = pace.left(done_s, seconds - done_s)
                note(f"{label}: {done_s / seconds:.0%}, {fps}, {left}")
            else:
                note(f"{label}: frame {number}, {fps}")


@contextlib.contextmanager
def byte_progress(label: str, done: int, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show the progress of a transfer.

    Args:
        label: name of the job.
        done: bytes that an earlier attempt has transferred.
        total: bytes in all; None if unknown.

    Yields:
        A function to call with the number of bytes transferred so far, ``done`` included.
    """
    terminal = _terminal()
    if _settings.quiet:
        yield lambda _: None
    elif terminal is None:
        pace = Pace()

        def update(now: int) -> None:
            if now != total and pace.is_due():
                of = f" of {total / 1e6:.0f}" if total else ""
                left = f", {pace.left(now - done, total - now)}" if total else ""
                rate = pace.per_second(now - done) / 1e6
                note(f"{label}: {now / 1e6:.0f}{of} MB, {rate:.1f} MB/s{left}")

        yield update
    else:
        from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn

        with _bar(terminal, BarColumn(), DownloadColumn(), TimeRemainingColumn()) as bar:
            task = bar.add_task("", total=total, completed=done)
            yield lambda now: bar.update(task, completed=now)


def _terminal() -> "Console | None":
    """Return standard error if it is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_terminal else None


def _bar(terminal: "Console", *columns: "ProgressColumn") -> "Progress":
    from rich.progress import Progress

    # Otherwise rich would move redirected results to the terminal of its bar.
    to_terminal = sys.stdout.isatty()
    return Progress(*columns, console=terminal, transient=True, redirect_stdout=to_terminal)
