"""Files that claim more pixels than they can hold, and honest ones of one colour."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from unveil.errors import UnveilError
from unveil.images import claims
from unveil.images.photos import read_photo

SIDE_PX = 13000
TIFFS = ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "zstd", "group4"]
FORMATS = {
    "lossy.webp": {"quality": 1},
    "lossless.webp": {"lossless": True},
    "a.avif": {"speed": 10},
    "a.bmp": {},
    **{f"{name}.tif": {"compression": name} for name in TIFFS},
}


def written(folder, name, side_px, image=None):
    image = image or Image.new("1" if name.startswith("group4") else "RGB", (side_px, side_px), 1)
    image.save(path := folder / name, **FORMATS[name])
    return path


def lying(name, content):
    """Return a file with SIDE_PX for the width and the height that its header states."""
    content, short = bytearray(content), struct.pack("<HH", SIDE_PX, SIDE_PX)
    if name == "lossy.webp":
        place = content.index(claims_start := b"\x9d\x01\x2a") + len(claims_start)
        content[place : place + 4] = short
    elif name == "lossless.webp":
        place = content.index(b"VP8L") + 9
        content[place : place + 4] = struct.pack("<I", (SIDE_PX - 1) | (SIDE_PX - 1) << 14)
    elif name == "a.avif":
        place = content.index(b"ispe") + 8
        content[place : place + 8] = struct.pack(">II", SIDE_PX, SIDE_PX)
    elif name == "a.bmp":
        content[18:26] = struct.pack("<II", SIDE_PX, SIDE_PX)
    else:
        (first,) = struct.unpack_from("<I", content, 4)
        for entry in range(first + 2, first + 26, 12):  # the tags of width and height come first
            if struct.unpack_from("<H", content, entry)[0] in (256, 257):
                struct.pack_into("<HII", content, entry + 2, 4, 1, SIDE_PX)
    return bytes(content)


@pytest.mark.parametrize("name", FORMATS)
def test_a_few_kilobytes_that_claim_169_megapixels_are_refused(name, tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8))
    path = written(tmp_path, name, 0, noise.convert("1") if name == "group4.tif" else noise)
    path.write_bytes(lying(name, path.read_bytes()))
    with pytest.raises(UnveilError, match=r"[0-9,]+ bytes are too few for 13000x13000 pixels"):
        read_photo(path)


@pytest.mark.parametrize("name", FORMATS)
def test_an_honest_picture_of_one_colour_is_read(name, tmp_path):
    path = written(tmp_path, name, 1200)
    shown = read_photo(path).rgb
    assert shown.shape == (1200, 1200, 3)
    assert np.ptp(shown) <= 1
    with Image.open(path) as image, path.open("rb") as file:
        cut = io.BytesIO(file.read()[: 1 + path.stat().st_size * 2 // 3])
        if name != "a.bmp" and name != "raw.tif":  # whose size is known to the byte
            assert claims.can_hold(cut, image), "the bound is near"
