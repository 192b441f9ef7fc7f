"""Which files of a list are to be done: those of the shard that no record says are done."""

import os
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from unveil import console
from unveil.batch.config import Shard
from unveil.batch.item import Item, add_counts, pair_hash
from unveil.batch.manifest import LineError, Manifest, one_spelling
from unveil.batch.records import Records


class Plan(Protocol):
    """What is to be done, and what is known of the rest.

    Attributes:
        skipped: number of files that were done before.
        faults: number of lines of the list that name no file to do, each of which was told.
        counts: sums of what was counted in the files that are skipped.
    """

    skipped: int
    faults: int
    counts: Counter[str]

    def __len__(self) -> int:
        """Return the number of files to do."""

    def __iter__(self) -> Iterator[Item]:
        """Yield the files to do."""


@dataclass
class ListPlan:
    """A plan of files that are held in memory."""

    items: list[Item] = field(default_factory=list)
    skipped: int = 0
    faults: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)


@dataclass
class ManifestPlan:
    """A plan of lines of a manifest: of each to do 16 bytes are kept, its place and number."""

    manifest: Manifest
    offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    skipped: int = 0
    faults: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.offsets)

    def __iter__(self) -> Iterator[Item]:
        return self.manifest.items_at(zip(self.offsets, self.numbers, strict=True))

    def tell(self, number: int, fault: object) -> None:
        """Tell what is wrong with a line, and count it."""
        self.faults += 1
        console.fail(f"{self.manifest.place(number)}{fault}.")


def plan_list(items: Sequence[Item], shard: Shard, records: Records) -> ListPlan:
    """Return the plan of files that are named one by one, or found in folders."""
    plan, here = ListPlan(), f"{Path.cwd()}{os.sep}"
    for item in items:
        is_ours = shard.has(one_spelling(item.source, here))
        if is_ours and not _skips(plan, item.source, item.target, records):
            plan.items.append(item)
    return plan


def plan_manifest(manifest: Manifest, shard: Shard, records: Records) -> ManifestPlan:
    """Return the plan of a manifest; tell in one line each which lines name no file to do.

    Raises:
        UnveilError: the list cannot be read.
    """
    plan, seen, here = ManifestPlan(manifest), set[int](), f"{Path.cwd()}{os.sep}"
    for offset, number, line in manifest.lines():
        try:
            source, own_target = manifest.named(line)
            target = own_target or manifest.default_output(source)
        except LineError as error:
            if shard.has(line):
                plan.tell(number, error)
            continue
        # All shards see what is there twice, and --output, which each may spell its own way,
        # does not decide in which of them a line is.
        hashed = hash(one_spelling(target or source, here))
        is_double = hashed in seen
        seen.add(hashed)
        if not shard.has(one_spelling(own_target or source, here)):
            continue
        if is_double:
            again = "would be written" if target else "named"
            plan.tell(number, f"{target or source}: {again} a second time")
        elif not _skips(plan, source, target, records):
            plan.offsets.append(offset)
            plan.numbers.append(number)
    return plan


def _skips(plan: Plan, source: str, target: str, records: Records) -> bool:
    """Return whether a file was done before, and count it."""
    if not records.is_done(source, target):
        return False
    plan.skipped += 1
    if records.counts:
        add_counts(plan.counts, records.counts.get(pair_hash(source, target), {}))
    return True
