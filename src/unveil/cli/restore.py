"""`unveil restore`: undo the blur or the mosaic of photos or videos."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from unveil import console
from unveil.cli import are_videos, photo_jobs, refuse
from unveil.cli.inputs import Inputs
from unveil.cli.video_jobs import Written, plan_jobs, process_all
from unveil.config import TILE_PX, Device, Engine, Output, Precision
from unveil.degradation import Degradation
from unveil.degradation.presets import parse_call
from unveil.errors import UsageError
from unveil.extras import require
from unveil.images.box import parse_box
from unveil.images.photos import MAX_PIXELS, Photo, write_photo

if TYPE_CHECKING:
    from unveil.restoration.pipeline import Load, Request

AUTO = "auto"


def restore(
    inputs: Inputs,
    /,
    output: Output,
    model: str | None = None,
    operator: str = AUTO,
    box: str | None = None,
    consistent: bool = False,
    uncertainty: Path | None = None,
    samples: int = 0,
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
    engine: Engine = "torch",
) -> int:
    """Undo the blur or the mosaic of photos or videos.

    Args:
        inputs: photos, folders of photos, or videos; - is a photo from standard input.
        output: file for one input, folder for several; - is standard output, for one photo.
        model: shipped name (see `unveil models`), checkpoint folder, or a closed form: lmmse,
            tikhonov, richardson-lucy, bicubic, lanczos (default: the best shipped weights).
        operator: operator that obfuscated the photos, or auto to estimate it.
        box: X,Y,W,H, the part that is obfuscated (default: estimated).
        consistent: make the result consistent with the input: obfuscated again, it gives the input.
        uncertainty: file for a map of the expected error, white where the result is a guess.
        samples: number of other restorations to write beside the output, each consistent with the
            mosaic.
        force: use weights outside the range they were trained for.
        prior: file from `unveil fit` on photos like these, for the closed forms and for the
            estimation of the operator (default: faces).
        codec: for videos: h264, hevc, vp9, av1 or ffv1 (default: depends on the container).
        quality: for videos: rate factor of the codec; lower is better (default: visually close).
        together: for videos: number of frames to restore jointly, 2 to 16; slower, and better if
            something moves under a fixed blur or mosaic (default: each frame by itself).
        overwrite: replace existing files.
        dry_run: read the inputs and print what would be written, but write nothing.
        max_pixels: refuse larger photos.
        tile_px: side of the tiles in which a large photo is restored.
        device: device to compute on.
        precision: floating-point format of the network.
        engine: torch, or onnx (ONNX Runtime, on the CPU in fp32; its model is cached).
    """
    from unveil.restoration.choice import check_choice

    wanted = None if operator == AUTO else Degradation(parse_call(operator)).linear
    place = parse_box(box) if box else None
    check_engine(engine, model, device, precision)
    has_videos = are_videos(inputs, codec=codec, quality=quality, together=together)
    if has_videos:
        refuse("photos", uncertainty=uncertainty, samples=samples)
    written = Written(codec, quality, overwrite, max_pixels, dry_run)
    jobs = plan_jobs(inputs, output, written) if has_videos else photo_jobs.plan(inputs, output)
    check_choice(model, wanted, force=force)
    from unveil.restoration.pipeline import Request

    request = Request(wanted, place, model, consistent, force, has_videos, prior, tile_px)
    load = loader(engine, device, precision, prior)
    if has_videos:
        from unveil.video.restoring import Restoring

        steps = Restoring(request, load, 1 if together is None else together)
        return int(process_all(jobs, steps, written) > 0)
    drawn = [photo_jobs.beside(jobs[0].target, f"-sample{n + 1}") for n in range(samples)]
    extras = [*drawn, *filter(None, [uncertainty])]
    for extra in extras:
        photo_jobs.check_single(jobs, extra, overwrite=overwrite)
    if dry_run:
        places = [place] if place else []
        failed = photo_jobs.preview(
            jobs, places, extras, overwrite=overwrite, max_pixels=max_pixels
        )
        return int(failed > 0)
    if model:
        load(model)  # before the photos: weights that cannot be loaded fail once, not per photo
    process = PhotoRestoring(request, load, uncertainty, drawn)
    return int(photo_jobs.process(jobs, process, overwrite=overwrite, max_pixels=max_pixels) > 0)


def loader(engine: Engine, device: Device, precision: Precision, prior: Path | None) -> "Load":
    """Return a function that loads restorers by name on an engine, and caches them.

    Args:
        engine: what runs the convolutions of a network; ``onnx`` uses the CPU and float32.
        device: device to compute on.
        precision: floating-point format of a network.
        prior: file of the power spectrum for the closed forms (default: the shipped one).
    """
    from unveil.restoration.restorers import NetworkRestorer, Restorer, load

    def load_one(name: str) -> Restorer:
        if engine == "torch":
            return load(name, device, precision, prior)
        from unveil.onnx.engine import with_onnx

        restorer = load(name, "cpu", "fp32", prior)
        return with_onnx(restorer) if isinstance(restorer, NetworkRestorer) else restorer

    return cache(load_one)


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
        from unveil.images.tensors import to_photo, to_tensor
        from unveil.networks.card import SAMPLER
        from unveil.restoration import pipeline

        images, request = to_tensor(photo), self.request
        done = pipeline.restore(images, photo.storage, request, self.load)
        console.remark(done.remarks)
        finding = done.finding.as_row() if done.finding else None
        console.add(**pipeline.used(finding, done.restorer))
        if done.restorer is None:
            return photo
        if self.uncertainty is not None:
            write_photo(to_photo(pipeline.uncertainty_map(done.error)), self.uncertainty)
        for seed, path in enumerate(self.samples):
            sampler = self.load(SAMPLER)
            drawn = pipeline.draw(images, done.finding, sampler, seed, request.tile_px)
            write_photo(to_photo(drawn, photo), path)
        return to_photo(done.images, photo)


def check_engine(engine: Engine, model: str | None, device: Device, precision: Precision) -> None:
    """Reject what an engine does not support, before heavy imports.

    Raises:
        UsageError: a closed form, a device or a precision that the engine does not support.
        UnveilError: the extra ``onnx`` is not installed.
    """
    if engine == "torch":
        return
    from unveil.linear import CLOSED_FORMS

    if model in CLOSED_FORMS:
        raise UsageError(f"{model} is a closed form in torch; --engine onnx is for networks.")
    if device not in ("auto", "cpu") or precision == "bf16":
        raise UsageError("--engine onnx is for the CPU and fp32; omit --device and --precision.")
    require("onnx")
