"""Doing what is planned: results as they come, records, and sums."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from os.path import dirname, exists
from pathlib import Path

from unveil import console
from unveil.batch.crew import Done, Engine, Task
from unveil.batch.item import Item, add_counts
from unveil.batch.plan import Plan
from unveil.batch.records import Records
from unveil.files import sweep


@dataclass
class Tally:
    """What became of all files.

    Attributes:
        done: number of files that were done now.
        skipped: number of files that were done before.
        failed: number of files that failed, and of lines of the list that name none.
        counts: what the command adds up, over those that were done before, too.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{self.done:,} done, {self.skipped:,} done before, {self.failed:,} failed"


def finish(plan: Plan, task: Task, records: Records, engine: Engine, workers: int) -> Tally:
    """Do all files of a plan; print what becomes of each, and record it.

    Args:
        plan: the files.
        task: what is done to each.
        records: where it is recorded.
        engine: does it.
        workers: number of processes.

    Raises:
        UnveilError: of the engine, if it cannot start.
    """
    tally = Tally(skipped=plan.skipped, failed=plan.faults, counts=Counter(plan.counts))
    if not len(plan):
        return tally
    results = engine(task, _begun(plan, records), workers)
    for done in console.progress(results, len(plan), "files"):
        _take(done, records, tally)
    return tally


def _begun(plan: Plan, records: Records) -> Iterator[Item]:
    """Yield the files to do; record first that they are begun, if they have results.

    A result that is there later, but no record of its end, is then known to be of this command.
    """
    for item in plan:
        is_ours = bool(item.target) and records.was_started(item)
        if item.target and not is_ours and not exists(item.target):  # noqa: PTH110
            is_ours = True
            records.start(item)
        yield replace(item, is_ours=is_ours)


def _take(done: Done, records: Records, tally: Tally) -> None:
    item = done.item
    if done.error is not None:
        if item.target:
            sweep(Path(dirname(item.target)))  # noqa: PTH120
        records.fail(item, done.error)
        console.fail(f"{item.place}{item.source}: {done.error}.")
        tally.failed += 1
        return
    records.finish(item, done.value)  # first: what is printed is sure to be skipped next time
    console.replay(done.value.kept, item.place)
    add_counts(tally.counts, done.value.counts)
    if done.value.error is None:
        tally.done += 1
    else:
        tally.failed += 1
