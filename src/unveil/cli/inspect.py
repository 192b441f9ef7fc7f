"""`unveil inspect`: what obfuscated photos, how strongly, where, and how they were kept."""

from pathlib import Path

from unveil import console
from unveil.cli import photo_jobs
from unveil.cli.inputs import Inputs
from unveil.images.box import parse_box
from unveil.images.photos import MAX_PIXELS


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
