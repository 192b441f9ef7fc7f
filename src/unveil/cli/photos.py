"""Commands on photos: obfuscate, restore, inspect, demo."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from unveil import console
from unveil.cli import videos
from unveil.cli.parts import Boxes, Inputs, Output, check_engine
from unveil.cli.video_jobs import Written, plan_jobs, process_all
from unveil.config import TILE_PX, Device, Engine, Precision
from unveil.degradation import Degradation, Operator, Storage, parse_storage
from unveil.degradation.presets import parse_call
from unveil.errors import UsageError
from unveil.extras import require
from unveil.files import check_folder
from unveil.images.box import Box, parse_box
from unveil.images.photos import MAX_PIXELS, Photo

AUTO = "auto"


def obfuscate(
    inputs: Inputs,
    /,
    output: Output,
    operator: str | None = None,
    storage: str | None = None,
    safe: bool = False,
    risk: float = 0.02,
    boxes: Boxes = (),
    codec: str | None = None,
    quality: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    max_pixels: int = MAX_PIXELS,
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
            below --risk; attack the result and say how it went. In videos: under a solid box, from
            a second before it is first seen to a second after.
        risk: greatest share of faces that a machine may name, of 1,000 people.
        boxes: where a face is, again for more faces (default: they are found).
        codec: of a video: h264, hevc, vp9, av1 or ffv1 (default: what suits the kind of file).
        quality: of a video, the codec's rate factor: lower is better (default: hardly seen).
        overwrite: replace files that exist.
        dry_run: read all and say what would be written, but write nothing.
        max_pixels: refuse larger photos.
    """
    from unveil.cli import photo_jobs

    are_videos = videos.are_videos(inputs, codec=codec, quality=quality)
    if not safe and (operator is None or boxes):
        raise UsageError("--operator SPEC says how to obfuscate; --box goes with --safe.")
    places = [parse_box(box) for box in boxes]
    if are_videos:
        videos.refuse(storage=storage)
        written = Written(codec, quality, overwrite, max_pixels, dry_run)
        return _obfuscate_videos(inputs, output, operator, places if safe else None, written)
    if safe and storage:
        raise UsageError("--storage does not go with --safe, which attacks what it writes.")
    kept = parse_storage(storage) if storage else None
    jobs = photo_jobs.plan(inputs, output)
    if safe:
        require("audit")
        if not 0 < risk < 1:
            raise UsageError(f"--risk {risk:g} must be between 0 and 1.")
        from unveil.cli.hiding import Hider

        process: Callable[[Photo], Photo] = Hider(places, operator or "pixelate", risk)
    else:
        process = partial(_obfuscate, parse_call(operator or ""), kept)
    if dry_run:
        return int(photo_jobs.preview(jobs, places, overwrite=overwrite, max_pixels=max_pixels) > 0)
    return int(photo_jobs.process(jobs, process, overwrite=overwrite, max_pixels=max_pixels) > 0)


def _obfuscate_videos(
    inputs: Sequence[Path],
    output: Path,
    operator: str | None,
    faces: Sequence[Box] | None,
    written: Written,
) -> int:
    """Obfuscate videos, or only ``faces`` in them (empty: find them) where these are asked for."""
    if faces is not None:
        require("audit")
        from unveil.video.hiding_faces import Hiding, check_operator

        check_operator(operator)
        jobs = plan_jobs(inputs, output, written)
        return int(process_all(jobs, Hiding(faces, written.max_pixels), written) > 0)
    wanted, jobs = parse_call(operator or ""), plan_jobs(inputs, output, written)
    from unveil.video.obfuscating import Obfuscating

    return int(process_all(jobs, Obfuscating(wanted), written) > 0)


