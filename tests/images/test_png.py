"""PNG files as other programs open them: no side information hinders, large or damaged."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from unveil.errors import UnveilError
from unveil.images.photos import read_photo
from unveil.images.png import readable

MANY = 1_200_000
VALUES = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    summed = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", summed)


def picture(extra: bytes = b"", *, last: bool = False, **how) -> bytes:
    """Return a PNG with a further chunk behind its header, or before its end."""
    Image.fromarray(VALUES).save(stream := io.BytesIO(), "PNG", **how)
    content = stream.getvalue()
    place = len(content) - 12 if last else 33
    return content[:place] + extra + content[place:]


def large_profile(size: int) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(size)
    return struct.pack(">I", len(profile)) + profile[4:]


HINDERING = {
    "a long packed text": chunk(b"zTXt", b"a\0\0" + zlib.compress(b" " * MANY)),
    "a long packed Unicode text": chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b" " * MANY)),
    "a long text": chunk(b"tEXt", b"a\0" + b"x" * MANY),
    "a text that unpacks to 300 MB": chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(300_000_000))),
    "a text of a wrong sum": chunk(b"tEXt", b"a\0bcd", 0),
    "a gamma of a wrong sum": chunk(b"gAMA", bytes(4), 1),
    "a profile of a wrong sum": chunk(b"iCCP", b"a\0\0" + zlib.compress(large_profile(9)), 2),
    "a short size of pixels": chunk(b"pHYs", b"ab"),
    "a profile that is none": chunk(b"iCCP", b"a\0\0abc"),
    "a profile that unpacks to 100 MB": chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8))),
}


@pytest.mark.parametrize("case", HINDERING)
@pytest.mark.parametrize("last", [False, True])
def test_the_picture_is_read_whatever_stands_beside_it(case, last, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(picture(HINDERING[case], last=last))
    np.testing.assert_array_equal(read_photo(path).rgb, VALUES)


def test_a_large_profile_is_used(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(picture(chunk(b"iCCP", b"a\0\0" + zlib.compress(large_profile(MANY)))))
    np.testing.assert_allclose(read_photo(path).rgb, VALUES, atol=1)  # of sRGB itself


def test_what_hinders_nothing_is_the_very_file():
    for content in (picture(), picture(dpi=(72, 72)), b"no PNG at all", b""):
        file = io.BytesIO(content)
        assert readable(file) is file
        assert file.read() == content


def test_a_picture_that_is_damaged_itself_is_still_refused(tmp_path):
    content = bytearray(picture())
    content[content.index(b"IHDR") + 4] ^= 0xFF
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(UnveilError, match=r"a\.png"):
        read_photo(path)


def test_a_file_that_is_cut_off_in_a_chunk_is_told_in_one_line(tmp_path):
    path = tmp_path / "a.png"
    whole = picture(chunk(b"tEXt", b"a\0b"))
    for length in (9, 20, 34, 60, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(UnveilError, match=r"a\.png") as told:
            read_photo(path)
        assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_chunk_that_claims_more_than_the_file_holds_is_refused_before_it_is_believed(
    kind, tmp_path
):
    """OpenCV took the four gigabytes of a length that was spoiled."""
    path = tmp_path / "long.png"
    cv2.imwrite(str(path), VALUES.astype(kind) * (257 if kind is np.uint16 else 1))
    content = path.read_bytes()
    place = content.index(b"IDAT")
    path.write_bytes(content[: place - 4] + b"\xff\x00\x00\x2e" + content[place:])
    with pytest.raises(UnveilError, match="damaged or cut short"):
        read_photo(path)
    with pytest.raises(ValueError, match="behind the end"):
        readable(io.BytesIO(path.read_bytes()))


def test_a_png_too_short_for_its_pixels_is_refused(tmp_path):
    """One of zeros is packed about as tightly as deflate can: it is far from no bound, and read."""
    Image.new("1", (8000, 8000)).save(tmp_path / "zeros.png", compress_level=9)
    assert read_photo(tmp_path / "zeros.png").rgb.max() == 0
    Image.new("RGB", (64, 64)).save(path := tmp_path / "lie.png")
    content = path.read_bytes()
    head = struct.pack(">II", 13000, 13000) + content[24:29]
    sum_of = struct.pack(">I", zlib.crc32(b"IHDR" + head))
    path.write_bytes(content[:16] + head + sum_of + content[33:])
    with pytest.raises(UnveilError, match="bytes are too few for 13000x13000 pixels"):
        read_photo(path)
