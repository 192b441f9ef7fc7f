"""Make the screenshots of docs/web.md: the page with answers, in a real browser.

    python tools/draw_page.py

Serves the page, asks about its sample, and takes a screenshot of each job in ``docs/web/``: wide,
on a phone, and dark.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

import script

TARGET = Path(__file__).parents[1] / "docs" / "web"
ADDRESS, PORT = "http://127.0.0.1:7862", "7862"
WIDE, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=1100)
COLOURS = 128
"""Size of the palette of a screenshot: a page has few colours, and the file becomes small."""

ANSWERED = {"check": ".places", "hide": "#download", "restore": ".answers"}
"""What is there once a job is done."""


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
    """Take a screenshot of each job, of one on a phone, and of one in the dark."""
    for job in ANSWERED:
        take(browser, folder / f"{job}.png", job, viewport=WIDE)
    take(browser, folder / "hide-phone.png", "hide", viewport=PHONE)
    take(browser, folder / "check-dark.png", "check", viewport=WIDE, color_scheme="dark")


def take(browser: Browser, path: Path, job: str, **options: Any) -> None:
    """Take a screenshot of the page with the answer of a job."""
    page = browser.new_page(**options)
    page.set_default_timeout(120_000)
    ask(page, job)
    page.screenshot(path=path)
    page.close()
    Image.open(path).convert("RGB").quantize(COLOURS).save(TARGET / path.name)
    print(TARGET / path.name)


def ask(page: Page, job: str) -> None:
    """Take the sample, choose its hidden part, and wait for a job's answer."""
    page.goto(ADDRESS)
    page.click("#sample")
    page.wait_for_selector("#job .places")
    page.locator("#job .place button").nth(1).click()
    page.click(f"#tab-{job}")
    page.wait_for_selector(f"#job {ANSWERED[job]}")
    if job == "restore":
        page.evaluate("document.querySelector('#cut').value = 45")
        page.locator("#cut").dispatch_event("input")
    page.wait_for_timeout(500)


if __name__ == "__main__":
    script.run(main, __doc__)
