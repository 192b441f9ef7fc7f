"""TIFF files: which page is the picture, and what is said of those that cannot be read."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage import data

from unveil.errors import UnveilError
from unveil.images.photos import read_photo

RGB = data.astronaut()[:60, 100:180]
SMALL = np.ascontiguousarray(RGB[::4, ::4])
DEEP = RGB.astype(np.uint16) * 257
REDUCED, MASK = 1, 4


def written(path: Path, *pages: tuple[np.ndarray, int], **how: object) -> Path:
    """Write pages, each with its kind (NewSubfileType)."""
    with tifffile.TiffWriter(path, **how) as file:
        for pixels, kind in pages:
            colours = "rgb" if pixels.ndim == 3 else "minisblack"
            file.write(pixels, photometric=colours, subfiletype=kind)
    return path


@pytest.mark.parametrize("full", [RGB, DEEP], ids=["8", "16"])
@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize(
    "others",
    [[("after", SMALL, REDUCED)], [("before", SMALL, REDUCED)],
     [("after", RGB[..., 0] > 99, MASK)],
     [("before", SMALL, REDUCED), ("after", SMALL, REDUCED), ("after", SMALL[::2], REDUCED)]],
    ids=["thumbnail after", "thumbnail before", "mask", "pyramid"],
)  # fmt: skip
def test_the_page_that_is_the_picture_is_read(tmp_path, full, is_big, others):
    pages = [(np.ascontiguousarray(page), kind) for at, page, kind in others if at == "before"]
    pages += [(full, 0)]
    pages += [(np.ascontiguousarray(page), kind) for at, page, kind in others if at == "after"]
    photo = read_photo(written(tmp_path / "a.tif", *pages, bigtiff=is_big))
    assert np.array_equal(photo.rgb, full)


def test_two_pictures_are_several(tmp_path):
    with pytest.raises(UnveilError, match="holds several pictures"):
        read_photo(written(tmp_path / "a.tif", (RGB, 0), (SMALL, REDUCED), (RGB[::-1].copy(), 0)))


def test_a_thumbnail_alone_is_a_picture(tmp_path):
    assert read_photo(written(tmp_path / "a.tif", (RGB, REDUCED))).rgb.shape == RGB.shape


def channels(count: int, kind: type) -> np.ndarray:
    return np.dstack([RGB[..., :1]] * count).astype(kind)


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (channels(5, np.uint16), "holds 5 channels of uint16; save it as RGB"),
        (channels(7, np.uint8), "holds 7 channels of uint8; save it as RGB"),
        (channels(2, np.uint8), "holds 2 channels of uint8; save it as RGB"),
        (channels(3, np.float16), "holds float16 values; only whole numbers of 8 or 16 bits"),
        (channels(1, np.int16)[..., 0], "holds int16 values"),
        (channels(1, np.int8)[..., 0], "holds int8 values"),
        (channels(1, np.complex64)[..., 0], "holds complex64 values"),
    ],
)
def test_what_kind_of_tiff_is_not_read_is_said_and_nothing_else(tmp_path, pixels, told):
    """In a process of its own: libraries print by other means than ``sys.stderr``."""
    path = tmp_path / "a.tif"
    extra = [0] * (pixels.shape[2] - 1) if pixels.ndim == 3 and pixels.shape[2] != 3 else None
    colours = "rgb" if pixels.ndim == 3 and pixels.shape[2] == 3 else "minisblack"
    tifffile.imwrite(path, pixels, photometric=colours, planarconfig=None, extrasamples=extra)
    with pytest.raises(UnveilError, match=told):
        read_photo(path)


def test_nothing_is_printed_of_damaged_files(tmp_path):
    """Of the 60, some have an intact picture; a library's own words must not be shown."""
    rng = np.random.default_rng(3)
    how = {"photometric": "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(tmp_path / "seven.tif", channels(7, np.uint8), **how)
    for number in range(60):
        pixels, kind = [(RGB, 0), (DEEP, 0), (RGB.astype(np.float32), 0)][number % 3], REDUCED
        path = written(tmp_path / f"{number}.tif", pixels, (SMALL, kind), bigtiff=number % 2)
        content = bytearray(path.read_bytes())
        for place in rng.integers(4, 300, 12):
            content[place] = rng.integers(256)
        path.write_bytes(content[: len(content) // 2] if number % 5 == 0 else content)
    code = """if True:
        import sys
        from pathlib import Path
        from unveil.errors import UnveilError
        from unveil.images.photos import read_photo
        for path in sorted(Path(sys.argv[1]).glob("*.tif")):
            try:
                read_photo(path)
            except UnveilError as error:
                assert str(error).startswith(f"{path}: "), error
                assert "\\n" not in str(error)
                print("refused")
    """
    words = [sys.executable, "-c", code, tmp_path]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("refused") > 30


def test_uncompressed_ycbcr_is_told_as_such(tmp_path):
    Image.new("YCbCr", (16, 16)).save(tmp_path / "ycc.tif")
    with pytest.raises(UnveilError, match="uncompressed YCbCr"):
        read_photo(tmp_path / "ycc.tif")


def test_a_compression_that_is_not_read_is_named(tmp_path):
    """WebP: libtiff would print that it lacks it."""
    Image.fromarray(RGB).save(encoded := io.BytesIO(), "TIFF")
    content = bytearray(encoded.getvalue())
    at = content.index(struct.pack("<HHIH", 259, 3, 1, 1))
    content[at + 8 : at + 10] = struct.pack("<H", 50001)
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(UnveilError, match="is a TIFF in WebP, which cannot be read; save it as"):
        read_photo(tmp_path / "a.tif")


def test_pages_that_go_in_a_circle_are_read_once(tmp_path):
    path = written(tmp_path / "a.tif", (RGB, 0), (SMALL, REDUCED))
    content = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", content, 4)[0]
    tags = struct.unpack_from("<H", content, first)[0]
    second = struct.unpack_from("<I", content, first + 2 + 12 * tags)[0]
    tags = struct.unpack_from("<H", content, second)[0]
    struct.pack_into("<I", content, second + 2 + 12 * tags, first)
    path.write_bytes(content)
    assert np.array_equal(read_photo(path).rgb, RGB)


def test_what_libtiff_prints_reaches_nobody(tmp_path, capfd):
    path = tmp_path / "cut.tif"
    Image.fromarray(np.arange(48 * 40, dtype=np.uint8).reshape(40, 48)).save(
        path, compression="tiff_adobe_deflate"
    )
    content = bytearray(path.read_bytes())
    content[20:60] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(UnveilError, match=r"cut\.tif"):
        read_photo(path)
    assert capfd.readouterr().err == ""
