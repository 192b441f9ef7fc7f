"""The contract of reading and writing photos, on real files of every supported kind."""

import io
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageOps, PngImagePlugin

from unveil.degradation import Storage
from unveil.errors import UnveilError, UsageError
from unveil.images import photos
from unveil.images.photos import Photo, list_photos, read_photo, read_rgb8, write_photo

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
ALPHA = RNG.integers(1, 256, (5, 7), dtype=np.uint8)
GRAY = np.repeat(RGB[..., :1], 3, axis=2)
SMOOTH = np.dstack(np.meshgrid(np.arange(0, 256, 8), np.arange(0, 256, 8), [128])).astype(np.uint8)
MARKER = "SECRETPLACE"


def secret_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = exif[ExifTags.Base.ImageDescription] = MARKER
    gps = {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (48.0, 51.0, 30.0)}
    exif[ExifTags.IFD.GPSInfo] = gps | {ExifTags.GPS.GPSMapDatum: MARKER}
    return exif


# --- What a file holds, and what comes out -------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".tiff", ".bmp", ".PNG"])
@pytest.mark.parametrize("photo", [Photo(RGB), Photo(GRAY, grayscale=True)], ids=["rgb", "gray"])
def test_lossless_formats_round_trip_exactly(tmp_path, suffix, photo):
    write_photo(photo, tmp_path / f"photo{suffix}")
    again = read_photo(tmp_path / f"photo{suffix}")
    assert again.rgb.dtype == np.uint8
    np.testing.assert_array_equal(again.rgb, photo.rgb)
    assert again.alpha is None
    if suffix != ".webp":  # which knows no gray
        assert again.grayscale == photo.grayscale


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_round_trips_closely(tmp_path, suffix):
    write_photo(Photo(SMOOTH), tmp_path / f"photo{suffix}")
    assert np.abs(read_rgb8(tmp_path / f"photo{suffix}").astype(int) - SMOOTH).max() <= 6


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("gray", [False, True])
def test_alpha_is_kept(tmp_path, suffix, gray):
    write_photo(Photo(GRAY if gray else RGB, ALPHA, gray), tmp_path / f"photo{suffix}")
    again = read_photo(tmp_path / f"photo{suffix}")
    np.testing.assert_array_equal(again.rgb, GRAY if gray else RGB)
    np.testing.assert_array_equal(again.alpha, ALPHA)
    assert again.grayscale == (gray and suffix != ".webp")


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_without_alpha_in_the_format_hidden_colours_become_white(tmp_path, suffix, kind):
    top = np.iinfo(kind).max
    alpha = np.full((16, 16), top, kind)
    alpha[:, 8:] = 0
    write_photo(Photo(np.zeros((16, 16, 3), kind), alpha), tmp_path / f"photo{suffix}")
    written = read_photo(tmp_path / f"photo{suffix}")
    assert written.alpha is None
    assert written.rgb[:, :8].max() <= 3
    assert written.rgb[:, 8:].min() >= 252


