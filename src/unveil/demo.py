"""The demo: one real photo, both obfuscations, before and after, in numbers and a picture."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from unveil import tables
from unveil.errors import UnveilError
from unveil.files import temporary_beside
from unveil.images import to_photo, to_tensor
from unveil.metrics import METRICS
from unveil.operators import obfuscate
from unveil.photos import Photo
from unveil.restore import load
from unveil.results import Row
from unveil.shipped import list_shipped
from unveil.specs import Storage, parse_operator
from unveil.storage import store

FACE = (slice(0, 224), slice(112, 336))
"""Rows and columns of the astronaut's face, drawn in the strip; scores are of the whole photo."""

CAPTION_PX = 20


def run_demo(output: Path) -> None:
    """Print the table and write ``strip.png`` below ``output``; print its path.

    Raises:
        UnveilError: scikit-image is not installed, or the folder cannot be written.
    """
    clean = to_tensor(_astronaut())
    rows: list[Row] = []
    strips: list[list[tuple[str, Tensor]]] = []
    for item in list_shipped():
        operator = parse_operator(item.card.operator)
        obfuscated = store(obfuscate(clean, operator), Storage("8bit"))
        restored = load(item.name).restore(obfuscated)
        for stage, images in (("before", obfuscated), ("after", restored)):
            scores = {name: float(metric(images, clean)) for name, metric in METRICS.items()}
            rows.append({"operator": str(operator), "": f"{stage} {item.name}", **scores})
        strips.append([("clean", clean), (str(operator), obfuscated), (item.name, restored)])
    print(tables.markdown(rows))
    print(write_strip(strips, output / "strip.png"))


def write_strip(strips: list[list[tuple[str, Tensor]]], path: Path) -> Path:
    """Draw rows of captioned faces to a PNG file and return its path."""
    rows = [np.hstack([_captioned(text, images) for text, images in strip]) for strip in strips]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(path) as partial:
            Image.fromarray(np.vstack(rows)).save(partial)
    except OSError as error:
        raise UnveilError(f"{path}: cannot be written ({error.strerror}).") from None
    return path


def _captioned(text: str, images: Tensor) -> np.ndarray:
    face = to_photo(images[..., *FACE]).rgb
    caption = Image.new("RGB", (face.shape[1], CAPTION_PX), "white")
    ImageDraw.Draw(caption).text((4, 4), text, fill="black")
    return np.vstack([np.asarray(caption), face])


def _astronaut() -> Photo:
    try:
        from skimage import data
    except ImportError:
        raise UnveilError("the demo needs scikit-image: pip install 'unveil[demo]'.") from None
    return Photo(np.ascontiguousarray(data.astronaut()))  # type: ignore[no-untyped-call]
