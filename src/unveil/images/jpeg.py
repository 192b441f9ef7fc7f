"""JPEG files whose data end before the picture does: decoders fill the rest with one colour.

Markers and segments as in ITU-T T.81. Of arithmetic coding nothing is said here: its pictures of
one colour may be of any size.
"""

import io
import re
import struct
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops

MOST_PIXELS_PER_BYTE = 1024
"""Huffman codes have a bit or more for each block of 64 pixels, 512 to the byte: twice that."""

SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""A marker that is no restart and no byte of the data."""

CORNER_PX = 8
DATA = bytes(range(1, 251)) * 2
PROBE = DATA + b"".join(bytes((0xFF, restart)) + DATA for restart in range(0xD0, 0xD8))
"""What a decoder reads on at, where data are missing: at once, or from a restart."""


class Frame(NamedTuple):
    """What a JPEG file says of its first scan.

    Attributes:
        is_huffman: whether its codes are Huffman's.
        end: place behind the data of the first scan.
    """

    is_huffman: bool
    end: int


def frame(content: bytes) -> Frame | None:
    """Return what the bytes of a JPEG file say; None where they cannot be followed."""
    place, is_huffman = 2, False
    while place + 4 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if kind == 0xFF:  # padding
            place += 1
            continue
        length = struct.unpack_from(">H", content, place + 2)[0]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            is_huffman = kind < 0xC8
        place += 2 + length
        if kind == 0xDA:
            end = SCAN_END.search(content, place)
            return Frame(is_huffman, end.start() if end else len(content))
    return None


def can_hold(content: bytes, pixels: int) -> bool:
    """Return whether the bytes of a JPEG file are enough for so many pixels."""
    found = frame(content)
    is_huffman = found is not None and found.is_huffman
    return not is_huffman or pixels <= MOST_PIXELS_PER_BYTE * len(content)


def is_filled(content: bytes, image: Image.Image) -> bool:
    """Return whether a decoder has filled the end of a picture, for lack of data.

    If so, the last pixels are alike, and other ones where the data go on: both are looked at.

    Args:
        content: the bytes of a JPEG file.
        image: what was decoded of them.
    """
    found = frame(content)
    if found is None or not found.is_huffman or not _is_flat(image):
        return False
    longer = content[: found.end] + PROBE + content[found.end :]
    with Image.open(io.BytesIO(longer), formats=["JPEG"]) as other:
        return ImageChops.difference(other, image).getbbox(alpha_only=False) is not None


def _is_flat(image: Image.Image) -> bool:
    width, height = image.size
    corner = image.crop((max(width - CORNER_PX, 0), max(height - CORNER_PX, 0), width, height))
    values = np.asarray(corner).reshape(-1, len(image.getbands()))
    return bool((values == values[0]).all())