def test_half_transparent_pixels_are_mixed_with_white(tmp_path):
    write_photo(Photo(RGB, ALPHA), tmp_path / "photo.bmp")
    backdrop = Image.new("RGBA", (7, 5), "white")
    backdrop.alpha_composite(Image.fromarray(np.dstack([RGB, ALPHA])))
    expected = np.array(backdrop.convert("RGB"), int)
    assert np.abs(read_photo(tmp_path / "photo.bmp").rgb - expected).max() <= 1


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "keyed L", "keyed P", "keyed RGB"]
)
def test_every_mode_reads_as_pillow_shows_it(tmp_path, mode):
    source = RGB if "P" in mode else np.dstack([RGB, ALPHA])
    image = Image.fromarray(source).convert(mode.split()[-1])
    options = {"transparency": image.getpixel((2, 1))} if "keyed" in mode else {}
    path = tmp_path / ("photo.tif" if mode == "CMYK" else "photo.png")
    image.save(path, **options)
    photo = read_photo(path)
    with Image.open(path) as opened:
        rgba = np.array(opened.convert("RGB") if mode == "CMYK" else opened.convert("RGBA"))
    np.testing.assert_array_equal(photo.rgb, rgba[..., :3])
    assert photo.grayscale == (mode in ("1", "L", "LA", "keyed L"))
    if mode in ("LA", "RGBA") or "keyed" in mode:
        np.testing.assert_array_equal(photo.alpha, rgba[..., 3])
        assert photo.alpha.min() < 255
    else:
        assert photo.alpha is None


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".jpg"])
def test_gray_files_stay_gray(tmp_path, suffix):
    Image.fromarray(GRAY).convert("L").save(tmp_path / "gray.png")
    write_photo(read_photo(tmp_path / "gray.png"), tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert image.mode in ("L", "P")  # BMP has a palette of grays


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".avif"])
def test_what_is_written_with_loss_is_hardly_lossy(tmp_path, suffix):
    """Red beside blue, to the pixel: whole colours, as the best quality of most programs has."""
    rgb = np.zeros((32, 32, 3), np.uint8)
    rgb[:, ::2, 0] = rgb[:, 1::2, 2] = 255
    write_photo(Photo(rgb), tmp_path / f"photo{suffix}")
    assert np.abs(read_rgb8(tmp_path / f"photo{suffix}").astype(int) - rgb).mean() < 8
    if suffix != ".avif":
        assert read_photo(tmp_path / f"photo{suffix}").storage == Storage("jpeg", 95)


def test_cmyk_jpeg_has_its_colours(tmp_path):
    Image.new("CMYK", (16, 16), (255, 0, 0, 0)).save(tmp_path / "cyan.jpg", quality=95)
    assert np.abs(read_photo(tmp_path / "cyan.jpg").rgb - np.array([0, 255, 255])).max() <= 3


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_and_not_written(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    rgba = np.dstack([RGB, ALPHA]) if suffix == ".png" else RGB
    Image.fromarray(rgba).save(tmp_path / f"in{suffix}", exif=exif)
    with Image.open(tmp_path / f"in{suffix}") as image:
        upright = np.array(ImageOps.exif_transpose(image))
    photo = read_photo(tmp_path / f"in{suffix}")
    np.testing.assert_array_equal(photo.rgb, upright[..., :3])
    if suffix == ".png":
        np.testing.assert_array_equal(photo.alpha, upright[..., 3])
    write_photo(photo, tmp_path / "out.tif")
    np.testing.assert_array_equal(read_photo(tmp_path / "out.tif").rgb, photo.rgb)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize(
    "exif",  # no header; cut short; a word where a number should be
    [b"no TIFF", b"II*\0\x08\0\0\0\x09\0ab", b"II*\0\x08\0\0\0\1\0\x12\1\2\0\3\0\0\0up\0\0"],
)
def test_damaged_exif_does_not_hide_the_photo(tmp_path, suffix, exif):
    Image.fromarray(SMOOTH).save(tmp_path / f"in{suffix}", exif=b"Exif\0\0" + exif)
    with ThreadPoolExecutor(4) as pool:  # warnings are errors here, in every thread
        for rgb in pool.map(read_rgb8, [tmp_path / f"in{suffix}"] * 12):
            assert np.abs(rgb.astype(int) - SMOOTH).mean() < 6


# --- Metadata -------------------------------------------------------------------------------


def with_metadata(folder: Path, kind: str) -> Path:
    path = folder / f"in{kind.removeprefix('deep')}"
    image, xmp = Image.fromarray(RGB), f"<x:xmpmeta>{MARKER}</x:xmpmeta>".encode()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", MARKER)
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    if kind == "deep.tif":
        tags = [(270, 2, 0, MARKER, True), (700, 1, len(xmp), xmp, True)]
        tifffile.imwrite(path, RGB.astype(np.uint16) * 257, photometric="rgb", extratags=tags)
    elif "png" in kind:
        image = Image.fromarray(GRAY[..., 0].astype(np.uint16)) if "deep" in kind else image
        image.save(path, pnginfo=text, exif=secret_exif())
    elif kind == ".tif":
        image.save(path, exif=secret_exif(), tiffinfo={700: xmp, 315: MARKER})
    else:
        image.save(path, exif=secret_exif(), xmp=xmp, comment=MARKER)
    return path


@pytest.mark.parametrize("target", photos.SUFFIXES)
@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp", ".tif", "deep.png", "deep.tif"])
def test_no_metadata_is_written(tmp_path, kind, target):
    source = with_metadata(tmp_path, kind)
    assert MARKER.encode() in source.read_bytes()
    write_photo(read_photo(source), tmp_path / f"out{target}")
    assert MARKER.encode() not in (tmp_path / f"out{target}").read_bytes()
    with Image.open(tmp_path / f"out{target}") as image:
        image.load()
        assert not image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        structural = range(254, 340) if "tif" in target else ()  # a TIFF is nothing but tags
        assert set(image.getexif()) <= set(structural) - {270, 271, 272, 305, 306, 315, 316}
        assert not {"exif", "xmp", "comment", "Comment", "XML:com.adobe.xmp"} & set(image.info)


# --- Bad input -----------------------------------------------------------------------------


def encoded(format_: str, image: np.ndarray = SMOOTH, **options) -> bytes:
    Image.fromarray(image).save(buffer := io.BytesIO(), format_, **options)
    return buffer.getvalue()


def several(format_: str) -> bytes:
    return encoded(format_, save_all=True, append_images=[Image.fromarray(255 - SMOOTH)])


def bomb() -> bytes:
    header = b"IHDR" + struct.pack(">II", 50_000, 50_000) + b"\x08\x02\0\0\0"
    start = b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header))
    return start + b"\0\0\0\x04IDATnone"


