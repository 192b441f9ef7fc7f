"""`unveil obfuscate`: blur or pixelate photos and videos, or hide the faces in them safely."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from unveil import console
from unveil.auditing.covers import Shape, Style
from unveil.cli import are_videos, at_least, photo_jobs, refuse
from unveil.cli.folders import tell_left_out, with_photos, with_videos
from unveil.cli.inputs import Boxes, BoxesFile, Inputs, Spared
from unveil.cli.video_jobs import Written, plan_jobs, process_all
from unveil.config import Output
from unveil.degradation import Operator, Storage, parse_storage
from unveil.degradation.presets import parse_call
from unveil.degradation.randomness import KNOWN_SEED, is_secret
from unveil.errors import UsageError
from unveil.extras import require
from unveil.images.box import Box, parse_box
from unveil.images.photos import MAX_PIXELS, Photo

if TYPE_CHECKING:
    from unveil.cli.hiding import Hider

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
    """
    has_videos = are_videos(inputs, codec=codec, quality=quality)
    at_least(1, max_pixels=max_pixels)
    shown = None if shape == "box" else shape
    if safe:
        _check_safe(operator, style, risk)
    else:
        flags = {"box": boxes, "risk": risk, "spare": spared, "boxes": boxes_file, "shape": shown}
        _check_unsafe(operator, style=style, **flags)
    written = Written(codec, quality, overwrite, max_pixels, dry_run, hides_people=safe)
    places = [parse_box(box) for box in boxes]
    if has_videos:
        refuse("photos", storage=storage, risk=risk, shape=shown, boxes=boxes_file)
        refuse("photos", spare=spared or None, style=None if style == "solid" else style)
        return _obfuscate_videos(inputs, output, operator, places if safe else None, written)
    if safe and storage:
        raise UsageError("--storage does not go with --safe, which attacks what it writes.")
    kept = parse_storage(storage) if storage else None
    photos, films = with_photos(inputs, output), with_videos(inputs, output)
    jobs = photo_jobs.plan(photos, output) if photos or not films else []
    left_out = tell_left_out(inputs, output=output, is_grave=safe)
    asked = risk, shape, style, len(jobs)
    hider = _hider(places, spared, boxes_file, operator, *asked) if safe else None
    process = hider or partial(_obfuscate, _told(operator or ""), kept)
    failed = _obfuscate_photos(jobs, process, places, written)
    if hider and not dry_run:
        hider.note_boxes()
    if films:
        # However strongly faces are hidden in photos: in videos nothing but a solid box is safe.
        way = (None, places, written) if safe else (operator, None, written)
        failed |= _obfuscate_videos(films, output, *way)
    return int(failed or (safe and left_out > 0))


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


def _hider(
    places: Sequence[Box], spared: Sequence[str], boxes_file: Path | None, operator: str | None,
    risk: float | None, shape: Shape, style: Style | None, count: int,
) -> "Hider":  # fmt: skip
    """Return what hides the faces of so many photos."""
    require("audit")
    from unveil.auditing.safe import How
    from unveil.auditing.verdict import SAFE_RISK
    from unveil.cli.hiding import Hider
    from unveil.faces.places import Wanted, open_boxes

    file = None if boxes_file is None else open_boxes(boxes_file)
    operator = _for_all(operator, style, count)
    how = How(operator or "pixelate", risk or SAFE_RISK, shape, style)
    return Hider(Wanted(places, [parse_box(box) for box in spared], file), how)


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
    """Return the operator of a text; warn if what it draws can be drawn again."""
    operator = parse_call(text)
    if not is_secret(operator):
        console.warn(f"{operator} can be undone: {KNOWN_SEED}")
    return operator


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
        failed = process_all(jobs, hiding := Hiding(faces), written) > 0
        return 1 if failed else UNSURE if hiding.unsure else 0
    wanted, jobs = _told(operator or ""), plan_jobs(inputs, output, written)
    from unveil.video.obfuscating import Obfuscating

    return int(process_all(jobs, Obfuscating(wanted), written) > 0)


def _obfuscate(operator: Operator, storage: Storage | None, photo: Photo) -> Photo:
    from unveil.degradation import operators
    from unveil.degradation.degrade import store
    from unveil.images import arrays

    console.add(operator=str(operator), storage=storage and str(storage))
    obfuscated = operators.obfuscate(arrays.to_array(photo), operator)
    return arrays.to_photo(store(obfuscated, storage) if storage else obfuscated, photo)
