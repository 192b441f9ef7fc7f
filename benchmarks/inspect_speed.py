"""Seconds that `unveil.inspect` takes for a small photo and for one of 12 megapixels.

    python benchmarks/inspect_speed.py --append results/inspect.jsonl

Run nothing else meanwhile. The photo is scikit-image's portrait, scaled, with noise as a camera has
it, clean or with a blurred face; the file is read each time. Importing is not timed.
"""

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import tyro
from PIL import Image, ImageFilter
from skimage import data

import unveil
from timing import in_turn, machine, print_machine
from unveil.report import tables
from unveil.report.rows import Row, append_row

SIZES_PX = {"250x250": (250, 250), "12 megapixels": (4000, 3000)}
NOISE_LEVELS = 2.0
FACE = (0.35, 0.1, 0.55, 0.4)
"""Left, top, right and bottom of the face, as shares of the sides."""

BLUR_SHARE = 0.02
"""Sigma of the blur over the photo's width."""

QUALITY = 92


def main(rounds: int = 5, append: Path | None = None) -> None:
    """Print the medians, the machine and the versions.

    Args:
        rounds: timings of each photo.
        append: file that the rows are appended to.
    """
    known = machine()
    with tempfile.TemporaryDirectory() as folder:
        photos = prepare(Path(folder))
        works = {name: partial(unveil.inspect, path) for name, path in photos.items()}
        taken = in_turn(works, rounds)
    rows = [row(name, seconds) for name, seconds in taken.items()]
    for one in rows if append else ():
        append_row(append or Path(), one | known)
    print(tables.markdown([shown(one) for one in rows]))
    print_machine(known)


def prepare(folder: Path) -> Mapping[str, Path]:
    """Write the photos; return their files by name."""
    rng = np.random.default_rng(0)
    astronaut: np.ndarray = data.astronaut()  # type: ignore[no-untyped-call]
    portrait = Image.fromarray(astronaut)
    photos: dict[str, Path] = {}
    for size, sides in SIZES_PX.items():
        clean = np.asarray(portrait.resize(sides, Image.Resampling.BICUBIC), np.float32)
        noisy = clean + rng.normal(0, NOISE_LEVELS, clean.shape)
        image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        for what in ("clean", "a blurred face"):
            if what != "clean":
                blur_face(image)
            path = folder / f"{len(photos)}.jpg"
            image.save(path, quality=QUALITY)
            photos[f"{size}, {what}"] = path
    return photos


def blur_face(image: Image.Image) -> None:
    """Blur the place of the face, in place."""
    left, top, right, bottom = (share * image.size[n % 2] for n, share in enumerate(FACE))
    box = round(left), round(top), round(right), round(bottom)
    blur = ImageFilter.GaussianBlur(BLUR_SHARE * image.width)
    image.paste(image.crop(box).filter(blur), box)


def row(name: str, seconds: list[float]) -> Row:
    """Return the row of a photo, without the machine; nothing in it is restored."""
    size, what = name.split(", ")
    return {
        "model": "inspect",
        "operator": None,
        "storage": "jpeg",
        "split": "astronaut",
        **dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")),
        "images": len(seconds),
        "size": size,
        "hidden": what,
        "seconds": round(median(seconds), 2),
        "most_seconds": round(max(seconds), 2),
    }


def shown(one: Row) -> Row:
    """Return the row's columns that are printed."""
    return {name: one[name] for name in ("size", "hidden", "seconds", "most_seconds", "images")}


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
