"""What pictures show: people of LFW's test split, scikit-image's pictures, drawn text and shapes.

Each half has its own people and pictures.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from unveil.training.people import by_person, shuffled
from wild.draws import Pixels, between, chance, one_of

Half = Literal["development", "held-out"]
HALVES: tuple[Half, Half] = ("development", "held-out")

PICTURES: dict[Half, tuple[str, ...]] = {
    "development": (
        *("astronaut.png", "chelsea.png", "camera.png", "coins.png", "motorcycle_left.png"),
        *("brick.png", "grass.png", "text.png", "ihc.png", "moon.png"),
    ),
    "held-out": (
        *("coffee.png", "rocket.jpg", "clock_motion.png", "cell.png", "retina.jpg"),
        *("gravel.png", "page.png", "hubble_deep_field.jpg", "color.png", "microaneurysms.png"),
    ),
}
"""Pictures inside scikit-image's package."""

TEXTURES: dict[Half, tuple[str, ...]] = {
    "development": ("brick.png", "grass.png"),
    "held-out": ("gravel.png", "hubble_deep_field.jpg"),
}
MAX_SIDE_PX = 640
"""Larger pictures are cut to this."""

MIN_SIDE_PX = 200

WORDS = (
    *("invoice", "address", "meeting", "account", "balance", "the", "of", "and", "for", "payment"),
    *("number", "street", "2026", "total", "confidential", "dear", "please", "message", "47,190"),
)


@dataclass(frozen=True)
class Subject:
    """A clean picture: its name, its pixels, and whether it is a portrait of LFW."""

    name: str
    pixels: Pixels
    is_portrait: bool = False


def people(folder: Path, half: Half) -> list[str]:
    """Return the photos of this half's people, relative to the folder of LFW: ``NAME/PHOTO``.

    Test people only: nothing of unveil was trained on them.
    """
    paths = [path.relative_to(folder).as_posix() for path in folder.glob("*/*.jpg")]
    grouped = by_person(paths)
    chosen = shuffled(grouped, 0)[0][HALVES.index(half) :: 2]
    return [photo for name in chosen for photo in grouped[name]]


def draw_subject(
    folder: Path, photos: Sequence[str], half: Half, rng: np.random.Generator
) -> Subject:
    """Draw what most pictures of a bench on faces show: mostly people."""
    match one_of(rng, {"person": 0.7, "picture": 0.2, "text": 0.1}):
        case "person":
            return portrait(folder, photos, rng)
        case "picture":
            return picture(str(rng.choice(PICTURES[half])), rng)
        case _:
            return text(rng)


def portrait(folder: Path, photos: Sequence[str], rng: np.random.Generator) -> Subject:
    """Draw a photo of LFW."""
    name = photos[int(rng.integers(len(photos)))]
    return Subject(name, _read(folder / name), is_portrait=True)


def picture(name: str, rng: np.random.Generator) -> Subject:
    """Return a picture of scikit-image, or a part of it where it is larger than ``MAX_SIDE_PX``."""
    import skimage.data

    pixels = _read(Path(skimage.data.__file__).parent / name)
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE_PX:
        factor = MIN_SIDE_PX / min(height, width)
        pixels = np.asarray(
            Image.fromarray(pixels).resize((round(width * factor), round(height * factor)))
        )
        height, width = pixels.shape[:2]
    top = int(rng.integers(max(height - MAX_SIDE_PX, 0) + 1))
    left = int(rng.integers(max(width - MAX_SIDE_PX, 0) + 1))
    return Subject(name, pixels[top : top + MAX_SIDE_PX, left : left + MAX_SIDE_PX].copy())


def _read(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def text(rng: np.random.Generator) -> Subject:
    """Draw a page or a screen of text."""
    width, height = (int(side) for side in rng.integers(240, 480, 2))
    paper, ink = ((250, 250, 250), (20, 20, 20)) if chance(rng, 0.7) else ((32, 34, 40), (220,) * 3)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    size = int(rng.integers(10, 22))
    font = ImageFont.load_default(size)
    draws = random.Random(int(rng.integers(2**32)))  # noqa: S311  # no secret
    for top in range(8, height - size, round(size * 1.4)):
        line = " ".join(draws.choices(WORDS, k=14))
        draw.text((10, top), line, font=font, fill=ink)
    return Subject("text", np.asarray(image))


def shapes(rng: np.random.Generator) -> Subject:
    """Draw a gradient with a few even shapes: a chart, a logo, a sky."""
    side = 250
    y, x = np.mgrid[:side, :side] / side
    slope = between(rng, -1, 1) * x + between(rng, -1, 1) * y
    colors = rng.uniform(40, 215, (2, 3))
    share = ((slope - slope.min()) / max(float(np.ptp(slope)), 1e-6))[..., None]
    pixels = np.rint(colors[0] + share * (colors[1] - colors[0])).astype(np.uint8)
    for _ in range(int(rng.integers(0, 7))):
        color = tuple(int(value) for value in rng.integers(0, 256, 3))
        first, second = (tuple(int(v) for v in point) for point in rng.integers(0, side, (2, 2)))
        if chance(rng, 0.5):
            cv2.rectangle(pixels, first, second, color, -1)
        else:
            cv2.circle(pixels, first, int(rng.integers(8, 60)), color, -1, cv2.LINE_AA)
    return Subject("shapes", pixels)
