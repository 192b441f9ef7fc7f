"""Spoil the content of files: bytes, JSON, PNG chunks, tensors; a seed decides how."""

import copy
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Spoil = Callable[[bytes, Random], bytes]

MAX_RUN = 64
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Sizes and counts at which decoders slip."""

VALUES: tuple[Any, ...] = (
    *(None, True, "", "x", "\0", "../../etc/passwd", "\ud800", "\u00e9\n\x1b[31m", "1e9"),
    *(-1, 0, 1.5, 2**63, 10**18, 10**30, float("inf"), float("nan"), "9" * 5000),
    *([], {}, [[]], ["a"], {"a": 1}),
)
"""What stands where something else is due."""

MAX_LISTED = 3
DEPTH = 100_000


def spoil_bytes(content: bytes, rng: Random) -> bytes:
    """Change up to four places of a file, or cut it."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        rng.choice(BYTE_CHANGES)(data, rng)
    return bytes(data)


def _flip(data: bytearray, rng: Random) -> None:
    for at in _places(data, rng, 1):
        data[at] ^= 1 << rng.randrange(8)


def _number(data: bytearray, rng: Random) -> None:
    size, order = rng.choice("BHI"), rng.choice("<>")
    for at in _places(data, rng, 4):
        value = rng.choice(NUMBERS) & (256 ** struct.calcsize(size) - 1)
        struct.pack_into(order + size, data, at, value)


def _fill(data: bytearray, rng: Random) -> None:
    for at in _places(data, rng, 1):
        end = min(len(data), at + rng.randrange(1, MAX_RUN))
        data[at:end] = rng.choice((bytes(end - at), b"\xff" * (end - at), rng.randbytes(end - at)))


def _remove(data: bytearray, rng: Random) -> None:
    for at in _places(data, rng, 1):
        del data[at : at + rng.randrange(1, MAX_RUN)]


def _repeat(data: bytearray, rng: Random) -> None:
    for at in _places(data, rng, 1):
        data[at:at] = data[at : at + rng.randrange(1, MAX_RUN)] * rng.choice((1, 1, 100))


def _cut(data: bytearray, rng: Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


BYTE_CHANGES = (_flip, _flip, _number, _number, _fill, _remove, _repeat, _cut)


def _places(data: bytearray, rng: Random, width: int) -> Iterator[int]:
    """Yield one place where ``width`` bytes fit, half of them in the head; none where none do."""
    if len(data) >= width:
        last = len(data) - width
        yield rng.randrange(min(last, MAX_RUN) + 1 if rng.random() < 0.5 else last + 1)


def spoil_png(content: bytes, rng: Random) -> bytes:
    """Change one chunk of a PNG, and mend its checksum: what a decoder believes."""
    chunks = list(_chunks(content))
    at = rng.randrange(len(chunks))
    kind, data = chunks[at]
    change = rng.randrange(5)
    if change == 0:
        del chunks[at]
    elif change == 1:
        chunks.insert(rng.randrange(len(chunks)), (kind, data))
    elif change == 2 and kind in (b"IDAT", b"zTXt", b"iCCP"):
        chunks[at] = kind, zlib.compress(rng.randbytes(rng.randrange(1, 4000)))
    else:
        chunks[at] = kind, spoil_bytes(data, rng)
    return content[:8] + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(content):
        length = int.from_bytes(content[at : at + 4])
        yield content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def spoil_json(content: bytes, rng: Random) -> bytes:
    """Change a value of a document, or its text."""
    chance = rng.random()
    if chance < 0.1:
        return rng.choice((b"[", b'{"a":')) * DEPTH
    if chance < 0.25:
        return spoil_bytes(content, rng)
    return json.dumps(spoil_value(json.loads(content), rng)).encode(errors="surrogatepass")


def spoil_lines(content: bytes, rng: Random) -> bytes:
    """Change one line of a file of JSON lines."""
    lines = content.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    lines[at] = spoil_json(lines[at], rng) + rng.choice((b"\n", b"\n", b""))
    return b"".join(lines)


def spoil_value(value: Any, rng: Random) -> Any:
    """Return a copy with one value changed or taken out."""
    found = copy.deepcopy(value)
    *path, last = rng.choice(list(_paths(found)))
    holder = found
    for key in path:
        holder = holder[key]
    if rng.random() < 0.12:
        del holder[last]
    else:
        holder[last] = rng.choice(VALUES)
    return found


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner: dict[Any, Any] = dict(enumerate(value[:MAX_LISTED])) if isinstance(value, list) else {}
    for key, below in (value if isinstance(value, dict) else inner).items():
        yield (*path, key)
        yield from _paths(below, (*path, key))


def spoil_tensors(content: bytes, rng: Random) -> bytes:
    """Change the header of a file of tensors, its length, or the values."""
    length = int.from_bytes(content[:8], "little")
    header, values = content[8 : 8 + length], content[8 + length :]
    change = rng.randrange(4)
    if change == 0:
        return struct.pack("<Q", rng.choice((0, 2**40, 2**63, length + 8))) + header + values
    if change == 1:
        return spoil_bytes(content, rng)
    if change == 2:
        at = 4 * rng.randrange(len(values) // 4)
        odd = struct.pack("<f", rng.choice((float("nan"), float("inf"), 1e30, -1e38)))
        values = values[:at] + odd + values[at + 4 :]
    else:
        header = spoil_json(header, rng)
    return struct.pack("<Q", len(header)) + header + values
