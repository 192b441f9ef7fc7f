"""Make the screenshots of docs/web.md: the page with answers, in a real browser.

    python tools/draw_page.py

Serves the page, asks about the portrait that scikit-image ships, and takes a screenshot of each
tab in ``docs/web/``.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from skimage import data

import script

TARGET = Path(__file__).parents[1] / "docs" / "web"
ADDRESS, PORT = "http://127.0.0.1:7862", "7862"
WIDE, PHONE = ViewportSize(width=1100, height=1250), ViewportSize(width=390, height=1100)
FACE = "167,68,116,116"
COLOURS = 128
"""Size of the palette of a screenshot: a page has few colours, and the file becomes small."""


def main() -> None:
    """Serve the page and take the screenshots."""
    TARGET.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "unveil", "serve", "--port", PORT]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            next(iter(server.stdout or ()))  # it says its address when it is ready
            with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
                chromium = shutil.which("chromium")
                browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                draw(browser, Path(folder))
                browser.close()
        finally:
            server.terminate()


def draw(browser: Browser, folder: Path) -> None:
    """Take a screenshot of each tab, and of one on a phone."""
    photo, hidden = folder / "photo.png", folder / "hidden.png"
    portrait: np.ndarray = data.astronaut()  # type: ignore[no-untyped-call]
    Image.fromarray(portrait).save(photo)
    words = ("obfuscate", str(photo), "-o", str(hidden), "--operator", "pixelate:block=8")
    subprocess.run([sys.executable, "-m", "unveil", *words], check=True)  # noqa: S603
    for tab, asked, size in (
        ("Obfuscate", photo, WIDE),
        ("Restore", hidden, WIDE),
        ("Audit", hidden, WIDE),
        ("Obfuscate", photo, PHONE),
    ):
        page = browser.new_page(viewport=size)
        page.set_default_timeout(120_000)
        ask(page, tab, asked)
        name = f"{tab.lower()}{'-phone' if size is PHONE else ''}.png"
        page.screenshot(path=folder / name, full_page=True)
        page.close()
        Image.open(folder / name).convert("RGB").quantize(COLOURS).save(TARGET / name)
        print(TARGET / name)


def ask(page: Page, tab: str, photo: Path) -> None:
    """Upload a photo, find the face where it is clean, and wait for a tab's answer."""
    page.goto(ADDRESS)
    page.set_input_files("#photo input[type=file]", photo)
    page.wait_for_selector("#chosen p")
    if tab == "Obfuscate":
        page.get_by_role("button", name="Find the face").click()
        page.wait_for_function("document.querySelector('#box textarea, #box input').value")
    if tab == "Audit":
        page.fill("#box textarea, #box input", FACE)
    page.get_by_role("tab", name=tab).click()
    page.get_by_role("button", name=tab, exact=True).click()
    page.wait_for_selector(f"{'#verdict' if tab == 'Audit' else f'#{tab.lower()}-answer'} p")
    page.wait_for_timeout(500)


if __name__ == "__main__":
    script.run(main, __doc__)