def tiff(kind: type) -> bytes:
    tifffile.imwrite(file := io.BytesIO(), np.ones((9, 9, 3), kind), photometric="rgb")
    return file.getvalue()


BAD = {
    "empty.jpg": (b"", "is empty: it holds 0 bytes"),
    "text.jpg": (b"just a text\n" * 99, "is not a photo"),
    "gif.png": (encoded("GIF"), "is not a photo"),
    "tiny.png": (encoded("PNG", RGB[:1, :1]), "1x1 pixels is too small"),
    "thin.bmp": (encoded("BMP", RGB[:1]), "7x1 pixels is too small"),
    "bomb.png": (bomb(), r"50000x50000 .* limit of 200,000,000; .*--max-pixels"),
    "pages.tif": (several("TIFF"), "several pictures"),
    "film.webp": (several("WEBP"), "several pictures"),
    "film.png": (several("PNG"), "several pictures"),
    "float.tif": (encoded("TIFF", SMOOTH[..., 0].astype(np.float32)), "holds float32 values"),
    "colours.tif": (tiff(np.float32), "holds float32 values; only whole numbers of 8 or 16 bits"),
    "double.tif": (tiff(np.float64), "holds float64 values"),
    "uint32.tif": (tiff(np.uint32), "holds uint32 values"),
    "int.tif": (encoded("TIFF", SMOOTH[..., 0].astype(np.int32)), "8 or 16 bits"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_in_one_line_that_names_them(tmp_path, name):
    content, reason = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnveilError, match=reason) as caught:
        read_photo(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".jpg", {}), (".png", {}), (".webp", {"lossless": True}), (".bmp", {}), (".tif", {}),
     (".tif", {"compression": "tiff_lzw"})],
)  # fmt: skip
def test_truncated_files_are_refused(tmp_path, suffix, options, part):
    noise = RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    content = encoded(photos.SAVE_OPTIONS[suffix]["format"], noise, **options)
    (tmp_path / f"cut{suffix}").write_bytes(content[: int(part * len(content))])
    with pytest.raises(UnveilError, match=f"cut{suffix}: (damaged or cut|is not a photo)"):
        read_photo(tmp_path / f"cut{suffix}")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.png", "no such file"), ("folder.png", "it is a folder"), ("file/x.png", "Not a dir")],
)
def test_paths_that_are_no_file_are_refused(tmp_path, name, reason):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnveilError, match=f"{name}: .*{reason}"):
        read_photo(tmp_path / name)


