"""Masks: how much of an obfuscated picture each pixel shows, from a file or from a brush."""

from pathlib import Path

import cv2
import numpy as np

from unveil.errors import UsageError
from unveil.images.photos import MAX_PIXELS, read_photo
from unveil.images.pixels import brightness, to_8bit

MAX_POINTS = 20_000
"""Points of all strokes: an hour of painting."""

SUBPIXEL_BITS = 3
"""Strokes are drawn to an eighth of a pixel."""


def read_mask(path: Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Return the mask in a photo, float32 ``H x W`` in [0,1]: its brightness.

    Args:
        path: photo, white where something is hidden.
        max_pixels: limit on its size.

    Raises:
        UnveilError: the photo cannot be read, or is too large.
    """
    shown: np.ndarray = brightness(to_8bit(read_photo(path, max_pixels).rgb)) / 255
    return shown


def paint_mask(strokes: str, height: int, width: int) -> np.ndarray:
    """Return the mask that strokes of a round brush paint, float32 ``H x W``, 0 or 1.

    Args:
        strokes: ``RADIUS:X,Y X,Y ...``, in pixels, for each stroke; between them a ``;``.
        height: of the picture.
        width: of the picture.

    Raises:
        UsageError: the text is none of strokes, or of too many points.

    Examples:
        >>> paint_mask("1:2,1 4,1", 3, 6).astype(int).tolist()
        [[0, 0, 1, 1, 1, 0], [0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 0]]
    """
    mask = np.zeros((height, width), np.uint8)
    scale = 2**SUBPIXEL_BITS
    for radius, points in _strokes(strokes):
        path = np.round(points * scale).astype(np.int32)
        thickness = max(round(2 * radius), 1)
        cv2.polylines(mask, [path], False, 1, thickness, cv2.LINE_8, SUBPIXEL_BITS)
        for x, y in path:
            cv2.circle(mask, (int(x), int(y)), round(radius * scale), 1, -1, 8, SUBPIXEL_BITS)
    return mask.astype(np.float32)


def _strokes(text: str) -> list[tuple[float, np.ndarray]]:
    """Return the radius and the points, ``N x 2``, of each stroke in a text."""
    found = []
    try:
        for stroke in filter(None, text.split(";")):
            radius, _, points = stroke.partition(":")
            pairs = [tuple(map(float, point.split(","))) for point in points.split()]
            found.append((float(radius), np.array(pairs, np.float64).reshape(-1, 2)))
    except ValueError:
        raise UsageError("the painted mask cannot be read; clear it and paint anew.") from None
    most = np.iinfo(np.int16).max  # of what cv2 draws
    numbers = [np.array([2 * radius, *points.ravel()]) for radius, points in found]
    if not all(one[0] >= 0 and (np.abs(one) < most).all() for one in numbers):
        raise UsageError("the painted mask cannot be read; clear it and paint anew.")
    if sum(len(points) for _, points in found) > MAX_POINTS:
        raise UsageError("the painted mask has too many strokes; clear it and take a wider brush.")
    return found
