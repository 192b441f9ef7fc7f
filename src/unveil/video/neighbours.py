"""The frames around each frame of a clip, a few at a time."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def neighbours(
    items: Iterator[Item], before: int, after: int
) -> Iterator[tuple[Sequence[Item], int]]:
    """Yield for each item those around it, and its place among them; reads ``after`` ahead.

    Args:
        items: something of each frame.
        before: how many earlier ones; fewer at the start.
        after: how many later ones; fewer at the end.

    Examples:
        >>> [(near, near[place]) for near, place in neighbours(iter("abc"), 0, 1)]
        [(['a', 'b'], 'a'), (['b', 'c'], 'b'), (['c'], 'c')]
    """
    near: deque[Item] = deque()
    place = 0
    for item in items:
        near.append(item)
        if len(near) - place > after:
            yield list(near), place
            place += 1
        if place > before:
            near.popleft()
            place -= 1
    while place < len(near):
        yield list(near), place
        place += 1
        if place > before:
            near.popleft()
            place -= 1