def test_max_pixels_is_a_bound_that_may_be_reached_whatever_pillow_allows(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    Image.fromarray(RGB).save(tmp_path / "in.png")
    assert read_photo(tmp_path / "in.png", max_pixels=35).rgb.shape == (5, 7, 3)
    with pytest.raises(UnveilError, match=r"7x5 is 35 pixels, .* limit of 34; .*--max-pixels"):
        read_photo(tmp_path / "in.png", max_pixels=34)
    assert Image.MAX_IMAGE_PIXELS == 4


def test_a_phone_jpeg_with_a_second_picture_reads_as_its_first(tmp_path):
    (tmp_path / "phone.jpg").write_bytes(several("MPO"))
    assert np.abs(read_rgb8(tmp_path / "phone.jpg").astype(int) - SMOOTH).mean() < 6


def test_list_photos_gives_sorted_relative_paths_of_visible_photos(tmp_path):
    for name in ("b/z.JPG", "b/a.tiff", "c.webp", ".hidden.png", "notes.txt", "folder.png/x.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_photos(tmp_path) == ["b/a.tiff", "b/z.JPG", "c.webp", "folder.png/x.bmp"]


@pytest.mark.parametrize(("name", "reason"), [("none", "no such folder"), ("", "no photos in it")])
def test_a_folder_without_photos_is_refused(tmp_path, name, reason):
    with pytest.raises(UnveilError, match=reason):
        list_photos(tmp_path / name)


# --- Writing, whole or not at all ----------------------------------------------------------

EVERY_KIND = """
import pathlib, resource, signal, sys
import numpy as np
from unveil.errors import UnveilError
from unveil.images.photos import SUFFIXES, Photo, write_photo

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
for kind in (np.uint8, np.uint16):
    for suffix in SUFFIXES:
        for stem in ("new", "old"):
            target = pathlib.Path(sys.argv[1]) / (stem + np.dtype(kind).name + suffix)
            try:
                write_photo(Photo(noise.astype(kind) * (257 if kind is np.uint16 else 1)), target)
            except UnveilError as error:
                print(str(error) if str(error).startswith(f"{target}: cannot be written (") else "")
"""


def test_a_full_disk_leaves_no_file_and_the_old_target(tmp_path):
    pytest.importorskip("resource")  # POSIX
    old = {f"old{kind}{suffix}" for kind in ("uint8", "uint16") for suffix in photos.SUFFIXES}
    for name in old:
        (tmp_path / name).write_bytes(b"as it was")
    command = [sys.executable, "-c", EVERY_KIND, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split("\n")) - 1 == 2 * len(old) == done.stdout.count("cannot be")
    assert {path.name for path in tmp_path.iterdir()} == old
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"as it was"}


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("name", "reason"),
    [("none/x.png", "No such file"), ("file/x.tif", "Not a directory"), ("folder.png", "Is a dir")],
)
def test_places_that_cannot_be_written_are_refused(tmp_path, name, reason, kind):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UnveilError, match=f"{name}: cannot be written .*{reason}") as caught:
        write_photo(Photo(RGB.astype(kind)), tmp_path / name)
    assert "\n" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"folder.png", "file"}


@pytest.mark.parametrize("name", ["photo.gif", "photo", "photo.heic", ".png"])
def test_unknown_output_formats_are_a_usage_error(tmp_path, name):
    with pytest.raises(UsageError, match=r"cannot write this format; use one of \.jpg"):
        write_photo(Photo(RGB), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["wide.jpg", "wide.webp"])
def test_a_photo_too_wide_for_its_format_is_refused_and_leaves_nothing(tmp_path, name):
    with pytest.raises(UnveilError, match=f"{name}: cannot be written"):
        write_photo(Photo(np.zeros((2, 70_000, 3), np.uint8)), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_written_photo_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "any").touch()
    write_photo(Photo(RGB), tmp_path / "photo.png")
    assert (tmp_path / "photo.png").stat().st_mode == (tmp_path / "any").stat().st_mode
