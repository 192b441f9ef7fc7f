"""Batch processing of photo files: output paths, and one line per failure."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from unveil import console
from unveil.cli.folders import is_folder, names_below
from unveil.console import progress
from unveil.errors import StdoutError, UnveilError, UsageError, told
from unveil.files import check_folder, check_target, exists_already
from unveil.images.box import Box
from unveil.images.photos import (
    MAX_PIXELS,
    STREAM,
    SUFFIXES,
    Photo,
    check_writable,
    encode_photo,
    is_photo,
    list_photos,
    read_photo,
    write_photo,
)
from unveil.streams import naming_stdout
from unveil.video.stream.codecs import CONTAINERS
from unveil.video.stream.opening import SUFFIXES as VIDEOS
from unveil.video.stream.opening import is_video


@dataclass(frozen=True)
class Job:
    """One photo to process."""

    source: Path
    target: Path


def plan(
    inputs: Sequence[Path],
    output: Path,
    suffixes: Sequence[str] = SUFFIXES,
    check: Callable[[Path], object] = check_writable,
    is_wanted: Callable[[Path], bool] = is_photo,
) -> list[Job]:
    """Decide the output of every input.

    A single file is written to ``output`` itself unless that is a folder; several files, or
    the photos below a folder, are written below ``output`` under their own names. An input that
    is named twice is processed once. ``-`` is standard input or output.

    Args:
        inputs: files, or folders of photos.
        output: file or folder.
        suffixes: suffixes of files that can be written.
        check: raises an error for an output that cannot be written.
        is_wanted: whether to take a file of a folder.

    Raises:
        UsageError: no input, an output format that cannot be written, two inputs with the same
            output, one output file for several photos.
        UnveilError: a folder without photos, an output folder that cannot be written.
    """
    if not inputs:
        raise UsageError("no input given: name photos or folders of photos.")
    if output == STREAM:
        return [_to_stream(inputs)]
    single = len(inputs) == 1 and not is_folder(inputs[0])
    if single and output.suffix and not output.is_dir():
        jobs, folder = [Job(inputs[0], output)], output.parent
    elif output.suffix.lower() in suffixes and not output.is_dir():
        raise UsageError(f"{output}: names one file, but several photos need a folder.")
    else:
        jobs, folder = (
            [job for item in inputs for job in _below(item, output, suffixes, is_wanted)],
            output,
        )
    taken: dict[Path, Path] = {}
    for job in jobs:
        check_job(job, check)
        if taken.setdefault(job.target, job.source) != job.source:
            raise UsageError(
                f"{taken[job.target]} and {job.source} would both be written to {job.target}."
            )
    check_folder(folder)
    return [Job(source, target) for target, source in taken.items()]


def check_job(job: Job, check: Callable[[Path], object]) -> None:
    """Check an output; where it cannot be written, an input that is none is said first."""
    try:
        check(job.target)
    except UsageError:
        source = job.source
        if source == STREAM or source.suffix.lower() in (*SUFFIXES, *VIDEOS):
            raise
        if not os.path.exists(source):  # noqa: PTH110  # takes any name
            raise UnveilError(f"{source}: no such file.") from None
        if job.target.suffix.lower() in CONTAINERS:
            raise UsageError(
                f"{source}: its name ends as no photo's and no video's does; if it is a video, "
                f"call it {source.stem}.mkv."
            ) from None
        raise


def process(
    jobs: Sequence[Job],
    function: Callable[[Photo], Photo],
    *,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> int:
    """Read, process and write every photo; report each failure in one line on stderr.

    Returns:
        The number of failures. A photo that fails leaves no output and does not stop the others.
    """
    failures = 0
    for job in progress(jobs, len(jobs), "photos"):
        failures += not run_one(job.source, partial(_process, job, function, overwrite, max_pixels))
    return failures


def _process(
    job: Job, function: Callable[[Photo], Photo], overwrite: bool, max_pixels: int
) -> None:
    check_free(job.target, overwrite=overwrite)
    photo = read_photo(job.source, max_pixels)
    with _naming(job.source):
        processed = function(photo)
    if job.target == STREAM:
        _send(encode_photo(processed, photo.suffix))
        return
    make_folder(job.target.parent)
    write_photo(processed, job.target, replaces=overwrite)
    row = {"photo": str(job.source), "written": str(job.target)}
    console.result(row, f"{job.source} -> {job.target}")


def preview(
    jobs: Sequence[Job],
    boxes: Sequence[Box] = (),
    extras: Sequence[Path] = (),
    *,
    overwrite: bool = False,
    max_pixels: int,
) -> int:
    """Print what :func:`process` would write; report photos that it could not read or write.

    Args:
        jobs: as for :func:`process`.
        boxes: boxes that must be inside every photo.
        extras: other files that would be written for one photo.
        overwrite: whether files that exist may be replaced.
        max_pixels: refuse larger photos.

    Returns:
        The number of photos that would fail.
    """
    failures = 0
    for job in jobs:
        look = partial(_preview, job, boxes, overwrite=overwrite, max_pixels=max_pixels)
        failures += not run_one(job.source, look)
    for extra in [] if failures else extras:
        console.would_write(extra, source=jobs[0].source)
    return failures


def _preview(job: Job, boxes: Sequence[Box], *, overwrite: bool, max_pixels: int) -> None:
    check_free(job.target, overwrite=overwrite)
    check_folder(job.target.parent)
    height, width = read_photo(job.source, max_pixels).rgb.shape[:2]
    for box in boxes:
        with _naming(job.source):
            box.check_inside(width, height)
    console.would_write(job.target, {"photo": str(job.source)}, job.source)


def sources(inputs: Sequence[Path], is_wanted: Callable[[Path], bool] = is_photo) -> list[Path]:
    """Return the files that ``inputs`` name, without duplicates.

    Args:
        inputs: files, or folders to search.
        is_wanted: whether to include a file of a folder.

    Raises:
        UsageError: no input.
        UnveilError: a folder without photos.
    """
    if not inputs:
        raise UsageError("no input given: name photos or folders of photos.")
    found = [
        path
        for item in inputs
        for path in (
            [item / name for name in list_photos(item, is_wanted)] if is_folder(item) else [item]
        )
    ]
    return list(dict.fromkeys(found))


def each(paths: Sequence[Path], function: Callable[[Path], None]) -> int:
    """Call ``function`` with every file; report each failure in one line on stderr.

    Returns:
        The number of failures.
    """
    failures = 0
    for path in paths:
        failures += not run_one(path, partial(_named, function, path))
    return failures


def _named(function: Callable[[Path], None], path: Path) -> None:
    with _naming(path):
        function(path)


def run_one(source: Path, job: Callable[[], None]) -> bool:
    """Do a job on one file; report in one line whatever went wrong, so that the next can be taken.

    Returns:
        Whether nothing went wrong.
    """
    try:
        job()
    except (BrokenPipeError, StdoutError):  # nothing more can be told
        raise
    except Exception as error:
        console.fail(told(error, source))
        return False
    return True


def beside(path: Path, ending: str) -> Path:
    """Return the path of another photo of the same format in the same folder."""
    return path.with_name(f"{path.stem}{ending}{path.suffix}")


def check_extras(jobs: Sequence[Job], extras: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse further outputs for one photo that cannot all be written beside its own.

    Raises:
        UsageError: several photos, a format that cannot be written, an output that is the input
            or that would be written twice.
        UnveilError: a file exists.
    """
    taken = {job.target.resolve() for job in jobs}
    for extra in extras:
        if len(jobs) != 1:
            raise UsageError(f"{extra}: one file for one photo; restore the photos one by one.")
        check_extra(jobs[0].source, extra, overwrite=overwrite)
        if extra.resolve() in taken:
            raise UsageError(f"{extra}: would be written twice; give each output its own name.")
        taken.add(extra.resolve())


