"""Progress on standard error: a live bar on a terminal, silence or plain lines in a pipe."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Pass ``items`` on, with a bar and the time left where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not console.is_terminal or total < 2:
        return iter(items)
    return iter(track(items, label, total=total, console=console, transient=True))
