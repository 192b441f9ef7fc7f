"""Numbers that were measured once and are kept in files: computed anew, they are to be the same."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

Numbers = dict[str, np.ndarray]
LONG = 300


def short(values: np.ndarray) -> np.ndarray:
    """Return a list as it is, and of a long one its mean, its size and two projections."""
    flat = np.asarray(values, np.float64).ravel()
    if len(flat) <= LONG:
        return flat
    ways = np.random.default_rng(len(flat)).normal(size=(2, len(flat))) / len(flat) ** 0.5
    return np.array([flat.mean(), np.linalg.norm(flat) / len(flat) ** 0.5, *(ways @ flat)])


def check(path: Path, group: Callable[[], Numbers]) -> None:
    """Check that a group of numbers is as it was pinned, to about three digits."""
    pinned, found = json.loads(path.read_text())[group.__name__], group()
    assert set(found) == set(pinned)
    for name, values in found.items():
        wanted = np.array(pinned[name])
        # Small ones are as exact as the large ones beside them; other processors round otherwise,
        # which an AMD and an Intel with AMX show at 2e-3 of the largest.
        least = 4e-3 * float(np.abs(wanted).max(initial=0)) + 1e-9
        np.testing.assert_allclose(short(values), wanted, rtol=1e-3, atol=least, err_msg=name)


def pin(path: Path, groups: Sequence[Callable[[], Numbers]]) -> None:
    """Write what is measured now, a list a line."""
    each = {}
    for group in groups:
        rows = [
            f"{json.dumps(name)}: {[float(f'{value:.6g}') for value in short(values)]}"
            for name, values in group().items()
        ]
        each[group.__name__] = ",\n".join(rows)
    text = ",\n".join(f"{json.dumps(name)}: {{\n{rows}\n}}" for name, rows in each.items())
    path.write_text(f"{{\n{text}\n}}\n")