def check_extra(source: Path, extra: Path, *, overwrite: bool) -> None:
    """Refuse an output beside the result that cannot be written, or is the photo itself.

    Raises:
        UsageError: a format that cannot be written, or the input.
        UnveilError: the file exists, or no folder can be made for it.
    """
    check_writable(extra)
    if source != STREAM and extra.resolve() == source.resolve():
        raise UsageError(f"{extra}: is the input; give the output another name.")
    check_free(extra, overwrite=overwrite)
    check_folder(extra.parent)


def check_picture(sources: Sequence[Path], picture: Path, *, overwrite: bool) -> None:
    """Refuse a ``--picture`` that cannot be written, or is not of one photo.

    Raises:
        UsageError: several inputs, or a video; as :func:`check_extra`.
        UnveilError: the file exists; no folder can be made for it.
    """
    if len(sources) != 1 or is_video(sources[0]):
        raise UsageError("--picture is for one photo.")
    check_extra(sources[0], picture, overwrite=overwrite)


def preview_picture(picture: Path | None) -> int:
    """Print that ``--picture`` would be written; return the exit status.

    Raises:
        UsageError: none is asked for.
    """
    if picture is None:
        raise UsageError("--dry-run goes with --picture; without it nothing is written.")
    console.would_write(picture)
    return 0


