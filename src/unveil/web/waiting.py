"""The line before the worker: one request at a time, each told how many are before it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from unveil.web.door import Refusal


class Line:
    """Lets one request at a time through, in the order in which they came.

    Args:
        most: greatest number of requests that wait.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[asyncio.Event] = []

    @contextlib.asynccontextmanager
    async def turn(self, tell: Callable[[int], None]) -> AsyncIterator[None]:
        """Wait until it is this request's turn; the next has its turn when the block ends.

        Args:
            tell: called with the number of requests before this one, whenever it changes.

        Raises:
            Refusal: too many wait.
        """
        if len(self._waiting) > self._most:
            raise Refusal(503, f"{self._most} others wait; try again in a moment.")
        moved = asyncio.Event()
        self._waiting.append(moved)
        try:
            while before := self._waiting.index(moved):
                tell(before)
                moved.clear()
                await moved.wait()
            yield
        finally:
            self._waiting.remove(moved)
            for other in self._waiting:
                other.set()
