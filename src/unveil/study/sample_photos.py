"""Drawn photos, so that the smoke size and the tests need no data set."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from unveil.files import temporary_beside

PEOPLE = "ABCDEFGHIJKL"
SEED = 20220615


def draw_photos(folder: Path, side_px: int = 128) -> Path:
    """Draw 24 photos in the layout of LFW, 12 people with 2 each; keep files that exist.

    The pictures are a function of ``side_px`` alone.
    """
    rng = np.random.default_rng(SEED)
    for person in (f"Person_{letter}" for letter in PEOPLE):
        (folder / person).mkdir(parents=True, exist_ok=True)
        for number in (1, 2):
            path = folder / person / f"{person}_{number:04d}.jpg"
            face = draw_face(rng, side_px)
            if not path.exists():
                with temporary_beside(path) as partial:
                    face.save(partial, quality=95)
    return folder


def draw_face(rng: np.random.Generator, side_px: int = 128) -> Image.Image:
    """Draw ellipses in the layout of a face on a smooth, colourful background."""
    coarse = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((side_px, side_px), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    skin, dark, lips = rng.integers((150, 20, 120), (240, 90, 220), (3, 3))
    left, top = rng.integers(side_px // 6, side_px // 4, 2).tolist()
    width, height = side_px - 2 * left, side_px - 2 * top

    def ellipse(x: float, y: float, wide: float, high: float, colour: np.ndarray) -> None:
        middle_x, middle_y = left + x * width, top + y * height
        reach_x, reach_y = wide * width / 2, high * height / 2
        box = (middle_x - reach_x, middle_y - reach_y, middle_x + reach_x, middle_y + reach_y)
        draw.ellipse(box, fill=tuple(colour.tolist()))

    ellipse(0.5, 0.5, 1, 1, skin)
    ellipse(0.3, 0.4, 0.15, 0.1, dark)
    ellipse(0.7, 0.4, 0.15, 0.1, dark)
    ellipse(0.5, 0.75, 0.35, 0.1, lips)
    return image.filter(ImageFilter.GaussianBlur(1.5))
