"""`unveil obfuscate`: blur or pixelate photos and videos, or hide the faces in them safely."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from unveil import console
from unveil.cli import are_videos, photo_jobs, refuse
from unveil.cli.inputs import Boxes, Inputs
from unveil.cli.video_jobs import Written, plan_jobs, process_all
from unveil.config import Output
from unveil.degradation import Operator, Storage, parse_storage
from unveil.degradation.presets import parse_call
from unveil.errors import UsageError
from unveil.extras import require
from unveil.images.box import Box, parse_box
from unveil.images.photos import MAX_PIXELS, Photo


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
        storage: compression applied to the result before it is written: 8bit, jpeg:75 or
            h264:crf=28 (default: only that of the output file).
        safe: hide each face with the mildest setting for which the risk of identification is at
            most --risk; attack the result and report the outcome. In videos: a solid box, from one
            second before the face is first detected to one second after the last detection.
        risk: largest share of faces that a machine may identify, among 1,000 people.
        boxes: box of a face; repeat for more faces (default: detected).
        codec: for videos: h264, hevc, vp9, av1 or ffv1 (default: depends on the container).
        quality: for videos: rate factor of the codec; lower is better (default: visually close).
        overwrite: replace existing files.
        dry_run: read the inputs and print what would be written, but write nothing.
        max_pixels: refuse larger photos.
    """
    has_videos = are_videos(inputs, codec=codec, quality=quality)
    if not safe and (operator is None or boxes):
        raise UsageError("--operator SPEC says how to obfuscate; --box goes with --safe.")
    places = [parse_box(box) for box in boxes]
    if has_videos:
        refuse("photos", storage=storage)
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
    """Obfuscate videos; or, unless ``faces`` is None, hide these (if empty, the detected ones)."""
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
