"""The headers of Vorbis sound without its comments, which name people, places and programs."""

import struct

COMMENTS = b"\x03vorbis"
EMPTY = COMMENTS + struct.pack("<II", 0, 0) + b"\x01"
"""The second header with no vendor and no comment (Vorbis I specification, 5.2)."""


def without_comments(headers: bytes) -> bytes:
    """Return the three headers of a stream, laced as in Matroska, with an empty second one.

    Raises:
        ValueError: they are no such headers.
    """
    first, second, third = _split(headers)
    if not second.startswith(COMMENTS):
        raise ValueError("the second header of Vorbis holds no comments")
    return b"\x02" + _lace(len(first)) + _lace(len(EMPTY)) + first + EMPTY + third


def _split(headers: bytes) -> tuple[bytes, bytes, bytes]:
    if headers[:1] != b"\x02":
        raise ValueError("not three headers of Vorbis")
    place, sizes = 1, [0, 0]
    for number in range(len(sizes)):
        while True:
            if place >= len(headers):
                raise ValueError("headers of Vorbis that are cut short")
            step = headers[place]
            place, sizes[number] = place + 1, sizes[number] + step
            if step < 255:
                break
    begin, end = place + sizes[0], place + sum(sizes)
    return headers[place:begin], headers[begin:end], headers[end:]


def _lace(size: int) -> bytes:
    return b"\xff" * (size // 255) + bytes([size % 255])
