"""`unveil obfuscate`: blur or pixelate photos and videos, or hide the faces in them safely."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from unveil import console
from unveil.auditing.covers import Shape, Style
from unveil.batch.config import BatchConfig
from unveil.batch.item import Item, Outcome
from unveil.cli import are_videos, at_least, many, photo_jobs, refuse
from unveil.cli.folders import tell_left_out, with_photos, with_videos
from unveil.cli.inputs import Boxes, BoxesFile, Inputs, Spared
from unveil.cli.video_jobs import Written, check_film, plan_jobs, process_all
from unveil.config import Output
from unveil.degradation import Operator, Storage, Unchanged, parse_storage
from unveil.degradation.presets import parse_call
from unveil.degradation.randomness import KNOWN_SEED, is_secret
from unveil.errors import UsageError
from unveil.extras import require
from unveil.images.box import Box, parse_box
from unveil.images.memory import check_memory
from unveil.images.photos import MAX_PIXELS, Photo, check_writable

if TYPE_CHECKING:
    from unveil.batch.manifest import NameOutput
    from unveil.cli.hiding import Hider
    from unveil.cli.video_jobs import Changes
    from unveil.video.sharing import Share

SEVERAL = 2
"""Photos of a manifest, which is not counted."""

ALBUM = "several photos of a person behind a mosaic tell more than one, of which the risk is known"

UNSURE = 3
"""Exit status where all is written, but a face may be open."""


def obfuscate(
    inputs: Inputs,
    /,
    output: Output,
    operator: str | None = None,
    storage: str | None = None,
    safe: bool = False,
    risk: float | None = None,
    boxes: Boxes = (),
    spared: Spared = (),
    boxes_file: BoxesFile = None,
    shape: Shape = "box",
    style: Style | None = None,
    codec: str | None = None,
    quality: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    max_pixels: int = MAX_PIXELS,
    batch: BatchConfig = BatchConfig(),  # noqa: B008  # frozen
) -> int:
    """Blur or pixelate photos or videos, or hide the faces in them safely.

    Args:
        inputs: photos, folders of photos, or videos; - is a photo from standard input.
        output: file for one input, folder for several; - is standard output, for one photo.
        operator: e.g. gaussian:kernel=9,sigma=4 or pixelate:block=8, or what a program does
            (docs/presets.md): pillow-gaussian:radius=5; with --safe a name only (default:
            pixelate). none changes nothing, for --storage alone.
        storage: what compression the result goes through before it is written: 8bit, jpeg:75 or
            h264:crf=28 (default: none but that of the output file).
        safe: hide each face with the mildest setting that keeps the risk of its being named
            below --risk; attack the result and say how it went. In several photos and in videos:
            under a solid box; exit status 3 where a face in a video was lost and may be open.
        risk: with --safe, greatest share of faces that a machine may name, of 1,000 people
            (default: 0.02).
        boxes: where a face is that may not be found, again for more faces.
        spared: where a face is that is to stay as it is, again for more faces.
        boxes_file: a JSON file of boxes. If it exists, its boxes are hidden and nothing is
            searched for; if not, it is written: look, correct it, and run again.
        shape: of the cover, which reaches beyond the face; soft is an ellipse that fades.
        style: with --safe, a cover that shows nothing of the face: one colour, a mosaic of drawn
            colours, or a sticker (default: --operator as strong as --risk asks).
        codec: of a video: h264, hevc, vp9, av1 or ffv1 (default: what suits the kind of file).
        quality: of a video, the codec's rate factor: lower is better (default: hardly lossy).
        overwrite: replace files that exist.
        dry_run: read all and say what would be written, but write nothing.
        max_pixels: refuse larger photos.
        batch: how many files are gone through.
    """
    asked = Asked(
        operator, storage, safe, risk, boxes, spared, boxes_file, shape, style, codec, quality
    )
    many.check_inputs(batch, inputs, boxes=asked.writes_boxes)
    are_clips = batch.manifest is None and are_videos(inputs, codec=codec, quality=quality)
    at_least(1, max_pixels=max_pixels)
    asked.check()
    written = Written(codec, quality, overwrite, max_pixels, dry_run, hides_people=safe)
    way = _obfuscate_clips if are_clips else _obfuscate_all
    return way(inputs, output, asked, written, batch)


@dataclass(frozen=True)
class Asked:
    """What is asked of all files, by the names of the flags; records of many files share it."""

    operator: str | None
    storage: str | None
    safe: bool
    risk: float | None
    boxes: Sequence[str]
    spared: Sequence[str]
    boxes_file: Path | None
    shape: Shape
    style: Style | None
    codec: str | None
    quality: int | None

    @property
    def writes_boxes(self) -> bool:
        """Whether the file of boxes is still to be written."""
        return self.boxes_file is not None and not self.boxes_file.exists()

    @property
    def shown_shape(self) -> str | None:
        """The shape, if it is not the usual one."""
        return None if self.shape == "box" else self.shape

    @property
    def places(self) -> list[Box]:
        """The boxes that are told."""
        return [parse_box(box) for box in self.boxes]

    def check(self) -> None:
        """Refuse flags that do not go together.

        Raises:
            UsageError: says which.
        """
        if self.safe:
            _check_safe(self.operator, self.style, self.risk)
            return
        hiding: dict[str, object] = {"box": self.boxes, "risk": self.risk, "spare": self.spared}
        hiding |= {"boxes": self.boxes_file, "shape": self.shown_shape}
        _check_unsafe(self.operator, style=self.style, **hiding)


def _obfuscate_clips(
    inputs: Sequence[Path], output: Path, asked: Asked, written: Written, batch: BatchConfig
) -> int:
    """Obfuscate inputs that are videos; return the exit status."""
    shape, style = asked.shown_shape, None if asked.style == "solid" else asked.style
    refuse("photos", storage=asked.storage, risk=asked.risk, shape=shape, boxes=asked.boxes_file)
    refuse("photos", spare=asked.spared or None, style=style)
    faces = asked.places if asked.safe else None
    jobs = plan_jobs(inputs, output, written)
    workers = many.workers_of_clip(batch, [], jobs)
    if not batch.is_asked or workers > 1:
        return _obfuscate_videos(jobs, asked.operator, faces, written, workers)
    task = ObfuscateTask(None, _films(asked.operator, faces), written)
    return _obfuscate_many(batch, asked, None, jobs, task)


def _obfuscate_all(
    inputs: Sequence[Path], output: Path, asked: Asked, written: Written, batch: BatchConfig
) -> int:
    """Obfuscate photos, and videos in folders and lists; return the exit status."""
    safe, operator, is_listed = asked.safe, asked.operator, batch.manifest is not None
    if safe and asked.storage:
        raise UsageError("--storage does not go with --safe, which attacks what it writes.")
    name = many.naming(output) if is_listed else None
    kept = parse_storage(asked.storage) if asked.storage else None
    photos, films = with_photos(inputs, output), with_videos(inputs, output)
    has_photos = not is_listed and (photos or not films)
    jobs = photo_jobs.plan(photos, output) if has_photos else []
    film_jobs = plan_jobs(films, output, written) if films else []
    left_out = tell_left_out(inputs, output=output, is_grave=safe)
    hider = _hider(asked, SEVERAL if is_listed else len(jobs)) if safe else None
    process = hider or partial(_obfuscate, _told(operator or ""), kept)
    workers = many.workers_of_clip(batch, jobs, film_jobs)
    if batch.is_asked and workers == 1:
        changes = _films(None, asked.places) if safe else _films(operator, None, is_told=True)
        jobs += film_jobs
        task = ObfuscateTask(process, changes, written)
        failed = _obfuscate_many(batch, asked, name, jobs, task)
        return failed or int(safe and left_out > 0)
    failed = _obfuscate_photos(jobs, process, asked.places, written)
    if hider and not written.dry_run:
        hider.note_boxes()
    if film_jobs:
        # However strongly faces are hidden in photos: in videos nothing but a solid box is safe.
        covered, faces = (None, asked.places) if safe else (operator, None)
        failed |= _obfuscate_videos(film_jobs, covered, faces, written, workers)
    return int(failed or (safe and left_out > 0))


@dataclass
class ObfuscateTask:
    """Obfuscates one of many files.

    Attributes:
        process: what is done to a photo; None if there are videos alone.
        changes: what is done to a video.
        written: how results are written.
        streams: how they are told.
    """

    process: Callable[[Photo], Photo] | None
    changes: "Changes"
    written: Written
    streams: many.Streams = field(default_factory=many.Streams)

    def prepare(self) -> None:
        """Load nothing: what hides faces is loaded with the first of them."""

    def __call__(self, item: Item) -> Outcome:
        """Obfuscate a file; count videos that fail, and those in which a face may be open."""
        unsure: list[Path] = getattr(self.changes, "unsure", [])
        before = len(unsure)
        outcome = self.streams.outcome(item, self._obfuscate)
        failed = many.is_film(item) and outcome.error is not None
        counts = {"videos_failed": int(failed), "videos_unsure": len(unsure) - before}
        return replace(outcome, counts={name: count for name, count in counts.items() if count})

    def _obfuscate(self, item: Item) -> None:
        overwrite = self.written.overwrite or item.is_ours
        job = photo_jobs.Job(Path(item.source), Path(item.target))
        if many.is_film(item) or self.process is None:
            require("video")
            written = replace(self.written, overwrite=overwrite)
            check_film(job, written)
            process_all([job], self.changes, written)
        else:
            photo_jobs.check_job(job, check_writable)
            most = self.written.max_pixels
            photo_jobs.process([job], self.process, overwrite=overwrite, max_pixels=most)


def _obfuscate_many(
    batch: BatchConfig,
    asked: Asked,
    name: "NameOutput | None",
    jobs: Sequence[photo_jobs.Job],
    task: ObfuscateTask,
) -> int:
    """Obfuscate many files; return the exit status."""
    dry_run = task.written.dry_run
    tally = many.run(batch, "obfuscate", vars(asked), task, jobs, name, dry_run=dry_run)
    if tally.counts["videos_unsure"] and not tally.counts["videos_failed"]:
        return UNSURE
    return int(tally.failed > 0)


def _obfuscate_photos(
    jobs: Sequence[photo_jobs.Job],
    process: Callable[[Photo], Photo],
    places: Sequence[Box],
    written: Written,
) -> int:
    """Obfuscate photos, or say what would be written; return the exit status."""
    overwrite, most = written.overwrite, written.max_pixels
    if written.dry_run:
        failed = photo_jobs.preview(jobs, places, overwrite=overwrite, max_pixels=most)
    else:
        failed = photo_jobs.process(jobs, process, overwrite=overwrite, max_pixels=most)
    return int(failed > 0)


def _for_all(operator: str | None, style: Style | None, count: int) -> str | None:
    """Return the operator that hides faces: of several photos, a solid box."""
    if count < 2 or style or operator == "solid":
        return operator
    console.note(f"faces are hidden with a solid box: {ALBUM}.")
    return "solid"


def _hider(asked: Asked, count: int) -> "Hider":
    """Return what hides the faces of so many photos."""
    require("audit")
    from unveil.auditing.safe import How
    from unveil.auditing.verdict import SAFE_RISK
    from unveil.cli.hiding import Hider
    from unveil.faces.places import Wanted, open_boxes

    file = None if asked.boxes_file is None else open_boxes(asked.boxes_file)
    operator = _for_all(asked.operator, asked.style, count)
    how = How(operator or "pixelate", asked.risk or SAFE_RISK, asked.shape, asked.style)
    return Hider(Wanted(asked.places, [parse_box(box) for box in asked.spared], file), how)


def _check_unsafe(operator: str | None, **flags: object) -> None:
    """Refuse flags of --safe without it, and a request that does not say how to obfuscate.

    Raises:
        UsageError: names what is missing.
    """
    for name, given in flags.items():
        if given not in (None, ()):
            raise UsageError(f"--{name} goes with --safe.")
    if operator is None:
        raise UsageError("name an --operator, e.g. pixelate:block=8, or use --safe.")


def _check_safe(operator: str | None, style: str | None, risk: float | None) -> None:
    """Refuse a strength, a seed, and what says nothing beside a cover.

    Raises:
        UsageError: says why.
    """
    if risk is not None and not 0 < risk < 1:
        raise UsageError(f"--risk {risk:g} must be between 0 and 1.")
    if style and (operator or risk is not None):
        other = "--operator" if operator else "--risk"
        raise UsageError(f"--style {style} shows nothing of a face: leave {other} out.")
    name, _, parameters = (operator or "").partition(":")
    if "seed" in parameters:
        raise UsageError(f"--safe takes no seed: {KNOWN_SEED}.")
    if parameters:
        raise UsageError(f"--safe chooses the strength itself: --operator {name}.")


def _told(text: str) -> Operator:
    """Return the operator of a text; warn if what it draws can be drawn again, or hides nothing."""
    from unveil.degradation.degrade import changes_nothing

    operator = parse_call(text)
    if not is_secret(operator):
        console.warn(f"{operator} can be undone: {KNOWN_SEED}")
    if not isinstance(operator, Unchanged) and changes_nothing(operator):
        console.warn(f"{operator} leaves every picture as it is: nothing is hidden")
    return operator


def _obfuscate_videos(
    jobs: Sequence[photo_jobs.Job],
    operator: str | None,
    faces: Sequence[Box] | None,
    written: Written,
    workers: int = 1,
) -> int:
    """Obfuscate videos; return the exit status."""
    from unveil.video.sharing import sharing

    with sharing(jobs[0].source, workers) as share:
        changes = _films(operator, faces, share)
        failed = process_all(jobs, changes, written) > 0
    return 1 if failed else UNSURE if getattr(changes, "unsure", None) else 0


def _films(
    operator: str | None, faces: Sequence[Box] | None, share: "Share | None" = None, *,
    is_told: bool = False,
) -> "Changes":  # fmt: skip
    """Return what obfuscates videos; or, unless ``faces`` is None, hides these in them.

    Args:
        operator: what obfuscates.
        faces: boxes of faces; none for the detected ones.
        share: how the work on a clip is shared among processes; None for not at all.
        is_told: whether it was said already that the operator can be undone.
    """
    from unveil.video.sharing import alone

    if faces is not None:
        require("audit")
        from unveil.video.hiding_faces import Hiding, check_operator

        check_operator(operator)
        return Hiding(faces, share=share or alone)
    wanted = parse_call(operator or "") if is_told else _told(operator or "")
    from unveil.video.obfuscating import Obfuscating

    return Obfuscating(wanted, share or alone)


def _obfuscate(operator: Operator, storage: Storage | None, photo: Photo) -> Photo:
    from unveil.degradation import operators
    from unveil.degradation.degrade import store
    from unveil.images import arrays

    check_memory(photo.count, "obfuscate")
    console.add(operator=str(operator), storage=storage and str(storage))
    obfuscated = operators.obfuscate(arrays.to_array(photo), operator)
    return arrays.to_photo(store(obfuscated, storage) if storage else obfuscated, photo)
