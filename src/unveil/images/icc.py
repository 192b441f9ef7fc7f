"""Colour profiles without what they say of their owner: names, serial numbers, dates, copyright.

Only what a conversion of colours takes is kept (ICC.1:2022), so that colours stay as they are. And
profiles of colours that are stated in other words.
"""

import struct
from collections.abc import Sequence

import numpy as np

HEADER_BYTES, ENTRY_BYTES = 128, 12
SIGNATURE = b"acsp"

KEPT = frozenset(
    b"wtpt bkpt chad rXYZ gXYZ bXYZ rTRC gTRC bTRC kTRC A2B0 A2B1 A2B2 B2A0 B2A1 B2A2 gamt cicp "
    b"D2B0 D2B1 D2B2 D2B3 B2D0 B2D1 B2D2 B2D3".split()
)
"""Tags that say how colours are converted."""

TABLES = frozenset([b"mft1", b"mft2", b"mAB ", b"mBA ", b"mpet"])
PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
"""Numbers that a curve's formula has, by its kind."""

BLANK = (slice(4, 8), slice(24, 44), slice(48, 56), slice(80, HEADER_BYTES))
"""Of the header: program, date and system; device; creator and checksum."""

D50 = 0.9642, 1.0, 0.8249
"""The white of all profiles, X, Y and Z."""

BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""From XYZ to the cones that adapt to a white (annex E)."""

SRGB_CURVE = 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045

NAME, COPYRIGHT = "colour profile", "none"
"""What a profile says of itself, which it must."""


def without_owner(profile: bytes) -> bytes | None:
    """Return a profile with nothing but its colours; None if it is none that can be read."""
    try:
        return _rebuilt(profile)
    except (struct.error, ValueError, IndexError):
        return None


def matrix(points: Sequence[float], gamma: float | None) -> bytes:
    """Return the profile of a display.

    Args:
        points: x and y of white, red, green and blue.
        gamma: exponent from samples to light; None for the curve of sRGB.

    Raises:
        ValueError: they are no colours.
    """
    white, *colours = (_xyz(*points[n : n + 2]) for n in range(0, 8, 2))
    unscaled = np.stack(colours, axis=1)
    scaled = unscaled * np.linalg.solve(unscaled, white)
    cones = BRADFORD @ np.stack([white, D50], axis=1)
    adapted = np.linalg.inv(BRADFORD) @ np.diag(cones[:, 1] / cones[:, 0]) @ BRADFORD @ scaled
    tags = {name: _xyz_tag(adapted[:, n]) for n, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return _new(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma)))


def gray(gamma: float | None) -> bytes:
    """Return the profile of shades of gray; ``gamma`` as for :func:`matrix`."""
    return _new(b"GRAY", {b"kTRC": _curve(gamma)})


def _xyz(x: float, y: float) -> np.ndarray:
    if not (0 < y <= 1 and 0 <= x <= 1):
        raise ValueError("no colour")
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz_tag(values: Sequence[float] | np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(one * 65536) for one in values))


def _curve(gamma: float | None) -> bytes:
    kind, numbers = (3, SRGB_CURVE) if gamma is None else (0, (gamma,))
    fixed = struct.pack(f">{len(numbers)}i", *(round(one * 65536) for one in numbers))
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + fixed


def _new(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return a display's profile of version 4.3."""
    header = bytearray(HEADER_BYTES)
    header[8:24] = b"\4\x30\0\0" + b"mntr" + space + b"XYZ "
    header[24:40] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + SIGNATURE
    header[68:80] = struct.pack(">3i", *(round(one * 65536) for one in D50))
    texts = {b"desc": _text(NAME, 4, b"desc"), b"cprt": _text(COPYRIGHT, 4, b"text")}
    return _joined(bytes(header), texts | {b"wtpt": _xyz_tag(D50)} | tags)


def _rebuilt(profile: bytes) -> bytes:
    if profile[36:40] != SIGNATURE:
        raise ValueError("no colour profile")
    (count,) = struct.unpack_from(">I", profile, HEADER_BYTES)
    if count > len(profile) // ENTRY_BYTES:
        raise ValueError("more tags than there is room for")
    texts = (b"desc", b"desc", NAME), (b"cprt", b"text", COPYRIGHT)
    tags = {tag: _text(text, profile[8], kind) for tag, kind, text in texts}
    for number in range(count):
        place = HEADER_BYTES + 4 + ENTRY_BYTES * number
        name, offset, size = struct.unpack_from(">4sII", profile, place)
        if name in KEPT:
            tags[name] = _bare(profile[offset : offset + size])
    header = bytearray(profile[:HEADER_BYTES])
    for part in BLANK:
        header[part] = bytes(part.stop - part.start)
    header[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    header[36:40] = SIGNATURE
    return _joined(bytes(header), tags)


def _bare(tag: bytes) -> bytes:
    """Return a tag without what follows its numbers.

    Raises:
        ValueError: it is of a kind that no colours are converted with.
    """
    kind = tag[:4]
    if kind in TABLES:
        return kind + bytes(4) + tag[8:]
    if kind == b"XYZ ":
        size = 20
    elif kind == b"curv":
        size = 12 + 2 * int(struct.unpack_from(">I", tag, 8)[0])
    elif kind == b"para":
        size = 12 + 4 * PARAMETERS.get(struct.unpack_from(">H", tag, 8)[0], 0)
    elif kind == b"sf32":
        size = 44
    elif kind == b"cicp":
        size = 12
    else:
        raise ValueError(f"a tag of the kind {kind!r}")
    if len(tag) < size:
        raise ValueError("a tag that is cut short")
    return kind + bytes(4) + tag[8:size]


def _text(text: str, version: int, kind: bytes) -> bytes:
    """Return a text as the version of the profile writes it."""
    if version >= 4:
        wide = text.encode("utf-16-be")
        return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(wide), 28) + wide
    line = text.encode() + b"\0"
    if kind == b"text":
        return b"text" + bytes(4) + line
    return b"desc" + struct.pack(">II", 0, len(line)) + line + bytes(8 + 3 + 67)


def _joined(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    place = HEADER_BYTES + 4 + ENTRY_BYTES * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, place + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    whole = header + table + body
    return struct.pack(">I", len(whole)) + whole[4:]
