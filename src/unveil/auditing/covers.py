"""Covers that show nothing of what is below them: drawn without looking at it."""

from typing import Literal

import numpy as np

from unveil.degradation.randomness import generator

Shape = Literal["box", "ellipse", "soft"]
"""Outline of a cover; soft is an ellipse that fades outwards."""

Style = Literal["solid", "mosaic", "sticker"]
"""One colour; blocks of drawn colours, which look like a mosaic; a drawn smiling face."""

BLOCKS_ACROSS = 6
"""Of a drawn mosaic, along the longer side."""

GREY, YELLOW, INK = (0.5, 0.5, 0.5), (1.0, 0.84, 0.2), (0.2, 0.13, 0.0)
"""Mean colour of a drawn mosaic; colours of a sticker and of the lines on it."""

SPREAD = 0.18
"""Standard deviation of a drawn mosaic's brightness."""


def draw_cover(style: Style, height: int, width: int, seed: int | None = None) -> np.ndarray:
    """Return a cover, float32 ``3 x height x width`` in [0,1].

    Args:
        style: what it looks like.
        height: in pixels.
        width: in pixels.
        seed: of a drawn mosaic; None draws what nobody can repeat.

    Examples:
        >>> draw_cover("solid", 2, 2).max()
        0.0
    """
    if style == "solid":
        return np.zeros((3, height, width), np.float32)
    if style == "mosaic":
        return _blocks(height, width, generator(seed))
    return _smile(height, width)


def _blocks(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    side = max(1, -(-max(height, width) // BLOCKS_ACROSS))
    rows, columns = np.arange(height) // side, np.arange(width) // side
    brighter = SPREAD * random.standard_normal((BLOCKS_ACROSS + 1, BLOCKS_ACROSS + 1))
    blocks = np.asarray(GREY)[:, None, None] + brighter
    return np.clip(blocks[:, rows[:, None], columns], 0, 1).astype(np.float32)


def _smile(height: int, width: int) -> np.ndarray:
    """Draw on a square of side 2 around the middle: two eyes, and the lower arc of a mouth."""
    down = (2 * np.arange(height) + 1) / height - 1
    along = (2 * np.arange(width) + 1) / width - 1
    away = np.hypot(down[:, None], along)
    ink = (abs(away - 0.55) < 0.06) & (down[:, None] > 0.15)
    for eye in (-0.3, 0.3):
        ink |= np.hypot((down[:, None] + 0.25) / 1.5, along - eye) < 0.1
    colours = np.array([YELLOW, INK], np.float32)
    return colours[ink.astype(int)].transpose(2, 0, 1)
