"""`unveil demo`: one photo with both obfuscations of the paper, before and after restoration."""

from pathlib import Path
from typing import TYPE_CHECKING

from unveil import console
from unveil.arrays import Array
from unveil.config import Output
from unveil.degradation import Degradation, GaussianBlur, Linear, Pixelate
from unveil.errors import UnveilError
from unveil.files import check_folder, temporary_beside

if TYPE_CHECKING:
    from unveil.report.rows import Row
    from unveil.report.strips import Captioned

OPERATORS: tuple[Linear, ...] = (GaussianBlur(9, 4.0), Pixelate(8))
"""The operators of the paper."""

PHOTO = Path(__file__).with_name("astronaut.png")
"""A part of NASA's portrait of Eileen Collins, in the public domain, as scikit-image ships it."""


def demo(output: Output = Path("runs/demo"), dry_run: bool = False) -> None:
    """Obfuscate a photo, restore it, score it and draw it.

    Args:
        output: folder for the image strip.
        dry_run: print what would be written, and write nothing.
    """
    check_folder(output)
    if dry_run:
        console.would_write(output / "strip.png")
        return
    run_demo(output)


def run_demo(output: Path) -> None:
    """Print the table and write ``strip.png`` below ``output``; print its path.

    Raises:
        UnveilError: the folder cannot be written.
    """
    from unveil.degradation.degrade import degrade
    from unveil.images.arrays import to_array
    from unveil.images.photos import read_photo
    from unveil.metrics.quality import METRICS
    from unveil.report import tables
    from unveil.restoration.choice import model_for
    from unveil.restoration.restorers import load

    clean = to_array(read_photo(PHOTO))
    rows: list[Row] = []
    strips: list[list[Captioned]] = []
    for operator in OPERATORS:
        degradation = Degradation(operator)
        obfuscated = degrade(clean, degradation)
        name = model_for(degradation)
        restored = load(name).restore(obfuscated, degradation)
        for stage, images in (("before", obfuscated), ("after", restored)):
            scores = {name: float(metric(images, clean).mean()) for name, metric in METRICS.items()}
            rows.append({"operator": str(operator), "photo": f"{stage} {name}", **scores})
        stages = {"clean": clean, str(operator): obfuscated, name: restored}
        strips.append([_captioned(*stage) for stage in stages.items()])
    console.results(rows, tables.markdown(rows))
    console.written(_write_strip(strips, output / "strip.png"))


def _write_strip(strips: "list[list[Captioned]]", path: Path) -> Path:
    from unveil.report.strips import draw_strip

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(path) as partial:
            partial.write_bytes(draw_strip(strips))
    except OSError as error:
        raise UnveilError(f"{path}: cannot be written ({error.strerror}).") from None
    return path


def _captioned(text: str, images: Array) -> "Captioned":
    from unveil.images.arrays import to_photo

    return to_photo(images).rgb, (text,)
