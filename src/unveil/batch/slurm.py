"""The engine on a cluster with Slurm: an array of jobs, each with its share of the files.

submitit starts them. Each appends what it did to files in a private folder, which are read here as
they grow; a job that ends before its share is done is followed by another, which goes on.
"""

import contextlib
import logging
import shlex
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unveil.batch.crew import STILLBORN, STOP_S, Done, Task
from unveil.batch.item import Item, outcome_of
from unveil.batch.share import ALIVE, Row, Share, done, read_rows, todo, write_todo
from unveil.batch.workers import environment, pools_of
from unveil.errors import UnveilError
from unveil.extras import require
from unveil.runtime import no_stderr

if TYPE_CHECKING:
    from submitit import Executor, Job

POLL_S = 0.2
"""Time between two looks at what the jobs have done."""

DEALT = 100
"""Files of each share that are written at a time: as many lists are too many to be kept open."""

STDERR_CHARACTERS = 200


def run(
    task: Task,
    items: Iterable[Item],
    workers: int,
    open_executor: "Callable[[Path, int], Executor] | None" = None,
) -> Iterator[Done]:
    """Do a task on all items by jobs of Slurm; yield what becomes of each.

    All items are taken at the beginning. When the iteration ends or is left, the jobs are cancelled
    and the folder, a hidden one in the current folder, is removed.

    Args:
        task: what is done; it returns an :class:`unveil.batch.item.Outcome`.
        items: what it is done to.
        workers: number of jobs; fewer are started if there are fewer items.
        open_executor: opens what starts the jobs; None for Slurm.

    Raises:
        UnveilError: Slurm cannot be reached, jobs cannot start, or are of another version.
    """
    require("slurm")
    with tempfile.TemporaryDirectory(
        prefix=".unveil-slurm-", dir=Path.cwd(), ignore_cleanup_errors=True
    ) as name:  # only its owner can read it: a pickle of others would run what it says
        folder = Path(name)
        with _reaching():
            executor = (open_executor or slurm)(folder, workers)
        array = _Array(folder, task, executor)
        try:
            yield from array.work(iter(items), workers)
        finally:
            array.stop()


def slurm(folder: Path, workers: int) -> "Executor":
    """Return what starts jobs of one thread each; what else they need is in variables of sbatch.

    Raises:
        RuntimeError: this machine is of no cluster.
    """
    import submitit

    executor = submitit.SlurmExecutor(folder)
    # Of a killed process Slurm's accounting may tell late, or never: the job's script tells, too.
    ended = f"{shlex.quote(str(folder))}/${{SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}"
    executor.update_parameters(
        job_name="unveil",
        time=None,  # the cluster's, or SBATCH_TIMELIMIT
        cpus_per_task=1,
        array_parallelism=workers,
        teardown=[f": > {ended}${{SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}}.ended"],
    )
    return executor


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    """Tell in a line why jobs cannot be started."""
    import submitit

    logging.getLogger("submitit").setLevel(logging.CRITICAL)
    try:
        with no_stderr():  # what sbatch says stands in the line
            yield
    except (RuntimeError, OSError, submitit.core.utils.FailedJobError) as error:
        reason = " ".join(str(error).split())[:STDERR_CHARACTERS]
        raise UnveilError(
            f"Slurm cannot be reached ({reason}); try sinfo, then the same command again."
        ) from None


@dataclass
class _Progress:
    """What is known of a share.

    Attributes:
        count: number of its files.
        job: that does it now.
        at: number of its files that are done.
        process: whose file is read, and ``place`` how far.
        begun: number of processes that have begun with it when the job was started.
    """

    count: int
    job: "Job[Any] | None" = None
    at: int = 0
    process: int = 0
    place: int = 0
    begun: int = 0


