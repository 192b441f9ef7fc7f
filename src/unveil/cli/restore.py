"""`unveil restore`: undo the blur or the mosaic of photos or videos."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unveil import console
from unveil.batch.config import BatchConfig
from unveil.batch.item import Item, Outcome
from unveil.cli import are_videos, at_least, many, photo_jobs, refuse
from unveil.cli.folders import tell_left_out, with_photos, with_videos
from unveil.cli.inputs import Box, Inputs
from unveil.cli.video_jobs import Written, check_film, plan_jobs, process_all
from unveil.config import TILE_PX, Device, Engine, Output, Precision
from unveil.degradation import Degradation, Linear
from unveil.degradation.presets import parse_call
from unveil.errors import UsageError
from unveil.extras import require
from unveil.images.box import parse_box
from unveil.images.memory import check_memory
from unveil.images.photos import MAX_PIXELS, Photo, check_writable, write_photo

if TYPE_CHECKING:
    import numpy as np

    from unveil.restoration.restorers import Restorer
    from unveil.restoration.steps import Load, Request

AUTO = "auto"

TORCH_PAYS_PX = 4_000_000
"""Pixels from which bf16 in torch makes up for the time of importing it (docs/log.md)."""


def restore(
    inputs: Inputs,
    /,
    output: Output,
    model: str | None = None,
    operator: str = AUTO,
    box: Box = None,
    mask: Path | None = None,
    consistent: bool = False,
    uncertainty: Path | None = None,
    samples: int = 0,
    realism: float = 0.0,
    force: bool = False,
    prior: Path | None = None,
    codec: str | None = None,
    quality: int | None = None,
    together: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    max_pixels: int = MAX_PIXELS,
    tile_px: int = TILE_PX,
    device: Device = "auto",
    precision: Precision = "auto",
    engine: Engine = "auto",
    batch: BatchConfig = BatchConfig(),  # noqa: B008  # frozen
) -> int:
    """Undo the blur or the mosaic of photos or videos.

    Args:
        inputs: photos, folders of photos, or videos; - is a photo from standard input.
        output: file for one input, folder for several; - is standard output, for one photo.
        model: shipped name (see `unveil models`), checkpoint folder, or a closed form: lmmse,
            tikhonov, richardson-lucy, bicubic, lanczos (default: the best shipped weights).
        operator: what obfuscated the photos, or auto to find out.
        box: X,Y,W,H, the part that is obfuscated (default: found).
        mask: photo of the same size, white where --operator was applied, gray where it fades.
        consistent: correct the result so that, obfuscated again, it equals the input.
        uncertainty: file for a map of the expected error, white where the answer is a guess.
        samples: number of other real pictures to write beside the output, as NAME-sample1.png and
            so on; each, obfuscated again, gives the input. Seeds 1, 2, ...: the same each time.
        realism: from 0, least error, to 1, as detailed as a photo: plausible, no evidence.
        force: use weights beyond what they were trained on.
        prior: what `unveil fit` learnt from photos like these (default: from faces).
        codec: of a video: h264, hevc, vp9, av1 or ffv1 (default: what suits the kind of file).
        quality: of a video, the codec's rate factor: lower is better (default: hardly lossy).
        together: of a video: frames to restore jointly, 1 to 16; 10 to 60 times slower, better
            where something moves under a blur or a mosaic that stands still (default: 1).
        overwrite: replace files that exist.
        dry_run: read all and say what would be written, but write nothing.
        max_pixels: refuse larger photos.
        tile_px: side of the pieces that a large photo is restored in.
        device: where to compute.
        precision: arithmetic of the network.
        engine: onnx (on the CPU in fp32), torch, or auto: torch for much work, where it is faster.
        batch: how many files are gone through.
    """
    many.check_inputs(batch, inputs, uncertainty=uncertainty, samples=samples)
    at_least(0, samples=samples)
    at_least(1, max_pixels=max_pixels, tile_px=tile_px)
    wanted = None if operator == AUTO else Degradation(parse_call(operator)).linear
    check_engine(engine, model, device, precision)
    asked: dict[str, Any] = {
        "model": model,
        "operator": operator,
        "box": box,
        "mask": mask,
        "prior": prior,
    }
    asked |= {"consistent": consistent, "realism": realism, "force": force, "codec": codec}
    asked |= {"quality": quality, "together": together, "tile_px": tile_px, "device": device}
    asked |= {"precision": precision, "engine": engine}
    written = Written(codec, quality, overwrite, max_pixels, dry_run)
    extras = uncertainty, samples, together
    return _restore_all(inputs, output, asked, wanted, written, extras, batch)


def _restore_all(
    inputs: Sequence[Path], output: Path, asked: dict[str, Any], wanted: Linear | None,
    written: Written, extras: tuple[Path | None, int, int | None], batch: BatchConfig,
) -> int:  # fmt: skip
    """Restore photos and videos; return the exit status.

    Args:
        inputs: photos, videos or folders; nothing with a list.
        output: file or folder.
        asked: values of the flags that results depend on, by name.
        wanted: what obfuscated the photos; None to find out.
        written: how results are written.
        extras: file of the map of errors, number of samples, frames to restore jointly.
        batch: how many files are gone through.
    """
    (uncertainty, samples, together), is_listed = extras, batch.manifest is not None
    flags = {name: asked[name] for name in ("codec", "quality", "together")}
    has_videos = not is_listed and are_videos(inputs, **flags)
    if has_videos:
        others = {"samples": samples or None, "realism": asked["realism"] or None}
        refuse("photos", uncertainty=uncertainty, mask=asked["mask"], **others)
    planned = ([], []) if is_listed else _plan(inputs, output, written, has_videos=has_videos)
    jobs, film_jobs = planned
    _check_choice(asked["model"], wanted)
    refuse("photos", mask=asked["mask"] if film_jobs else None)
    request = _request(asked, wanted, is_fast=has_videos)
    workers = many.workers_of_clip(batch, jobs, film_jobs)
    large = bool(film_jobs) or is_listed or is_large([job.source for job in jobs])
    how_loaded = tuple(asked[name] for name in ("engine", "device", "precision", "prior"))
    if batch.is_asked and workers == 1:
        task = RestoreTask(request, how_loaded, large, together, written)
        name, files = many.naming(output) if is_listed else None, [*jobs, *film_jobs]
        tally = many.run(batch, "restore", asked, task, files, name, dry_run=written.dry_run)
        return int(tally.failed > 0)
    load = loader(*how_loaded, is_large=large)
    first = [job.target for job in jobs[:1]]
    drawn = [photo_jobs.beside(one, f"-sample{n + 1}") for one in first for n in range(samples)]
    process = PhotoRestoring(request, load, uncertainty, drawn)
    failed = _restore_photos(jobs, process, written) if jobs else 0
    if film_jobs:
        failed |= _restore_videos(film_jobs, request, load, together, written, workers)
    return failed


def _request(asked: dict[str, Any], wanted: Linear | None, *, is_fast: bool) -> "Request":
    """Return what is asked of each file."""
    from unveil.restoration.steps import Request

    mask, box = asked["mask"], asked["box"]
    others = {name: asked[name] for name in ("box", "model", "force")}
    return Request(
        wanted,
        parse_box(box) if box else None,
        asked["model"],
        asked["consistent"],
        asked["force"],
        is_fast,
        asked["prior"],
        asked["tile_px"],
        None if mask is None else mask_of(mask, asked["operator"], **others),
        asked["realism"],
    )


@dataclass
class RestoreTask:
    """Restores one of many files.

    Attributes:
        request: the user's request.
        how_loaded: engine, device, precision and prior.
        is_large: whether there is so much to restore that importing torch may pay.
        together: frames of a video to restore jointly.
        written: how results are written.
        streams: how they are told.
    """

    request: "Request"
    how_loaded: tuple[Engine, Device, Precision, Path | None]
    is_large: bool
    together: int | None
    written: Written
    streams: many.Streams = field(default_factory=many.Streams)

    def prepare(self) -> None:
        """Load the stated weights: such as cannot be loaded fail once, not per file."""
        self.load = loader(*self.how_loaded, is_large=self.is_large)
        if self.request.model:
            self.load(self.request.model)

    def __call__(self, item: Item) -> Outcome:
        """Restore a file."""
        return self.streams.outcome(item, self._restore)

    def _restore(self, item: Item) -> None:
        written = replace(self.written, overwrite=self.written.overwrite or item.is_ours)
        job = photo_jobs.Job(Path(item.source), Path(item.target))
        if many.is_film(item):
            require("video")
            refuse("photos", mask=self.request.mask, realism=self.request.realism or None)
            check_film(job, written)
            _restore_videos([job], self.request, self.load, self.together, written)
        else:
            photo_jobs.check_job(job, check_writable)
            _restore_photos([job], PhotoRestoring(self.request, self.load), written)


def _check_choice(model: str | None, operator: Linear | None) -> None:
    """Refuse early a model that does not undo the operator."""
    from unveil.restoration.choice import check_choice

    check_choice(model, operator)


def _plan(
    inputs: Sequence[Path], output: Path, written: Written, *, has_videos: bool
) -> tuple[list[photo_jobs.Job], list[photo_jobs.Job]]:
    """Return the jobs of photos and of videos; tell what of a folder is neither."""
    films = inputs if has_videos else with_videos(inputs, output)
    photos = () if has_videos else with_photos(inputs, output)
    film_jobs = plan_jobs(films, output, written) if films else []
    jobs = photo_jobs.plan(photos, output) if photos or not films else []
    tell_left_out(inputs, output=output)
    return jobs, film_jobs


def _restore_videos(
    jobs: Sequence[photo_jobs.Job],
    request: "Request",
    load: "Load",
    together: int | None,
    written: Written,
    workers: int = 1,
) -> int:
    """Restore videos, one frame after the other if not together; return the exit status."""
    from unveil.video.restoring import Restoring
    from unveil.video.sharing import sharing

    request = replace(request, is_fast=True, realism=0.0)
    with sharing(jobs[0].source, workers) as share:
        steps = Restoring(request, load, 1 if together is None else together, share)
        return int(process_all(jobs, steps, written) > 0)


def mask_of(mask: Path, operator: str, **others: object) -> "np.ndarray":
    """Return how much of the obfuscated picture each pixel shows, float32 ``H x W`` in [0,1].

    Args:
        mask: photo, white where something is hidden.
        operator: what the user says obfuscated the photos.
        others: values of the flags that it does not go with; None or False if not given.

    Raises:
        UsageError: no operator is stated, or another flag says where or how to restore.
        UnveilError: the photo cannot be read.
    """
    if operator == AUTO:
        raise UsageError("--mask says where --operator was applied: state it, too.")
    for name, value in others.items():
        if value:
            raise UsageError(f"--mask and --{name} do not go together: leave one out.")
    from unveil.images.masks import read_mask

    return read_mask(mask)


def _restore_photos(
    jobs: Sequence[photo_jobs.Job], process: "PhotoRestoring", written: Written
) -> int:
    """Restore photos, or say what would be written; return the exit status."""
    overwrite, max_pixels = written.overwrite, written.max_pixels
    extras = [*process.samples, *filter(None, [process.uncertainty])]
    photo_jobs.check_extras(jobs, extras, overwrite=overwrite)
    if written.dry_run:
        boxes = [process.request.box] if process.request.box else []
        failed = photo_jobs.preview(jobs, boxes, extras, overwrite=overwrite, max_pixels=max_pixels)
        return int(failed > 0)
    if process.request.model:
        # Before the photos: weights that cannot be loaded fail once, not per photo.
        process.load(process.request.model)
    return int(photo_jobs.process(jobs, process, overwrite=overwrite, max_pixels=max_pixels) > 0)


def loader(
    engine: Engine, device: Device, precision: Precision, prior: Path | None, *, is_large: bool
) -> "Load":
    """Return a function that loads restorers by name on an engine, each once.

    Args:
        engine: what runs a network's convolutions.
        device: where to compute.
        precision: arithmetic of a network.
        prior: file of the power spectrum that a closed form takes (default: the shipped one).
        is_large: whether there is so much to restore that importing torch may pay.
    """
    from unveil.linear.prior import read_prior
    from unveil.restoration.restorers import load

    read_prior(prior)  # one that cannot be read is no photo's fault

    @cache
    def load_one(name: str) -> "Restorer":
        return load(name, device, precision, prior, engine, is_large=is_large)

    return load_one


def is_large(inputs: Sequence[Path]) -> bool:
    """Return whether photos are large or many enough that torch, once imported, is faster."""
    from unveil.images.photos import count_pixels

    total_px = 0
    for path in inputs:
        total_px += count_pixels(path)
        if total_px > TORCH_PAYS_PX:
            return True
    return False


@dataclass(frozen=True)
class PhotoRestoring:
    """Restores photos.

    Attributes:
        request: the user's request.
        load: loads restorers by name.
        uncertainty: file for the map of the expected error.
        samples: files for other restorations that agree with the input.
    """

    request: "Request"
    load: "Load"
    uncertainty: Path | None = None
    samples: Sequence[Path] = ()

    def __call__(self, photo: Photo) -> Photo:
        """Return the restored photo; write the requested extra files, print the remarks.

        Raises:
            UsageError: the map or the samples are not available for this photo or restorer.
        """
        from unveil.images.arrays import to_array, to_photo
        from unveil.restoration import pipeline
        from unveil.restoration.realism import LABEL
        from unveil.restoration.steps import used

        check_memory(photo.count, "restore")
        images, request = to_array(photo), self.request
        done = pipeline.restore(images, photo.storage, request, self.load)
        console.remark(done.remarks)
        finding = done.finding.as_row() if done.finding else None
        console.add(**used(finding, done.restorer, done.refiners))
        if done.restorer is None:
            return photo
        if done.label is not None:
            console.add(realism=request.realism, label=done.label)
        if self.uncertainty is not None:
            write_photo(to_photo(pipeline.uncertainty_map(done.error)), self.uncertainty)
            console.note(f"expected error -> {self.uncertainty}")
            console.add(uncertainty=str(self.uncertainty))
        for seed, path in enumerate(self.samples, 1):
            drawn = pipeline.draw(images, done, request, seed)
            write_photo(to_photo(drawn, replace(photo, label=LABEL)), path)
            console.note(f"sample -> {path}: {LABEL}")
        if self.samples:
            console.add(samples=[str(path) for path in self.samples])
        return to_photo(done.images, replace(photo, label=done.label))


def check_engine(engine: Engine, model: str | None, device: Device, precision: Precision) -> None:
    """Reject what an engine does not support, before heavy imports.

    Raises:
        UsageError: a closed form on a stated engine, or a device or precision that it has not.
        UnveilError: the extra ``torch`` is not installed.
    """
    from unveil.linear import CLOSED_FORMS

    if model in CLOSED_FORMS and engine != "auto":
        raise UsageError(f"{model} is linear algebra in numpy; --engine is for networks.")
    needs_torch = device not in ("auto", "cpu") or precision == "bf16"
    if engine == "onnx" and needs_torch:
        raise UsageError("--engine onnx is for the CPU and fp32; leave --device, --precision out.")
    if engine == "torch" or needs_torch:
        require("torch")
