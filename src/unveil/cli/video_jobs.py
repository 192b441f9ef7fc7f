"""Batch processing of clips: output paths, encoding, and one line per failure."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from unveil import console
from unveil.cli import photo_jobs
from unveil.console import clip_progress
from unveil.errors import UnveilError, UsageError
from unveil.files import check_folder
from unveil.video.stream.codecs import CONTAINERS, choose
from unveil.video.stream.layout import Picture
from unveil.video.stream.opening import is_video

if TYPE_CHECKING:
    from unveil.video.stream.info import Info
    from unveil.video.stream.process import Change, Plan

    Changes = Callable[[Info], Change | None]
    """Returns the change to apply to a clip; None for no change."""


PARTS = {"video": "cover picture", "data": "data stream", "subtitle": "subtitle stream"}
"""Names of parts of a clip that are not their type."""


@dataclass(frozen=True)
class Written:
    """How clips are written.

    Attributes:
        codec: name of the codec; None for the container's default.
        quality: rate factor; None for the codec's default.
        overwrite: whether existing files are replaced.
        max_pixels: larger frames are refused.
        dry_run: only print what would be written.
        hides_people: whether nothing but sound goes with the pictures.
    """

    codec: str | None
    quality: int | None
    overwrite: bool
    max_pixels: int
    dry_run: bool = False
    hides_people: bool = False


def plan_jobs(inputs: Sequence[Path], target: Path, written: Written) -> list[photo_jobs.Job]:
    """Decide the output of every clip.

    Raises:
        UsageError: an output that cannot be written with this encoding, or the same for two clips.
        UnveilError: an output folder that cannot be written.
    """

    def check(path: Path) -> object:
        return choose(path, written.codec, written.quality)

    return photo_jobs.plan(inputs, target, tuple(CONTAINERS), check, is_video)


def check_film(job: photo_jobs.Job, written: Written) -> None:
    """Refuse an output that cannot be written with this encoding.

    Raises:
        UnveilError: says why.
    """
    photo_jobs.check_job(job, lambda path: choose(path, written.codec, written.quality))


def process_all(jobs: Sequence[photo_jobs.Job], changes: "Changes", written: Written) -> int:
    """Read, change and write every clip; report each failure in one line on stderr.

    Returns:
        The number of failures. A clip that fails leaves no output and does not stop the others.
    """
    failures = 0
    for job in jobs:
        failures += not photo_jobs.run_one(job.source, partial(_named, job, changes, written))
    return failures


def _named(job: photo_jobs.Job, changes: "Changes", written: Written) -> None:
    try:
        _process_one(job, changes, written)
    except UsageError as error:
        raise UnveilError(f"{job.source}: {error}") from None


def _process_one(job: photo_jobs.Job, changes: "Changes", written: Written) -> None:
    from unveil.runtime import keep_freed_memory
    from unveil.video.stream.info import describe
    from unveil.video.stream.process import plan, process
    from unveil.video.stream.writing import COPIED_TYPES, SAFE_TYPES, left_out

    keep_freed_memory()  # each frame reuses the memory of the last one

    photo_jobs.check_free(job.target, overwrite=written.overwrite)
    info = describe(job.source, written.max_pixels)
    encoding = choose(job.target, written.codec, written.quality)
    planned = plan(info, job.target, encoding, SAFE_TYPES if written.hides_people else COPIED_TYPES)
    if planned.change:
        console.note(f"{job.target}: {planned.change}.")
    row: dict[str, object] = {"video": str(job.source)}
    if counts := left_out(info, planned.copied):
        row["left_out"] = counts
        console.note(f"{job.target}: not written: {', '.join(map(_counted, counts.items()))}.")
    if written.dry_run:
        check_folder(job.target.parent)
        console.would_write(job.target, row, job.source)
        return
    with console.about(job.source):
        change = changes(planned.info)
    photo_jobs.make_folder(job.target.parent)
    started, count = time.perf_counter(), 0

    def watch(pictures: Iterable[Picture]) -> Iterator[Picture]:
        nonlocal count
        for count, picture in enumerate(_shown(planned, pictures), 1):  # noqa: B007  # the last
            yield picture

    process(planned, change, watch, replaces=written.overwrite)
    fps = count / (time.perf_counter() - started)
    quality = "" if encoding.quality is None else f", quality {encoding.quality}"
    row |= {"written": str(job.target), "frames": count, "fps": round(fps, 2)}
    row |= {"codec": encoding.name, "quality": encoding.quality}
    words = f"{count} frames, {fps:.1f} a second, {encoding.name}{quality}"
    console.result(row, f"{job.source} -> {job.target}: {words}")


def _counted(one: tuple[str, int]) -> str:
    kind, count = one
    return f"{count} {PARTS.get(kind, kind)}{'' if count == 1 else 's'}"


def _shown(planned: "Plan", pictures: Iterable[Picture]) -> Iterator[Picture]:
    begin: list[int] = []

    def at(picture: Picture) -> float:
        begin[:] = begin or [picture.pts]
        return float((picture.pts - begin[0]) * planned.info.time_base)

    return clip_progress(pictures, planned.info.path.name, planned.info.seconds, at)
