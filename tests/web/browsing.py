"""What tests of the page do in a real browser."""

import io

import numpy as np
from PIL import Image


def choose(page, *paths):
    """Choose photos; wait until the first has been checked."""
    page.set_input_files("#files", paths)
    page.wait_for_selector("#job [role=status]")


def taken(page, press):
    """Return what is saved when a button is pressed."""
    with page.expect_download() as download:
        press()
    path = download.value.path()
    return download.value.suggested_filename, path.read_bytes()


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def until(page, expression):
    """Wait until an expression holds; the page's policy forbids what Playwright has for it."""
    for _ in range(900):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(expression)


def marks(page):
    return page.locator("#marks > g")


def drag(page, start, end):
    """Drag from one point of the photo to another, in its pixels."""
    photo = page.locator("#before").bounding_box()
    scale = photo["width"] / 512
    at = [(photo["x"] + scale * x, photo["y"] + scale * y) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()
