"""Files too short for the pixels that they claim, refused before these take memory and minutes.

Most ways of packing have an end: codes of a bit or more for so many pixels. Where there is none,
a picture of one colour may be packed in a few bytes, and only very large ones are refused.
"""

import io
import struct
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.TiffImagePlugin import TiffImageFile

from unveil.errors import UnveilError
from unveil.images import jpeg, png
from unveil.images.memory import check_memory
from unveil.images.pixels import BITS_PER_SAMPLE_TAG

FLAT_PIXELS = 50_000_000
"""Up to so many, a file of a format without end may be of any size."""

MOST_PIXELS_PER_BYTE = 4096
"""Of larger ones, and eight times as many of black or white: a page with a few lines has fewer."""

VP8_PIXELS_PER_BYTE = 1024
"""Lossy WebP spends 3.4 bits or more on the modes of 256 pixels (RFC 6386, 11): twice that."""

TIFF_PACKED = {
    "raw": 1,
    "packbits": 64,
    "tiff_lzw": 1400,  # strings each a byte longer, until there are 3,838 codes of 12 bits
    "tiff_adobe_deflate": png.MOST_PACKED,
    "tiff_deflate": png.MOST_PACKED,
}
"""Most bytes of pixels to a byte of the file, by Pillow's names."""

TIFF_SHARED = 2
"""Samples of brightness to a sample of colour, where colours are kept coarsely: at most."""


def check(path: Path, image: Image.Image, file: BinaryIO) -> None:
    """Refuse a file that is too short for its pixels, or for whose pixels memory is.

    Args:
        path: for messages.
        image: opened from the file, not loaded.
        file: any photo.

    Raises:
        UnveilError: says which.
    """
    count = image.width * image.height
    if not can_hold(file, image):
        size = file.seek(0, io.SEEK_END)
        raise UnveilError(
            f"{path}: damaged or cut short: {size:,} bytes are too few for "
            f"{image.width}x{image.height} pixels, unless all are of one colour."
        )
    try:
        check_memory(count, "read")
    except UnveilError as error:
        raise UnveilError(f"{path}: {error}") from None


def can_hold(file: BinaryIO, image: Image.Image) -> bool:
    """Return whether a file is long enough for the picture that was opened from it.

    Args:
        file: any photo; its place is kept.
        image: opened from it, not loaded.
    """
    place, size = file.tell(), file.seek(0, io.SEEK_END)
    file.seek(0)
    count = image.width * image.height
    if image.format in ("JPEG", "MPO"):
        holds = jpeg.can_hold(file.read(), count)
    elif image.format == "PNG":
        holds = png.can_hold(file.read(png.HEAD_BYTES), size, count)
    else:
        holds = count <= _most_pixels(file, size, image)
    file.seek(place)
    return holds


def _most_pixels(file: BinaryIO, size: int, image: Image.Image) -> int:
    """Return how many pixels a file of this size holds at most."""
    if image.format == "WEBP" and _is_lossy_webp(file):
        return VP8_PIXELS_PER_BYTE * size
    if isinstance(image, TiffImageFile) and (packed := _packed(image)):
        bits = sum(image.tag_v2.get(BITS_PER_SAMPLE_TAG, (1,)))
        return 8 * packed * TIFF_SHARED * size // bits
    if isinstance(image, BmpImageFile) and image.tile[0].codec_name == "raw":
        layout: Any = image.tile[0].args  # kind of pixel, bytes of a row, direction
        return image.width * (size // int(layout[1]))
    black_or_white = 8 if image.mode == "1" else 1
    return max(FLAT_PIXELS, MOST_PIXELS_PER_BYTE * black_or_white * size)


def _packed(image: TiffImageFile) -> int | None:
    return TIFF_PACKED.get(str(image.info.get("compression")))


def _is_lossy_webp(file: BinaryIO) -> bool:
    """Return whether the picture of a WebP file is lossy: a chunk beside that of no loss."""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        kind, length = struct.unpack("<4sI", head)
        if kind in (b"VP8 ", b"VP8L", b"ANMF"):
            return bool(kind == b"VP8 ")
        file.seek(length + length % 2, io.SEEK_CUR)
    return False