@dataclass
class _Array:
    """The jobs and how far they are."""

    folder: Path
    task: Task
    executor: "Executor"
    shares: list[_Progress] = field(default_factory=list)
    stillborn: int = 0

    def work(self, items: Iterator[Item], count: int) -> Iterator[Done]:
        self._deal(items, count)
        (self.folder / ALIVE).touch()
        numbers = range(len(self.shares))
        for number, job in zip(numbers, self._submit(numbers), strict=True):
            self.shares[number].job = job
        while left := [number for number in numbers if self._is_open(number)]:
            (self.folder / ALIVE).touch()
            before = sum(share.at for share in self.shares)
            for number in left:
                yield from self._look(number)
            if sum(share.at for share in self.shares) == before:
                time.sleep(POLL_S)

    def _deal(self, items: Iterator[Item], count: int) -> None:
        """Write the list of each share: the files in turn, so that all last about as long."""
        self.shares = [_Progress(0) for _ in range(count)]
        while batch := list(islice(items, DEALT * count)):
            for number, share in enumerate(self.shares):
                if part := batch[number::count]:
                    write_todo(todo(self.folder, number), part)
                    share.count += len(part)
        self.shares = [share for share in self.shares if share.count]

    def _submit(self, numbers: Iterable[int]) -> "list[Job[Any]]":
        """Start a job for each of these shares."""
        with environment(pools_of(1)), _reaching():
            jobs = [Share(self.folder, number, self.task) for number in numbers]
            return self.executor.submit_array(jobs) if jobs else []

    def _is_open(self, number: int) -> bool:
        return self.shares[number].at < self.shares[number].count

    def _look(self, number: int) -> Iterator[Done]:
        """Yield what a share's processes have done since; start another if they have ended."""
        has_ended = self._has_ended(number)
        for row in self._rows(number):  # after that: nothing is written later
            yield Done(Item(**row["item"]), _value(row), row["error"])
        if has_ended and self._is_open(number):
            self._follow(number)

    def _has_ended(self, number: int) -> bool:
        """Return whether the job of a share has ended."""
        job = self.shares[number].job
        if job is None or (self.folder / f"{job.job_id}.ended").exists():
            return True
        with no_stderr():  # sacct prints to it where a cluster keeps no accounts
            return job.done()

    def _rows(self, number: int) -> Iterator[Row]:
        """Yield each result of a share that is new, in their order, each once."""
        share = self.shares[number]
        while True:
            path = done(self.folder, number, share.process)
            rows, share.place = read_rows(path, share.place)
            for row in rows:
                if "refused" in row:
                    raise UnveilError(row["refused"])
                if row["at"] == share.at + 1 and "item" in row:
                    share.at += 1
                    yield row
            following, _ = read_rows(done(self.folder, number, share.process + 1))
            if not following or following[0].get("at", 0) > share.at:
                return  # or a network file system does not show all of this one yet
            share.process, share.place = share.process + 1, 0

    def _follow(self, number: int) -> None:
        """Start another job for a share whose job has ended."""
        share = self.shares[number]
        begun = share.process + done(self.folder, number, share.process).exists()
        self.stillborn = 0 if begun > share.begun else self.stillborn + 1
        if self.stillborn >= STILLBORN:
            raise UnveilError(f"jobs end before they are ready ({_last_words(share.job)}).")
        share.begun = begun
        (share.job,) = self._submit([number])

    def stop(self) -> None:
        """Cancel the jobs of open shares; wait until all have ended, or long enough."""
        for number, share in enumerate(self.shares):
            if share.job is not None and self._is_open(number) and not self._has_ended(number):
                with contextlib.suppress(OSError), no_stderr():
                    share.job.cancel(check=False)
        until_s = time.monotonic() + STOP_S
        for number in range(len(self.shares)):
            while not self._has_ended(number) and time.monotonic() < until_s:
                time.sleep(POLL_S)


def _value(row: Row) -> Any:
    return None if row["value"] is None else outcome_of(row["value"])


def _last_words(job: "Job[Any] | None") -> str:
    """Return the last line that a job wrote to its standard error."""
    said = (job and job.stderr()) or ""
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1][:STDERR_CHARACTERS] if lines else "they say nothing"
