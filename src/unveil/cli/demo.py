"""The demo: one real photo, both obfuscations, before and after, in numbers and a picture."""

from pathlib import Path

import numpy as np
from torch import Tensor

from unveil import console
from unveil.degradation import Degradation, GaussianBlur, Linear, Pixelate
from unveil.degradation.degrade import degrade
from unveil.errors import UnveilError
from unveil.extras import require
from unveil.files import temporary_beside
from unveil.images.photos import Photo
from unveil.images.tensors import to_photo, to_tensor
from unveil.metrics.quality import METRICS
from unveil.report import tables
from unveil.report.rows import Row
from unveil.report.strips import Captioned, draw_strip
from unveil.restoration.choice import model_for
from unveil.restoration.restorers import load

OPERATORS: tuple[Linear, ...] = (GaussianBlur(9, 4.0), Pixelate(8))
"""The study's."""

FACE = (slice(0, 224), slice(112, 336))
"""Rows and columns of the astronaut's face, drawn in the strip; scores are of the whole photo."""


def run_demo(output: Path) -> None:
    """Print the table and write ``strip.png`` below ``output``; print its path.

    Raises:
        UnveilError: the extra ``demo`` is not installed, or the folder cannot be written.
    """
    clean = to_tensor(_astronaut())
    rows: list[Row] = []
    strips: list[list[Captioned]] = []
    for operator in OPERATORS:
        degradation = Degradation(operator)
        obfuscated = degrade(clean, degradation)
        name = model_for(degradation)
        restored = load(name).restore(obfuscated, degradation)
        for stage, images in (("before", obfuscated), ("after", restored)):
            scores = {name: float(metric(images, clean)) for name, metric in METRICS.items()}
            rows.append({"operator": str(operator), "photo": f"{stage} {name}", **scores})
        stages = {"clean": clean, str(operator): obfuscated, name: restored}
        strips.append([_captioned(*stage) for stage in stages.items()])
    console.results(rows, tables.markdown(rows))
    console.written(_write_strip(strips, output / "strip.png"))


def _write_strip(strips: list[list[Captioned]], path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(path) as partial:
            partial.write_bytes(draw_strip(strips))
    except OSError as error:
        raise UnveilError(f"{path}: cannot be written ({error.strerror}).") from None
    return path


def _captioned(text: str, images: Tensor) -> Captioned:
    return to_photo(images[..., *FACE]).rgb, (text,)


def _astronaut() -> Photo:
    require("demo")
    from skimage import data

    return Photo(np.ascontiguousarray(data.astronaut()))  # type: ignore[no-untyped-call]
