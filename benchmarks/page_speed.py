"""How long the page takes: its first load, and its answers to a photo of a megapixel.

    python benchmarks/page_speed.py        (run nothing else meanwhile)

A real browser asks the real server, both on this machine; the times are a visitor's waiting times,
upload and drawing included. The photo is scikit-image's portrait, scaled to 1000 x 1000, obfuscated
for the tab Restore. Every time is that of a new visitor: the first, then the median of the others.
Appends a row for each question to ``results/page.jsonl``.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import gradio
import numpy as np
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
HIDDEN = {"": "", "blurred": "gaussian:kernel=25,sigma=4", "pixelated": "pixelate:block=8"}
"""Photos that are asked about, and the operator of each."""

SCENE: dict[str, object] = {
    "photo_px": SIDE_PX**2,
    "split": "astronaut",
    "images": 1,
    "storage": "8bit",
    **dict.fromkeys(("model", "operator"), ""),
    **dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")),
}
"""Keys that every row has, though nothing is scored here."""

BOX = "#box textarea, #box input"
FACE = "326,132,226,226"


def main(repeats: int = 5, append: Path = Path("results/page.jsonl")) -> None:
    """Append a row for each question and print them, the machine and the versions.

    Args:
        repeats: visitors of each kind, after the first.
        append: file of rows.
    """
    known = machine(gradio=gradio.__version__)
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        photos = prepare(Path(folder))
        words = [sys.executable, "-m", "unveil", "serve", "--port", str(PORT)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            try:
                next(iter(server.stdout or ()))  # it says its address when it is ready
                chromium = shutil.which("chromium")
                browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for question, ask in questions(photos).items():
                    times = [seconds(browser, ask) for _ in range(repeats + 1)]
                    row = {"question": question, "first_seconds": round(times[0], 2)}
                    row |= {"seconds": round(median(times[1:]), 2), "repeats": repeats}
                    append_row(append, row | SCENE | known)
                    rows.append(row)
                browser.close()
            finally:
                server.terminate()
    print(tables.markdown(rows))
    print_machine(known)


def prepare(folder: Path) -> dict[str, Path]:
    """Write the photos that are asked about."""
    portrait: np.ndarray = data.astronaut()  # type: ignore[no-untyped-call]
    clean = folder / "clean.jpg"
    Image.fromarray(portrait).resize((SIDE_PX, SIDE_PX)).save(clean, quality=95)
    photos = {"": clean}
    for name, operator in HIDDEN.items():
        if operator:
            photos[name] = folder / f"{name}.png"
            words = ("obfuscate", str(clean), "-o", str(photos[name]), "--operator", operator)
            subprocess.run([sys.executable, "-m", "unveil", *words], check=True)
    return photos


Question = Callable[[Page], float]
"""Asks on a new page; returns the time at which waiting starts."""


def questions(photos: dict[str, Path]) -> dict[str, Question]:
    """Return what is timed, by its name."""
    return {
        "first load": load,
        "show the photo": lambda page: upload(page, photos[""])[0],
        "obfuscate": lambda page: press(page, "Obfuscate", photos[""], FACE),
        "audit": lambda page: press(page, "Audit", photos[""], ""),
        "audit, blurred, box": lambda page: press(page, "Audit", photos["blurred"], FACE),
        "restore, blurred": lambda page: press(page, "Restore", photos["blurred"], ""),
        "restore, pixelated": lambda page: press(page, "Restore", photos["pixelated"], ""),
        "restore, pixelated, box": lambda page: press(page, "Restore", photos["pixelated"], FACE),
    }


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
    wait(page, "#photo input[type=file]")
    return started


def upload(page: Page, photo: Path) -> tuple[float, Page]:
    """Choose a photo and wait until it is shown."""
    load(page)
    started = time.perf_counter()
    page.set_input_files("#photo input[type=file]", photo)
    wait(page, "#chosen p")
    return started, page


def press(page: Page, tab: str, photo: Path, box: str) -> float:
    """Choose a photo and a tab, press its button and wait for the answer."""
    upload(page, photo)
    page.fill(BOX, box)
    page.get_by_role("tab", name=tab).click()
    started = time.perf_counter()
    page.get_by_role("button", name=tab, exact=True).click()
    wait(page, f"{'#verdict' if tab == 'Audit' else f'#{tab.lower()}-answer'} p")
    return started


def wait(page: Page, selector: str) -> None:
    """Wait for an element; looked for at every frame that is drawn, not twice a second."""
    page.wait_for_function(
        "selector => document.querySelector(selector)", arg=selector, polling="raf"
    )


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
