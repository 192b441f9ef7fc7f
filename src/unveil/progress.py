"""Progress on standard error: a live bar on a terminal, silence or plain lines in a pipe."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from unveil import console

Item = TypeVar("Item")


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Pass ``items`` on, with a bar and the time left where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    terminal = Console(stderr=True)
    if console.is_quiet() or not terminal.is_terminal or total < 2:
        yield from items
        return
    # Results go where they belong: left to itself, rich moves them to the terminal of its bar.
    to_terminal = sys.stdout.isatty()
    with Progress(console=terminal, transient=True, redirect_stdout=to_terminal) as bar:
        yield from bar.track(items, total, description=label)


def timed(
    items: Iterable[Item], label: str, seconds: float | None, at: Callable[[Item], float]
) -> Iterator[Item]:
    """Pass the pictures of a clip on; a terminal shows a bar, pictures a second, the time left.

    Args:
        items: pictures.
        label: what stands before the bar.
        seconds: how long the clip is; None for unknown.
        at: tells when a picture is shown, in seconds from the clip's beginning.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    terminal = Console(stderr=True)
    if console.is_quiet() or not terminal.is_terminal:
        yield from items
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} % {task.fields[fps]:.1f} fps, left"),
        TimeRemainingColumn(),
    )
    to_terminal = sys.stdout.isatty()
    with Progress(*columns, console=terminal, transient=True, redirect_stdout=to_terminal) as bar:
        task = bar.add_task(label, total=seconds, fps=0.0)
        for number, item in enumerate(items, 1):
            yield item
            fps = number / max(bar.tasks[0].elapsed or 0.0, 1e-3)
            bar.update(task, completed=at(item), fps=fps)
