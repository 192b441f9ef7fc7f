"""Commands on many files: `--workers`, `--manifest`, `--records`, `--cluster` and `--shard`."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from unveil import console
from unveil.batch.config import BatchConfig, parse_cluster
from unveil.batch.item import Item, Outcome
from unveil.cli import photo_jobs
from unveil.errors import UsageError
from unveil.extras import require
from unveil.files import check_folder
from unveil.images.photos import STREAM
from unveil.images.photos import SUFFIXES as PHOTOS
from unveil.video.stream.codecs import CONTAINERS
from unveil.video.stream.opening import SUFFIXES as VIDEOS

if TYPE_CHECKING:
    from unveil.batch.crew import Engine, Task
    from unveil.batch.manifest import NameOutput
    from unveil.batch.running import Tally

FLAGS = "--workers, --manifest, --records, --cluster and --shard"


@dataclass(frozen=True)
class Streams:
    """How a process prints, for others that print in its place."""

    quiet: bool = field(default_factory=console.is_quiet)
    as_json: bool = field(default_factory=console.is_json)

    def outcome(
        self, item: Item, job: Callable[[Item], None], counts: Callable[[], dict[str, int]] = dict
    ) -> Outcome:
        """Do a job on a file; return what it printed, and then what it counted."""
        settings = console.settings(quiet=self.quiet, as_json=self.as_json)
        with settings, console.keeping() as kept:
            photo_jobs.run_one(Path(item.source), lambda: job(item))
        return Outcome(kept, {name: count for name, count in counts().items() if count})


def check_inputs(batch: BatchConfig, inputs: Sequence[Path], **alone: object) -> None:
    """Refuse what does not go with many files.

    Args:
        batch: the flags.
        inputs: files and folders.
        alone: flags that are for one file or one process; None if not given.

    Raises:
        UsageError: says what.
    """
    if not batch.is_asked:
        return
    if batch.manifest is not None and inputs:
        raise UsageError(f"{inputs[0]}: put it into the --manifest; both do not go together.")
    if STREAM in inputs:
        raise UsageError(f"-: {FLAGS} are for files.")
    for name, value in alone.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')} does not go with {FLAGS}.")


def is_film(item: Item) -> bool:
    """Return whether a file is named as a video."""
    return os.path.splitext(item.source)[1].lower() in VIDEOS  # noqa: PTH122


def workers_of_clip(
    batch: BatchConfig, jobs: Sequence[photo_jobs.Job], film_jobs: Sequence[photo_jobs.Job]
) -> int:
    """Return how many processes share the frames of a clip: more than one if it is all there is.

    Args:
        batch: the flags.
        jobs: photos.
        film_jobs: videos.
    """
    is_one = len(film_jobs) == 1 and not jobs
    has_more = (batch.manifest, batch.records, batch.shard) != (None, None, None)
    return (batch.workers or 1) if is_one and not has_more else 1


def naming(output: Path) -> "NameOutput":
    """Return a function that names the results of a manifest's files, below a folder.

    Raises:
        UsageError: the output is a file.
    """
    from unveil.batch.manifest import mirrored

    if output == STREAM or (output.suffix.lower() in (*PHOTOS, *CONTAINERS)):
        raise UsageError(f"{output}: names one file, but a manifest needs a folder.")
    check_folder(output)
    folder = str(output)

    def name(source: str) -> str:
        suffix = os.path.splitext(source)[1].lower()  # noqa: PTH122  # a million of them
        writable = tuple(CONTAINERS) if suffix in VIDEOS else PHOTOS
        return mirrored(source if suffix in writable else source + writable[0], folder)

    return name


def run(
    batch: BatchConfig,
    command: str,
    settings: Mapping[str, object],
    task: "Task",
    files: "Sequence[photo_jobs.Job] | Sequence[Path]",
    name_output: "NameOutput | None" = None,
    *,
    dry_run: bool = False,
) -> "Tally":
    """Do a command on many files, or say how many it would be; return what became of them.

    Args:
        batch: the flags.
        command: its name, for the records.
        settings: what results depend on; records of others are refused.
        task: does it on one file.
        files: inputs, or jobs; of no use with a manifest.
        name_output: names the results of a manifest's files; None if nothing is written.
        dry_run: whether to do nothing.

    Raises:
        UnveilError: the manifest or the records cannot be used.
    """
    from unveil.batch.manifest import Manifest
    from unveil.batch.plan import Plan, plan_list, plan_manifest
    from unveil.batch.records import open_records, stamp
    from unveil.batch.running import Tally, finish
    from unveil.batch.workers import default_workers

    stamped = stamp(command, dict(settings))
    with open_records(batch.records, stamped, only_reads=dry_run) as records:
        plan: Plan
        if batch.manifest is not None:
            plan = plan_manifest(Manifest(batch.manifest, name_output), batch.part, records)
        else:
            plan = plan_list([_item(one) for one in files], batch.part, records)
        if dry_run:
            row = {"to_do": len(plan), "done_before": plan.skipped, "faults": plan.faults}
            console.result(row, f"{len(plan):,} files to do, {plan.skipped:,} done before")
            return Tally(skipped=plan.skipped, failed=plan.faults)
        tally = finish(plan, task, records, _engine(batch), batch.workers or default_workers())
    console.note(f"{tally}.")
    return tally


def _engine(batch: BatchConfig) -> "Engine":
    """Return what does the files.

    Raises:
        UnveilError: its extra is not installed.
    """
    if batch.cluster is None:
        from unveil.batch import workers

        return workers.run
    kind, address = parse_cluster(batch.cluster)
    require(kind)
    if kind == "slurm":
        from unveil.batch import slurm

        return slurm.run
    from unveil.batch import actors

    return partial(actors.run, address=address)


def _item(one: photo_jobs.Job | Path) -> Item:
    return Item(str(one)) if isinstance(one, Path) else Item(str(one.source), str(one.target))
