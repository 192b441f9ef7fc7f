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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from unveil.errors import SeveralError
from unveil.printable import one_line, shown
from unveil.streams import naming_stdout, tell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

Item = TypeVar("Item")

LINE_EVERY_S = 10.0
"""Without a terminal: time from a job's start, and from the last line, to a line of progress."""

HEARD_EVERY_S = 1.0
"""The same where somebody hears what would be printed."""

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
        hear: takes notes, warnings and progress in place of standard error; None for nobody.
        kept: what is printed and the rows of results, in place of both streams; None to print.
    """

    quiet: bool = False
    as_json: bool = False
    subject: str = ""
    row: dict[str, Any] = field(default_factory=dict)
    line_s: float = -math.inf
    hear: "Callable[[Remark], None] | None" = None
    kept: "Kept | None" = None


@dataclass
class Kept:
    """What one job would have printed, for another process to print.

    Attributes:
        lines: of standard output (True) and of standard error (False), in their order.
        errors: what :func:`fail` was told, which is not among ``lines``.
        rows: of the results.
    """

    lines: list[tuple[bool, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


_settings = _Settings()


@contextlib.contextmanager
def settings(
    *, quiet: bool, as_json: bool, hear: "Callable[[Remark], None] | None" = None
) -> Iterator[None]:
    """Apply ``--quiet`` and ``--json`` while the block runs.

    Args:
        quiet: leave out notes and progress.
        as_json: print results as JSON lines.
        hear: takes notes, warnings and progress in place of standard error.
    """
    global _settings  # as global as the streams themselves
    before, _settings = _settings, _Settings(quiet, as_json, hear=hear)
    try:
        yield
    finally:
        _settings = before


@contextlib.contextmanager
def keeping() -> Iterator[Kept]:
    """Keep what would be printed while the block runs; there is no progress."""
    global _settings
    before, kept = _settings, Kept()
    _settings = replace(before, row={}, kept=kept)
    try:
        yield kept
    finally:
        _settings = before


def replay(kept: Kept, place: str = "") -> None:
    """Print what was kept; errors begin with ``place``, where a list names the file."""
    for is_result, text in kept.lines:
        _put(text, is_result=is_result)
    for error in kept.errors:
        fail(f"{place}{error}")


def _put(text: str, *, is_result: bool) -> None:
    if _settings.kept is not None:
        _settings.kept.lines.append((is_result, text))
    elif is_result:
        with naming_stdout():
            print(text)
    else:
        tell(text)


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


def is_silent() -> bool:
    """Return whether there is no progress to show."""
    return _settings.quiet or _settings.kept is not None


def is_json() -> bool:
    """Return whether results are printed as JSON."""
    return _settings.as_json


def results(rows: Sequence[dict[str, Any]], text: object = None) -> None:
    """Print each of ``rows`` as a JSON line, or else one ``text`` for all (None: nothing)."""
    added, _settings.row = _settings.row, {}
    if _settings.kept is not None:
        _settings.kept.rows += [{**row, **added} for row in rows]
    if _settings.as_json:
        for row in rows:
            _put(json.dumps({**row, **added}), is_result=True)
    elif text is not None:
        told = str(text)
        for value in (value for row in rows for value in row.values()):
            if isinstance(value, str) and "\n" in value:  # a name; of the text, lines are its own
                told = told.replace(value, one_line(value))
        _put(shown(told), is_result=True)


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
    if _settings.hear is not None:
        _settings.hear(Remark(str(text)))
    elif not _settings.quiet:
        _put(one_line(f"{_settings.subject}{text}"), is_result=False)


def warn(text: object) -> None:
    """Print a warning to standard error; ``text`` comes without a full stop."""
    if _settings.hear is not None:
        _settings.hear(Remark(str(text), is_warning=True))
        return
    _put(one_line(f"unveil: warning: {_settings.subject}{text}."), is_result=False)


@dataclass(frozen=True)
class Remark:
    """A sentence about a result, without a full stop.

    Attributes:
        text: the sentence.
        is_warning: whether the result may be wrong because of it.
        is_progress: whether it tells how far a job is, and nothing of its result.
    """

    text: str
    is_warning: bool = False
    is_progress: bool = False


def remark(remarks: Iterable[Remark]) -> None:
    """Print remarks: warnings as such, the others as notes."""
    for one in remarks:
        (warn if one.is_warning else note)(one.text)


def fail(error: object) -> None:
    """Print an error, or each of several, in a line; drop the values of :func:`add`."""
    _settings.row = {}
    for line in error.lines if isinstance(error, SeveralError) else [error]:
        if _settings.kept is not None:
            _settings.kept.errors.append(str(line))
        else:
            _put(one_line(f"unveil: {line}"), is_result=False)


class Pace:
    """How fast a job goes; decides when it prints a line of progress without a terminal.

    The first line is due ``LINE_EVERY_S`` after the job's start, so short jobs print none. Jobs
    inside jobs share the time of the last line.
    """

    def __init__(self) -> None:
        self.started_s = _clock()

    def is_due(self) -> bool:
        """Return whether a line is due, which is then taken to be printed."""
        now_s, every_s = _clock(), LINE_EVERY_S if _settings.hear is None else HEARD_EVERY_S
        if is_silent() or now_s - max(self.started_s, _settings.line_s) < every_s:
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
    screen = terminal()
    if is_silent() or total < 2:
        yield from items
    elif screen is None:
        pace = Pace()
        for number, item in enumerate(items, 1):
            yield item
            if number < total and pace.is_due():
                _line(f"{label}: {number} of {total}, {pace.describe(number, total - number)}")
    else:
        with bar(screen) as live:
            yield from live.track(items, total, description=label)


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
    screen = terminal()
    if is_silent():
        yield from items
    elif screen is None:
        yield from _clip_lines(items, label, seconds, at)
    else:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} % {task.fields[fps]:.1f} fps, left"),
            TimeRemainingColumn(),
        )
        with bar(screen, *columns) as live:
            task = live.add_task(label, total=seconds, fps=0.0)
            for number, item in enumerate(items, 1):
                yield item
                fps = number / max(live.tasks[0].elapsed or 0.0, 1e-3)
                live.update(task, completed=at(item), fps=fps)


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
                _line(f"{label}: {done_s / seconds:.0%}, {fps}, {left}")
            else:
                _line(f"{label}: frame {number}, {fps}")


def _line(text: str) -> None:
    """Print a line of progress."""
    if _settings.hear is not None:
        _settings.hear(Remark(text, is_progress=True))
    else:
        note(text)


def terminal() -> "Console | None":
    """Return standard error if it is a terminal, and nobody hears what would be printed."""
    if _settings.hear is not None:
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_terminal else None


def bar(screen: "Console", *columns: "ProgressColumn") -> "Progress":
    """Return a live bar on a terminal."""
    from rich.progress import Progress

    # Otherwise rich would move redirected results to the terminal of its bar.
    to_terminal = sys.stdout.isatty()
    return Progress(*columns, console=screen, transient=True, redirect_stdout=to_terminal)
