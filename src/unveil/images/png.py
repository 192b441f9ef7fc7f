"""PNG files without what only hinders reading: texts of any size, and damaged side information.

A chunk is a length, a kind, data and a checksum; kinds that begin with a small letter are not
needed to show the picture (PNG specification, third edition, 2025).
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
LENGTHS = {b"pHYs": 9, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"tIME": 7}
"""Data of kinds that have one length only."""

SAMPLES = {2: 3, 4: 2, 6: 4}
"""Of a pixel, by the colour type that the header states; of others one."""

HEAD_BYTES = 26
"""Up to the colour type."""

MOST_PACKED = 1032
"""Bytes in one of deflate (RFC 1951: 258 in two bits)."""

MOST_BYTES = 64 << 20
"""Of side information that is read to check it; what is larger is left out."""

MOST_UNPACKED_BYTES = 16 << 20
"""Of a colour profile; those with tables for a printer have two or three megabytes."""


class Chunk(NamedTuple):
    """Where a chunk stands in a file.

    Attributes:
        kind: its four letters.
        start: place of its length.
        end: place behind its checksum.
        is_kept: whether the picture is better off with it.
    """

    kind: bytes
    start: int
    end: int
    is_kept: bool


def readable(file: BinaryIO) -> BinaryIO:
    """Return a file of the same picture, at its start: the very one if nothing hinders reading it.

    Args:
        file: any photo, at its start.

    Raises:
        ValueError: a chunk that is needed goes on behind the file's end: libpng would take the
            memory that it claims.
    """
    if file.read(len(SIGNATURE)) != SIGNATURE:
        file.seek(0)
        return file
    found = [*_chunks(file)]
    size = file.seek(0, io.SEEK_END)
    if any(chunk.kind[:1].isupper() and chunk.end - 4 > size for chunk in found):
        raise ValueError("a chunk goes on behind the end")
    if all(chunk.is_kept for chunk in found):
        file.seek(0)
        return file
    kept = io.BytesIO()
    kept.write(SIGNATURE)
    for chunk in found:
        if chunk.is_kept:
            file.seek(chunk.start)
            kept.write(file.read(chunk.end - chunk.start))
    kept.seek(0)
    return kept


def can_hold(head: bytes, size: int, pixels: int) -> bool:
    """Return whether a PNG file is long enough for so many pixels, packed by deflate.

    Args:
        head: its first ``HEAD_BYTES``.
        size: its length in bytes.
        pixels: their number.
    """
    depth, kind = head[24], head[25]
    return depth * SAMPLES.get(kind, 1) * pixels <= 8 * MOST_PACKED * size


def _chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks behind the signature, as far as the file goes."""
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        start = file.tell() - 8
        end = start + 12 + length
        yield Chunk(kind, start, end, _is_kept(file, kind, length))
        file.seek(end)


def _is_kept(file: BinaryIO, kind: bytes, length: int) -> bool:
    is_needed = kind[:1].isupper()
    if is_needed or kind in TEXTS:
        return is_needed
    if length > MOST_BYTES or LENGTHS.get(kind, length) != length:
        return False
    data, told = file.read(length), file.read(4)
    if told != struct.pack(">I", zlib.crc32(kind + data)):
        return False
    return kind != b"iCCP" or _is_small(data.partition(b"\0")[2][1:])


def _is_small(packed: bytes) -> bool:
    """Return whether packed data can be unpacked, to no more than ``MOST_UNPACKED_BYTES``."""
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed, MOST_UNPACKED_BYTES)
    except zlib.error:
        return False
    return not unpacker.unconsumed_tail