def _obfuscate(operator: Operator, storage: Storage | None, photo: Photo) -> Photo:
    from unveil.degradation import operators
    from unveil.degradation.degrade import store
    from unveil.images import tensors

    console.add(operator=str(operator), storage=storage and str(storage))
    obfuscated = operators.obfuscate(tensors.to_tensor(photo), operator)
    return tensors.to_photo(store(obfuscated, storage) if storage else obfuscated, photo)


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
        operator: what obfuscated the photos, or auto to find out.
        box: X,Y,W,H, the part that is obfuscated (default: found).
        consistent: make the answer agree with the input: obfuscated again, it gives it back.
        uncertainty: file for a map of the expected error, white where the answer is a guess.
        samples: write so many other answers beside the output, each agreeing with the mosaic.
        force: use weights beyond what they were trained on.
        prior: what `unveil fit` learnt from photos like these, for the closed forms and for
            finding the operator (default: faces).
        codec: of a video: h264, hevc, vp9, av1 or ffv1 (default: what suits the kind of file).
        quality: of a video, the codec's rate factor: lower is better (default: hardly seen).
        together: of a video: restore so many pictures at a time as one, 2 to 16; slower, and better
            where something moves under a blur or a mosaic that stands still (default: one by one).
        overwrite: replace files that exist.
        dry_run: read all and say what would be written, but write nothing.
        max_pixels: refuse larger photos.
        tile_px: side of the pieces that a large photo is restored in.
        device: where to compute.
        precision: arithmetic of the network.
        engine: torch, or onnx (ONNX Runtime, on the CPU in fp32; its file is kept in the cache).
    """
    from unveil.cli import photo_jobs
    from unveil.restoration.choice import check_choice

    wanted = None if operator == AUTO else Degradation(parse_call(operator)).linear
    place = parse_box(box) if box else None
    check_engine(engine, model, device, precision)
    are_videos = videos.are_videos(inputs, codec=codec, quality=quality, together=together)
    if are_videos:
        videos.refuse(uncertainty=uncertainty, samples=samples)
    written = Written(codec, quality, overwrite, max_pixels, dry_run)
    jobs = plan_jobs(inputs, output, written) if are_videos else photo_jobs.plan(inputs, output)
    check_choice(model, wanted, force=force)
    from unveil.cli.restoring import PhotoRestoring, loader
    from unveil.restoration.pipeline import Request

    request = Request(wanted, place, model, consistent, force, are_videos, prior, tile_px)
    load = loader(engine, device, precision, prior)
    if are_videos:
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
        load(model)  # weights that cannot be loaded are no photo's fault
    process = PhotoRestoring(request, load, uncertainty, drawn)
    return int(photo_jobs.process(jobs, process, overwrite=overwrite, max_pixels=max_pixels) > 0)


def inspect(
    inputs: Inputs,
    /,
    box: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> int:
    """Say what hides photos: blur or mosaic, how strong, where, and how the file was kept.

    Args:
        inputs: photos, or folders of photos; - is standard input.
        box: X,Y,W,H, the part to look at (default: the whole photo; a mosaic in it is found).
        max_pixels: refuse larger photos.
    """
    from unveil.cli import photo_jobs

    place = parse_box(box) if box else None
    sources = photo_jobs.sources(inputs)
    from unveil.estimation.finding import inspect as inspect_images
    from unveil.images.photos import read_photo
    from unveil.images.tensors import to_tensor
    from unveil.networks.shipped import read_prior

    def look(path: Path) -> None:
        photo = read_photo(path, max_pixels)
        finding = inspect_images(to_tensor(photo), photo.storage, read_prior(), place)
        console.result({"photo": str(path), **finding.as_row()}, f"{path}: {finding}")

    return int(photo_jobs.each(sources, look) > 0)


def demo(output: Output = Path("runs/demo"), dry_run: bool = False) -> None:
    """Obfuscate a photo that scikit-image ships, restore it, score it and draw it.

    Args:
        output: folder for the picture strip.
        dry_run: say what would be written, and write nothing.
    """
    check_folder(output)
    if dry_run:
        console.would_write(output / "strip.png")
        return
    from unveil.cli.demo import run_demo

    run_demo(output)
