"""What the pages of a TIFF are, from their tags alone: nothing is printed, whatever is in the file.

Tags, their types and numbers as in TIFF 6.0, and with 64 bits as in BigTIFF.
"""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from unveil.errors import UnveilError

BYTE_ORDERS = {b"II": "<", b"MM": ">"}
CLASSIC, BIG = 42, 43
MAX_PAGES, MAX_TAGS, MAX_BITS = 10_000, 4096, 128

TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 16: "Q"}
"""Whole numbers, by the number of their type, as :mod:`struct` names them."""

SUBFILE, OLD_SUBFILE = 254, 255
BITS, COMPRESSION, COLOURS, CHANNELS, SAMPLE_FORMAT = 258, 259, 262, 277, 339
WANTED = (SUBFILE, OLD_SUBFILE, BITS, COMPRESSION, COLOURS, CHANNELS, SAMPLE_FORMAT)

UNCOMPRESSED, YCBCR = 1, 6

REDUCED, MASK = 1, 4
"""Bits of the kind of a page: a smaller version of another one, and where that is transparent."""

OLD_REDUCED = 2

FORMATS = {1: "uint", 2: "int", 3: "float", 5: "complex", 6: "complex"}

UNREAD = {
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    **dict.fromkeys((50002, 52546), "JPEG XL"),
    34713: "NEF",
    34892: "lossy DNG",
    34933: "PNG",
    50001: "WebP",
}
"""Compressions that the decoders here do not know, or know in some builds only."""


SEVERAL = "holds several pictures; split it into single photos first"
WHOLE = tuple(f"uint{bits}" for bits in (1, 2, 4, 8, 16))
WHOLE_NUMBERS = "only whole numbers of 8 or 16 bits are supported"


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        tags: numbers of the tags in ``WANTED``, by the number of the tag.
    """

    tags: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def _first(self, tag: int, default: int) -> int:
        return next(iter(self.tags.get(tag, ())), default)

    @property
    def is_full(self) -> bool:
        """Whether it is a picture by itself: no thumbnail and no mask of another one."""
        kind = self._first(SUBFILE, 0)
        return not kind & (REDUCED | MASK) and self._first(OLD_SUBFILE, 1) != OLD_REDUCED

    @property
    def channels(self) -> int:
        """Number of values of a pixel."""
        return self._first(CHANNELS, 1)

    @property
    def numbers(self) -> str:
        """Type of a value, ``uint16`` say."""
        return f"{FORMATS.get(self._first(SAMPLE_FORMAT, 1), 'uint')}{self.bits}"

    @property
    def bits(self) -> int:
        """Bits of a value."""
        return self._first(BITS, 1)

    @property
    def colours(self) -> int:
        """Number of what its values are of: grey, RGB, YCbCr."""
        return self._first(COLOURS, 0)

    @property
    def compression(self) -> int:
        """Number of its compression."""
        return self._first(COMPRESSION, 1)


def full_page(path: Path, file: BinaryIO) -> int:
    """Return the number of the one page that is a picture by itself.

    Args:
        path: the file's name.
        file: the open file; its place stays as it was.

    Raises:
        UnveilError: there are several, or it is of a kind that cannot be read.
        ValueError: the file is damaged behind its first page.
    """
    place = file.tell()
    found = list(_pages(file))
    file.seek(place)
    full = [number for number, page in enumerate(found) if page.is_full]
    if len(full) > 1:
        raise UnveilError(f"{path}: {SEVERAL}.")
    number = next(iter(full), 0)
    if found and (reason := _unread(found[number])):
        raise UnveilError(f"{path}: {reason}.")
    return number


def why_unknown(path: Path) -> str | None:
    """Return why a file is not recognised as a photo though it is a TIFF; None for others."""
    page = None
    with path.open("rb") as file, contextlib.suppress(ValueError):
        page = next((one for one in _pages(file) if one.is_full), None)
    if page is None or page.bits > MAX_BITS:
        return None
    reason = _unread(page)
    if reason is None and page.channels not in (1, 3, 4):
        return f"holds {page.channels} channels of {page.numbers}; save it as RGB"
    return reason


def _unread(page: Page) -> str | None:
    """Return what of a page cannot be read, and what to do; None for nothing."""
    if page.numbers not in WHOLE:
        return f"holds {page.numbers} values; {WHOLE_NUMBERS}"
    if page.compression in UNREAD:
        return f"is a TIFF in {UNREAD[page.compression]}, which cannot be read; save it as LZW"
    if (page.compression, page.colours) == (UNCOMPRESSED, YCBCR):
        return "is a TIFF in uncompressed YCbCr, which cannot be read; save it as RGB"
    return None


def _pages(file: BinaryIO) -> Iterator[Page]:
    """Yield the pages of a file; none of what is no TIFF.

    Raises:
        ValueError: one behind the first cannot be read.
    """
    file.seek(0)
    head = file.read(16)
    order = BYTE_ORDERS.get(head[:2])
    if order is None or len(head) < 8:
        return
    version = struct.unpack(f"{order}H", head[2:4])[0]
    if version not in (CLASSIC, BIG) or len(head) < (16 if version == BIG else 8):
        return
    big = version == BIG
    at = struct.unpack(*((f"{order}Q", head[8:16]) if big else (f"{order}I", head[4:8])))[0]
    seen: set[int] = set()
    for _ in range(MAX_PAGES):
        if not at or at in seen:
            return
        seen.add(at)
        try:
            file.seek(at)
            page, at = _page(file, order, big=big)
        except (struct.error, OSError, ValueError, OverflowError):
            if len(seen) == 1:
                return
            raise ValueError("a page that cannot be read") from None
        yield page


def _page(file: BinaryIO, order: str, *, big: bool) -> tuple[Page, int]:
    """Return a page, and the place of the next one; 0 for none."""
    count_kind, entry_kind, next_kind = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
    count = _read(file, f"{order}{count_kind}")[0]
    if count > MAX_TAGS:
        raise ValueError("more tags than any page has")
    entries = [_read(file, f"{order}{entry_kind}") for _ in range(count)]
    following = int(_read(file, f"{order}{next_kind}")[0])
    tags = {
        tag: _values(file, order, kind, number, data, big=big)
        for tag, kind, number, data in entries
        if tag in WANTED and kind in TYPES
    }
    return Page(tags), following


def _values(
    file: BinaryIO, order: str, kind: int, count: int, data: bytes, *, big: bool
) -> tuple[int, ...]:
    """Return the numbers of a tag, of many the first few."""
    shape = f"{order}{min(count, 16)}{TYPES[kind]}"
    if struct.calcsize(f"{order}{TYPES[kind]}") * count <= len(data):
        return struct.unpack_from(shape, data)
    file.seek(struct.unpack(f"{order}{'Q' if big else 'I'}", data)[0])
    return _read(file, shape)


def _read(file: BinaryIO, shape: str) -> tuple[Any, ...]:
    return struct.unpack(shape, file.read(struct.calcsize(shape)))