def check_free(target: Path, *, overwrite: bool) -> None:
    """Reject a file that exists, unless ``overwrite`` is set.

    Raises:
        UnveilError: it exists, or cannot be written.
    """
    if target != STREAM and check_target(target) and not overwrite:
        raise UnveilError(exists_already(target))


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents.

    Raises:
        UnveilError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnveilError(f"{folder}: cannot be made ({error.strerror}).") from None


@contextlib.contextmanager
def _naming(source: Path) -> Iterator[None]:
    """Name the photo in notes and in every error while the block runs."""
    try:
        with console.about(source):
            yield
    except StdoutError:
        raise
    except UnveilError as error:
        if str(error).startswith((f"{source}: ", f"{source}, ")):
            raise
        raise UnveilError(f"{source}: {error}") from None


def _to_stream(inputs: Sequence[Path]) -> Job:
    """Return the job that writes one photo to standard output, which nothing else may use."""
    if len(inputs) != 1 or is_folder(inputs[0]):
        raise UsageError("-o -: one photo fits into standard output; name a folder for several.")
    if console.is_json():
        raise UsageError("-o -: standard output takes the photo or --json, not both.")
    if sys.stdout.isatty():
        raise UsageError("-o -: standard output is a terminal; send it into a file or a program.")
    return Job(inputs[0], STREAM)


def _below(
    item: Path, output: Path, suffixes: Sequence[str], is_wanted: Callable[[Path], bool]
) -> list[Job]:
    if item == STREAM:
        raise UsageError("-: goes alone, into one file (-o out.png) or standard output (-o -).")
    if is_folder(item):
        kept = names_below(item, is_wanted, output)
        if not kept:
            raise UnveilError(f"{item}: no photos here except those in {output}.")
        return [Job(item / name, output / _writable(name, suffixes)) for name in kept]
    if not item.suffix and not item.exists():
        raise UnveilError(f"{item}: no such file or folder.")
    return [Job(item, output / _writable(item.name, suffixes))]


def _writable(name: str, suffixes: Sequence[str]) -> str:
    """Return a name with a suffix that can be written: the first one is added to the others."""
    return name if Path(name).suffix.lower() in suffixes else f"{name}{suffixes[0]}"


def _send(content: bytes) -> None:
    """Write to standard output, which may accept only a part per call if it is unbuffered."""
    left = memoryview(content)
    with naming_stdout():
        while left:
            left = left[sys.stdout.buffer.write(left) :]
