"""Picture strips: rows of photos with captions below them."""

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

LINE_PX = 14
MARGIN_PX = 4

Captioned = tuple[np.ndarray, Sequence[str]]
"""A photo, ``H x W x 3`` uint8, and the lines of text below it."""


def draw_strip(rows: Sequence[Sequence[Captioned]]) -> bytes:
    """Return a PNG of rows of photos of one size; rows may differ in length.

    A column is as wide as its photo or its widest caption.
    """
    captions = [caption for row in rows for _, caption in row]
    height, width = rows[0][0][0].shape[:2]
    step_x = max(width, *(_width_px(text) for caption in captions for text in caption)) + MARGIN_PX
    step_y = height + MARGIN_PX + max(map(len, captions)) * LINE_PX
    size = (step_x * max(map(len, rows)) - MARGIN_PX, step_y * len(rows))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        for x, (photo, caption) in enumerate(row):
            sheet.paste(Image.fromarray(photo), (x * step_x, y * step_y))
            for number, text in enumerate(caption):
                place = (x * step_x + 2, y * step_y + height + number * LINE_PX + 1)
                draw.text(place, text, fill="black")
    content = io.BytesIO()
    sheet.save(content, "PNG", optimize=True)
    return content.getvalue()


def _width_px(text: str) -> int:
    blank = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    return 2 * MARGIN_PX + math.ceil(blank.textlength(text))
