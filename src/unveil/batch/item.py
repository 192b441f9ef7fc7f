"""One file of many, and what became of it."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from unveil.console import Kept


def stable_hash(text: str | bytes) -> int:
    """Return 64 bits for a text, the same in every process and on every machine."""
    return int.from_bytes(blake2b(os.fsencode(text), digest_size=8).digest(), "big")


def pair_hash(source: str, target: str) -> int:
    """Return 64 bits, with a sign, for a file and its result: the same in this process alone.

    A million of them are compared, which is why neither Item nor blake2b does it.
    """
    return hash((source, target))


@dataclass(frozen=True)
class Item:
    """One file to do.

    Attributes:
        source: the file.
        target: where its result is written; "" if nothing is.
        is_ours: whether a file ``target`` can only be left from an attempt at this item.
        place: where a list names it, as a start of messages; "" if none does.
    """

    source: str
    target: str = ""
    is_ours: bool = False
    place: str = ""

    @property
    def pair(self) -> int:
        """Return :func:`pair_hash` of file and result."""
        return pair_hash(self.source, self.target)


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        kept: what the command would have printed of it.
        counts: what the command adds up over all files, such as faces at risk, also where the file
            failed; zeros left out. Of names that end in ``_px`` the largest counts.
    """

    kept: Kept
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        """Return why the file failed; None if it did not."""
        return "\n".join(self.kept.errors) or None

    def as_row(self) -> dict[str, Any]:
        """Return it as JSON has it, for :func:`outcome_of`."""
        return asdict(self)


def outcome_of(row: dict[str, Any]) -> Outcome:
    """Return the outcome of which :meth:`Outcome.as_row` was written as JSON."""
    kept = row["kept"]
    lines = [(is_result, text) for is_result, text in kept["lines"]]
    return Outcome(Kept(lines, kept["errors"], kept["rows"]), row["counts"])


def add_counts(total: Counter[str], more: Mapping[str, int]) -> None:
    """Add the counts of one file to those of all."""
    for name, count in more.items():
        total[name] = max(total[name], count) if name.endswith("_px") else total[name] + count
