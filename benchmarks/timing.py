"""Timing for the benchmarks: works take turns, and the machine is named."""

import time
from collections.abc import Callable, Mapping

from unveil.config import RuntimeConfig
from unveil.networks.torch_engine import choose_runtime
from unveil.report.rows import Row
from unveil.runtime import Runtime, provenance


def in_turn(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each work in each round.

    A round runs each work once, so that a change of the machine's speed meets all of them. One
    more round before the others warms up and is left out.

    Args:
        works: what to time, by name.
        rounds: how often.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if number > 0:
                taken[name].append(time.perf_counter() - started)
    return taken


def machine(runtime: Runtime | None = None, **versions: str) -> Row:
    """Return the provenance of what is timed here.

    Args:
        runtime: what it runs on (default: what the commands choose).
        versions: of further packages.
    """
    known: Row = {**provenance(runtime or choose_runtime(RuntimeConfig()))}
    return known | {"versions": known["versions"] | versions}


def print_machine(known: Row, *more: str) -> None:
    """Print device and versions of :func:`machine` under a table, and more."""
    print(f"\n{known['device']}; {known['versions']}{''.join(f'; {part}' for part in more)}")
