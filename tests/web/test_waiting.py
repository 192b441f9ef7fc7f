"""The line before the worker: in order, one at a time, bounded."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")

from unveil.web.door import Refusal
from unveil.web.waiting import Line


def run(coroutine):
    """Run a coroutine in a thread: this one may have a loop of Playwright's."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def test_each_has_its_turn_in_order_and_hears_how_many_are_before_it():
    line, turns, heard = Line(8), [], {name: [] for name in "abc"}

    async def ask(name):
        async with line.turn(heard[name].append):
            turns.append(name)
            await asyncio.sleep(0)

    async def all_of_them():
        await asyncio.gather(*(ask(name) for name in "abc"))

    run(all_of_them())
    assert turns == ["a", "b", "c"]
    assert heard == {"a": [], "b": [1], "c": [2, 1]}


def test_who_leaves_the_line_lets_the_next_move_up():
    line, turns = Line(8), []

    async def all_of_them():
        async with line.turn(print):
            tasks = [asyncio.create_task(wait(name)) for name in "ab"]
            await asyncio.sleep(0)
            tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def wait(name):
        async with line.turn(lambda _: None):
            turns.append(name)

    run(all_of_them())
    assert turns == ["b"]


def test_too_many_do_not_wait():
    line = Line(1)

    async def all_of_them():
        async with line.turn(print):
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0)
            with pytest.raises(Refusal, match="1 others wait") as told:
                await wait()
            assert told.value.status == 503
        await waiting

    async def wait():
        async with line.turn(lambda _: None):
            pass

    run(all_of_them())
