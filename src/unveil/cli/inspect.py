"""`unveil inspect`: estimates the degradation of photos and videos."""

from pathlib import Path

from unveil import console
from unveil.cli import at_least, photo_jobs
from unveil.cli.folders import is_picture, tell_left_out
from unveil.cli.inputs import Box, Inputs
from unveil.extras import require
from unveil.images.box import parse_box
from unveil.images.photos import MAX_PIXELS
from unveil.video.stream.opening import is_video


def inspect(
    inputs: Inputs,
    /,
    box: Box = None,
    picture: Path | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> int:
    """Find what obfuscated photos or videos, how strongly and where, and how the file stores them.

    Args:
        inputs: photos, videos, or folders of these; - is a photo from standard input.
        box: X,Y,W,H, the part to inspect (default: all of it; hidden parts are located).
        picture: file for one photo with each hidden part outlined, in 8 bits on white.
        overwrite: replace the --picture if it exists.
        dry_run: say which --picture would be written, and do nothing.
        max_pixels: refuse larger photos and frames.
    """
    at_least(1, max_pixels=max_pixels)
    place = parse_box(box) if box else None
    sources = photo_jobs.sources(inputs, is_picture)
    tell_left_out(inputs)
    if picture is not None:
        photo_jobs.check_picture(sources, picture, overwrite=overwrite)
    if dry_run:
        return photo_jobs.preview_picture(picture)
    from unveil.estimation.drawing import draw_finding
    from unveil.estimation.inspection import inspect as inspect_images
    from unveil.images.arrays import to_array
    from unveil.images.memory import check_memory
    from unveil.images.photos import read_photo, write_photo
    from unveil.linear.prior import read_prior
    from unveil.restoration.steps import Request

    def look(path: Path) -> None:
        if is_video(path):
            require("video")
            from unveil.video.restoring import find_in_clip
            from unveil.video.stream.info import describe

            info = describe(path, max_pixels)
            if place is not None:
                place.check_inside(info.width, info.height)
            clip, _ = find_in_clip(info, Request(box=place))
            console.result({"video": str(path), **clip.as_row()}, f"{path}: {clip}")
            return
        photo = read_photo(path, max_pixels)
        check_memory(photo.count, "inspect")
        finding = inspect_images(to_array(photo), photo.storage, read_prior(), place)
        if picture is not None:
            photo_jobs.make_folder(picture.parent)
            write_photo(draw_finding(photo, finding), picture)
        console.result({"photo": str(path), **finding.as_row()}, f"{path}: {finding}")

    return int(photo_jobs.each(sources, look) > 0)
