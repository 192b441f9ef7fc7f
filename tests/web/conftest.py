"""The page as visitors meet it: the real server, a real browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from tests.visitor import free_port
from tests.web.browsing import choose

MAX_MB, MAX_PIXELS = 1, 1_500_000


@pytest.fixture(scope="session")
def temporary(tmp_path_factory):
    """The server's folder for temporary files."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="session")
def address(temporary):
    pytest.importorskip("starlette", reason="the extra web is not installed")
    words = ("--port", free_port(), "--max-mb", MAX_MB, "--max-pixels", MAX_PIXELS)
    server = subprocess.Popen(
        [sys.executable, "-m", "unveil", "serve", *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(temporary),
    )
    try:
        line = server.stdout.readline()
        assert line.startswith("http://127.0.0.1:")
        yield line.split()[0]
    finally:
        server.terminate()
        server.wait(60)
        server.stdout.close()


def _environment(temporary):
    return os.environ | {"TMPDIR": str(temporary), "NO_PROXY": "127.0.0.1"}


@pytest.fixture
def visit(browser, address):
    """A function that opens the page for one more visitor; what is asked of others is refused."""
    contexts = []
    here = (address, "data:", "blob:")

    def open_page(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(90_000)
        page = context.new_page()
        page.foreign = []
        # Listened to, not routed: Chromium itself finds nobody else, and a route that has not
        # been answered when its context closes can keep it from closing.
        page.on(
            "request",
            lambda asked: asked.url.startswith(here) or page.foreign.append(asked.url),
        )
        page.goto(address)
        page.wait_for_selector("#job p")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> Path:
    """Photos that scikit-image ships, and files that are none."""
    folder = tmp_path_factory.mktemp("photos")
    Image.fromarray(data.astronaut()).save(folder / "astronaut.jpg", quality=95)
    Image.fromarray(data.cat()).save(folder / "cat.png")
    Image.fromarray(data.brick()).save(folder / "bricks.png")
    Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
    (folder / "text.jpg").write_text("no photo")
    (folder / "large.jpg").write_bytes(bytes(1024 * 1024 + 1))
    return folder


@pytest.fixture(scope="session")
def hidden(photos) -> Path:
    """The portrait, its face a mosaic of another program's."""
    path, clean = photos / "hidden.png", Image.fromarray(data.astronaut())
    part = clean.crop((150, 40, 310, 200))
    mosaic = part.resize((20, 20), Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
    clean.paste(mosaic, (150, 40))
    clean.save(path)
    return path


@pytest.fixture(scope="session")
def group(photos):
    """Eight faces in two rows."""
    portrait = Image.fromarray(data.astronaut()).crop((110, 0, 340, 260))
    picture = Image.new("RGB", (4 * 230, 2 * 260))
    for number in range(8):
        face = portrait if number % 2 else portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        picture.paste(face, (230 * (number % 4), 260 * (number // 4)))
    picture.save(photos / "group.jpg", quality=92)
    return photos / "group.jpg"


@pytest.fixture
def page(visit, photos):
    opened = visit()
    choose(opened, photos / "astronaut.jpg")
    return opened
