"""The picture of a finding: each hidden part outlined, with its kind and strength beside it."""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.images.photos import Photo
from unveil.images.pixels import on_white, to_8bit

INNER, OUTER = (255, 220, 0), (0, 0, 0)
"""Colours of a line and of its rims: one of them stands out on any ground."""

LINE_SHARE, TEXT_SHARE = 1 / 300, 1 / 32
"""Width of a line's middle and height of the text, over the longer side of the picture."""

MIN_TEXT_PX = 14
NAMES = {"solid": "one colour", "other": "hidden, kind not known"}
"""Labels of kinds that do not name themselves."""


def draw_finding(photo: Photo, finding: Finding) -> Photo:
    """Return the photo on white, in 8 bits, with its hidden parts outlined."""
    rgb = photo.rgb if photo.alpha is None else on_white(photo.rgb, photo.alpha)
    drawn = outlined(to_8bit(rgb), finding)
    return dataclasses.replace(photo, rgb=drawn, alpha=None, grayscale=False)


def outlined(pixels: np.ndarray, finding: Finding) -> np.ndarray:
    """Return a picture with each hidden part outlined and labelled; unchanged if none is hidden.

    The outline is that of the part's mask, else its box, else the border of the picture.

    Args:
        pixels: ``H x W x 3`` uint8.
        finding: what hides the picture or parts of it.
    """
    drawn = pixels.copy()
    parts = [part for part in finding.parts if not part.is_clean]
    around = [outlines(part, *pixels.shape[:2]) for part in parts]
    for lines in around:
        _draw_lines(drawn, lines)
    image = Image.fromarray(drawn)
    for part, lines in zip(parts, around, strict=True):
        _draw_label(image, label(part), _around(lines))
    return np.array(image)


def label(part: Finding) -> str:
    """Return kind and strength of a hidden part in short, as ``gaussian 8.0 px``."""
    name = NAMES.get(part.kind, part.kind)
    return name if part.strength_px is None else f"{name} {part.strength_px:.1f} px"


def outlines(part: Finding, height: int, width: int) -> list[np.ndarray]:
    """Return the closed lines around a part, ``N x 1 x 2`` int32 (x, y), inside the picture."""
    mask = np.zeros((height, width), np.uint8)
    if part.mask is not None:
        mask[part.mask] = 1
    else:
        mask[(part.box or Box(0, 0, width, height)).place] = 1
    lines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    # At the border of the picture, half of a line would be outside of it.
    inset = min(_line_px(height, width) * 3 // 2, (min(height, width) - 1) // 2)
    last = (width - 1 - inset, height - 1 - inset)
    return [np.clip(line, inset, last).astype(np.int32) for line in lines]


def _draw_lines(pixels: np.ndarray, lines: Sequence[np.ndarray]) -> None:
    """Draw lines of two colours into ``pixels``."""
    thin = _line_px(*pixels.shape[:2])
    for colour, thickness in ((OUTER, 3 * thin), (INNER, thin)):
        cv2.polylines(pixels, lines, isClosed=True, color=colour, thickness=thickness)


def _line_px(height: int, width: int) -> int:
    return max(round(max(height, width) * LINE_SHARE), 1)


def _around(lines: Sequence[np.ndarray]) -> Box:
    """Return the box around lines."""
    return Box(*cv2.boundingRect(np.concatenate(lines)))


def _draw_label(image: Image.Image, text: str, around: Box) -> None:
    """Write ``text`` above a part, below it where there is no room, or else inside."""
    pen, gap = ImageDraw.Draw(image), 2 * _line_px(image.height, image.width)
    font = ImageFont.load_default(max(max(image.size) * TEXT_SHARE, MIN_TEXT_PX))
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    across, down = right - left + 2 * gap, bottom - top + 2 * gap
    below = around.top + around.height + gap
    y = around.top - gap - down
    if y < 0:
        y = below if below + down <= image.height else around.top + gap
    x = max(min(around.left, image.width - across), 0)
    pen.rectangle((x, y, x + across - 1, y + down - 1), fill=OUTER)
    pen.text((x + gap - left, y + gap - top), text, fill=INNER, font=font)
