"""How long the page takes: its first load, and its answers to photos of 1 and 12 megapixels.

    python benchmarks/page_speed.py        (run nothing else meanwhile)

A real browser asks the real server, both on this machine; the times are a visitor's waiting times,
upload and drawing included. The small photo is scikit-image's portrait, scaled to 1000 x 1000; the
large one holds scikit-image's photos side by side, as they are. Every time is that of a new
visitor with a photo of their own, which differs in a pixel: the first, then the median of the
others. Appends a row for each question to
``results/page.jsonl``.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import starlette
import tyro
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from skimage import data

from timing import machine, print_machine
from unveil.report import tables
from unveil.report.rows import append_row

PORT = 7863
ADDRESS = f"http://127.0.0.1:{PORT}"
SIDE_PX = 1000
TILE_PX, TILES_DOWN, TILES_ACROSS = 512, 6, 8

SCENE: dict[str, object] = {
    "split": "astronaut",
    "images": 1,
    "storage": "8bit",
    **dict.fromkeys(("model", "operator"), ""),
    **dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")),
}
"""Keys that every row has, though nothing is scored here."""


def main(repeats: int = 3, append: Path = Path("results/page.jsonl")) -> None:
    """Append a row for each question and print them, the machine and the versions.

    Args:
        repeats: visitors of each kind, after the first.
        append: file of rows.
    """
    known = machine(starlette=starlette.__version__)
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        photos = prepare(Path(folder))
        words = [sys.executable, "-m", "unveil", "serve", "--port", str(PORT)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            try:
                next(iter(server.stdout or ()))  # it says its address when it is ready
                chromium = shutil.which("chromium")
                browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for (question, megapixels), ask in questions(photos).items():
                    times = [seconds(browser, ask) for _ in range(repeats + 1)]
                    row: dict[str, object] = {
                        "question": question,
                        "megapixels": megapixels,
                        "first_seconds": round(times[0], 2),
                        "seconds": round(median(times[1:]), 2),
                        "repeats": repeats,
                    }
                    append_row(append, row | SCENE | known)
                    rows.append(row)
                browser.close()
            finally:
                server.terminate()
    print(tables.markdown(rows))
    print_machine(known)


def prepare(folder: Path) -> dict[str, Path]:
    """Write the photos that are asked about."""
    portrait = data.astronaut()  # type: ignore[no-untyped-call]
    photos = {name: folder / f"{name}.png" for name in ("part", "large-part")}
    photos |= {name: folder / f"{name}.jpg" for name in ("clean", "large")}
    small = Image.fromarray(portrait).resize((SIDE_PX, SIDE_PX))
    small.save(photos["clean"], quality=95)
    large = Image.fromarray(side_by_side(portrait))
    large.save(photos["large"], quality=90)
    for picture, name, place in (
        (small, "part", (300, 80, 604, 400)),
        (large, "large-part", (150, 40, 310, 200)),
    ):
        part = picture.crop(place)
        side = (part.width // 8, part.height // 8)
        mosaic = part.resize(side, Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
        picture.paste(mosaic, place[:2])
        picture.save(photos[name], compress_level=1)
    return photos


def side_by_side(portrait: np.ndarray) -> np.ndarray:
    """Return a photo of 12 megapixels made of small ones, each as it is."""
    names = ("coffee", "rocket")
    others = [getattr(data, name)()[: TILE_PX - 112, :TILE_PX] for name in names]
    others = [np.pad(one, ((0, 112), (0, 0), (0, 0)), mode="reflect") for one in others]
    tiles = [portrait, *others]
    rows = [
        np.concatenate([tiles[(down + across) % 3] for across in range(TILES_ACROSS)], axis=1)
        for down in range(TILES_DOWN)
    ]
    joined: np.ndarray = np.concatenate(rows)
    return joined


Question = Callable[[Page], float]
"""Asks on a new page; returns the time at which waiting starts."""


def questions(photos: dict[str, Path]) -> dict[tuple[str, str], Question]:
    """Return what is timed, by its name and the size of the photo."""
    asked: dict[tuple[str, str], Question] = {("first load", ""): load}
    for size, clean, part in (("1", "clean", "part"), ("12", "large", "large-part")):
        asked["check", size] = partial(choose, photo=photos[clean])
        asked["hide, and check again", size] = partial(
            press, photo=photos[clean], job="hide", there="#download"
        )
        asked["restore a part", size] = partial(
            press, photo=photos[part], job="restore", there="button:text('Download PNG')"
        )
    return asked


def seconds(browser: Browser, ask: Question) -> float:
    """Return how long a new visitor waits."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    try:
        started = ask(context.new_page())
        return time.perf_counter() - started
    finally:
        context.close()


def load(page: Page) -> float:
    """Open the page, nothing cached; it is there when a photo can be chosen."""
    started = time.perf_counter()
    page.goto(ADDRESS)
    page.wait_for_selector("#job p")
    return started


def another(photo: Path) -> Path:
    """Write the photo with one other pixel: the server remembers what it saw in a picture."""
    number = len(list(photo.parent.iterdir()))
    path = photo.with_stem(f"{photo.stem}-{number}")
    picture = Image.open(photo)
    picture.putpixel((number, 0), (0, 0, 0))
    if path.suffix == ".png":
        picture.save(path, compress_level=1)
    else:
        picture.save(path, quality=95)
    return path


def choose(page: Page, photo: Path) -> float:
    """Choose a photo that nobody chose before, and wait until it is checked."""
    photo = another(photo)
    load(page)
    started = time.perf_counter()
    page.set_input_files("#files", photo)
    page.wait_for_selector("#job [role=status]")
    return started


def press(page: Page, photo: Path, job: str, there: str) -> float:
    """Choose a photo and a job, and wait for its answer."""
    choose(page, photo)
    started = time.perf_counter()
    page.click(f"#tab-{job}")
    page.wait_for_selector(f"#job {there}")
    return started


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
