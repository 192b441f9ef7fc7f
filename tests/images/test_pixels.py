"""Depth and colour: 16-bit files, 16 to 8 bits, embedded colour profiles."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps

from unveil.errors import UnveilError
from unveil.images.photos import Photo, read_photo, read_rgb8, write_photo
from unveil.images.pixels import brightness

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 65536, (5, 7, 3), dtype=np.uint16)
ALPHA = RNG.integers(1, 65536, (5, 7), dtype=np.uint16)
GRAY = RGB[..., 0]
RGB8, ALPHA8 = (RGB >> 8).astype(np.uint8), (ALPHA >> 8).astype(np.uint8)
RGBA = np.dstack([RGB, ALPHA])
KEYED_ALPHA = np.where(np.arange(35).reshape(5, 7) == 2 * 7 + 3, 0, 65535)
SMOOTH = np.dstack(np.meshgrid(np.arange(0, 256, 8), np.arange(0, 256, 8), [128])).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def in_three(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray[..., None], 3, axis=2)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples: np.ndarray, *extra: bytes) -> bytes:
    """A 16-bit PNG written by hand: any number of channels, any chunk before the pixels."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    body = chunk(b"IHDR", header) + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def write(path: Path, samples: np.ndarray, **options) -> Path:
    """Write 16-bit samples with the libraries' own writers."""
    if path.suffix == ".png":
        path.write_bytes(png(samples))
    else:
        options.setdefault("photometric", "minisblack" if samples.ndim == 2 else "rgb")
        tifffile.imwrite(path, samples, **options)
    return path


def icc(space: bytes, **tags: bytes) -> bytes:
    """A minimal ICC v2 display profile; its name says sRGB whatever it holds."""
    name = b"linear sRGB\0"
    tags["desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78)
    tags["wtpt"] = xyz(0.9642, 1.0, 0.8249)
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += key.encode() + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s28x", start + len(data), 0x02100000, b"mntr", space,
                         b"XYZ ", b"acsp") + xyz(0.9642, 1.0, 0.8249)[8:] + bytes(48)  # fmt: skip
    return header + struct.pack(">I", len(tags)) + table + data


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def all_three(curve: bytes) -> dict[str, bytes]:
    return dict.fromkeys(("rTRC", "gTRC", "bTRC"), curve)


LEVELS = np.linspace(0, 1, 26)  # as coarse as the smallest sRGB profiles in use
TABLE = np.where(LEVELS <= 0.04045, LEVELS / 12.92, ((LEVELS + 0.055) / 1.055) ** 2.4) * 65535
SRGB_CURVE = b"curv\0\0\0\0\0\0\0\x1a" + np.round(TABLE).astype(">u2").tobytes()
RED, GREEN, BLUE = (
    xyz(0.436, 0.2225, 0.0139),
    xyz(0.3851, 0.7169, 0.0971),
    xyz(0.1431, 0.0606, 0.7141),
)
LINEAR = icc(b"RGB ", rXYZ=RED, gXYZ=GREEN, bXYZ=BLUE, **all_three(gamma(1.0)))
SWAPPED = icc(b"RGB ", rXYZ=GREEN, gXYZ=RED, bXYZ=BLUE, **all_three(gamma(1.0)))
COARSE_SRGB = icc(b"RGB ", rXYZ=RED, gXYZ=GREEN, bXYZ=BLUE, **all_three(SRGB_CURVE))
GRAY_LINEAR = icc(b"GRAY", kTRC=gamma(1.0))


def in_srgb(image: Image.Image, profile: bytes) -> np.ndarray:
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    source, target = io.BytesIO(profile), ImageCms.createProfile("sRGB")
    done = ImageCms.profileToProfile(image, source, target, intent, "RGB", flags=flags)
    return np.array(done)


# --- 16-bit files --------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("kind", ["gray", "rgb", "rgba"])
def test_16bit_files_keep_every_value(tmp_path, suffix, kind):
    samples = {"gray": GRAY, "rgb": RGB, "rgba": RGBA}[kind]
    extra = {"extrasamples": ["unassalpha"]} if kind == "rgba" else {}
    photo = read_photo(write(tmp_path / f"in{suffix}", samples, **extra))
    assert photo.rgb.dtype == np.uint16
    assert photo.grayscale == (kind == "gray")
    np.testing.assert_array_equal(photo.rgb, in_three(GRAY) if kind == "gray" else RGB)
    write_photo(photo, tmp_path / f"out{suffix}")
    again = read_photo(tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(again.rgb, photo.rgb)
    np.testing.assert_array_equal(again.alpha, ALPHA if kind == "rgba" else None)
    with_cv2 = cv2.imread(str(tmp_path / f"out{suffix}"), cv2.IMREAD_UNCHANGED)
    order = {"gray": ..., "rgb": [2, 1, 0], "rgba": [2, 1, 0, 3]}[kind]
    np.testing.assert_array_equal(with_cv2 if kind == "gray" else with_cv2[..., order], samples)


def test_16bit_files_of_opencv_are_read(tmp_path):
    for name in ("in.png", "in.tif"):  # the TIFF is LZW with a predictor
        cv2.imwrite(str(tmp_path / name), RGB[..., ::-1])
        np.testing.assert_array_equal(read_photo(tmp_path / name).rgb, RGB)


@pytest.mark.parametrize(
    ("samples", "extra", "alpha"),
    [
        (np.dstack([GRAY, ALPHA]), b"", ALPHA),
        (GRAY, chunk(b"tRNS", struct.pack(">H", GRAY[2, 3])), KEYED_ALPHA),
        (RGB, chunk(b"tRNS", struct.pack(">3H", *RGB[2, 3])), KEYED_ALPHA),
    ],
    ids=["gray with alpha", "gray with a key", "RGB with a key"],
)
def test_rare_alpha_of_16bit_png_is_kept(tmp_path, samples, extra, alpha):
    (tmp_path / "in.png").write_bytes(png(samples, extra))
    write_photo(read_photo(tmp_path / "in.png"), tmp_path / "out.png")
    photo = read_photo(tmp_path / "out.png")
    np.testing.assert_array_equal(photo.rgb, RGB if samples is RGB else in_three(GRAY))
    np.testing.assert_array_equal(photo.alpha, alpha)


@pytest.mark.parametrize(
    "options",
    [{"byteorder": ">"}, {"tile": (16, 16)}, {"bigtiff": True}, {"rowsperstrip": 2},
     {"compression": "zlib", "predictor": True}, {"extratags": [(65000, 3, 1, 9, True)]}],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_layouts_of_16bit_tiff_make_no_difference_and_no_noise(tmp_path, capfd, options):
    photo = read_photo(write(tmp_path / "in.tif", RGB, **options))
    np.testing.assert_array_equal(photo.rgb, RGB)
    assert capfd.readouterr().err == ""


def test_16bit_tiff_means_what_its_tags_say(tmp_path):
    inverted = read_photo(write(tmp_path / "w.tif", GRAY, photometric="miniswhite"))
    np.testing.assert_array_equal(inverted.rgb, in_three(65535 - GRAY))
    unspecified = read_photo(write(tmp_path / "u.tif", RGBA, extrasamples=["unspecified"]))
    np.testing.assert_array_equal(unspecified.rgb, RGB)
    assert unspecified.alpha is None
    laid = np.dstack([np.round(RGB * (ALPHA[..., None] / 65535)).astype(np.uint16), ALPHA])
    premultiplied = read_photo(write(tmp_path / "a.tif", laid, extrasamples=["assocalpha"]))
    np.testing.assert_array_equal(premultiplied.alpha, ALPHA)
    error = np.abs(premultiplied.rgb.astype(float) - RGB)
    assert (error <= 1 + 65535 / ALPHA[..., None]).all()


@pytest.mark.parametrize(
    ("samples", "options"),
    [
        (np.moveaxis(RGB, 2, 0).copy(), {"planarconfig": "separate"}),
        (RGBA, {"photometric": "separated"}),
        (RGB.astype(np.float32), {}),
        (RGB.astype(np.float16), {}),
        (GRAY.astype(np.int16), {}),
        (GRAY.astype(np.uint32), {}),
    ],
    ids=["planes", "cmyk", "float32", "float16", "signed", "32 bits"],
)
def test_kinds_that_would_come_out_wrong_are_refused(tmp_path, capfd, samples, options):
    with pytest.raises(UnveilError, match=r"in\.tif: .*(support|not a photo)"):
        read_photo(write(tmp_path / "in.tif", samples, **options))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("kind", ["gray", "rgb"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_16bit_orientation_is_that_of_pillow(tmp_path, suffix, kind, orientation):
    samples = GRAY if kind == "gray" else RGB
    exif = struct.pack("<4sIHHHIHHI", b"II*\0", 8, 1, 274, 3, 1, orientation, 0, 0)
    if suffix == ".png":
        (tmp_path / "in.png").write_bytes(png(samples, chunk(b"eXIf", exif)))
    else:
        write(tmp_path / "in.tif", samples, extratags=[(274, 3, 1, orientation, True)])
    numbers = Image.fromarray(np.arange(35, dtype=np.uint8).reshape(5, 7))
    numbers.getexif()[274] = orientation
    where = np.array(ImageOps.exif_transpose(numbers))
    expected = (in_three(GRAY) if kind == "gray" else RGB).reshape(35, 3)[where]
    np.testing.assert_array_equal(read_photo(tmp_path / f"in{suffix}").rgb, expected)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp"])
def test_16_bits_are_rounded_where_only_8_fit(tmp_path, suffix):
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    write_photo(Photo(in_three(levels)), tmp_path / f"out{suffix}")
    written = read_photo(tmp_path / f"out{suffix}").rgb
    assert written.dtype == np.uint8
    assert np.abs(written - levels[..., None] / 257).max() <= (3 if suffix == ".jpg" else 0.5)


def test_read_rgb8_rounds_16_bits(tmp_path):
    rgb = read_rgb8(write(tmp_path / "in.png", RGB))
    np.testing.assert_array_equal(rgb, np.round(RGB / 257).astype(np.uint8))


@pytest.mark.parametrize("part", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("compression", [None, "zlib", "png"])
def test_truncated_16bit_files_are_refused(tmp_path, compression, part):
    noise = RNG.integers(0, 65536, (40, 40, 3), dtype=np.uint16)
    if compression == "png":
        path = write(tmp_path / "cut.png", noise)
    else:
        path = write(tmp_path / "cut.tif", noise, compression=compression)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(UnveilError, match=r"cut\.(png|tif): (damaged or cut|is not a photo)"):
        read_photo(path)


def test_a_photo_that_the_png_encoder_refuses_leaves_nothing(tmp_path):
    with pytest.raises(UnveilError, match="cannot be written"):
        write_photo(Photo(np.zeros((2, 1_000_001, 3), np.uint16)), tmp_path / "wide.png")
    assert not list(tmp_path.iterdir())


# --- Colour profiles -----------------------------------------------------------------------


def owned(profile: bytes) -> bytes:
    """A profile with the owner's words in every place of it that colours do not take."""
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for number in range(count):
        name, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if name not in (b"desc", b"cprt"):
            tags[name] = profile[offset : offset + size] + b"OWNER behind"
    for name in (b"desc", b"cprt", b"dmnd", b"dmdd", b"text", b"priv"):
        tags[name] = b"text\0\0\0\0OWNER's camera\0"
    header = bytearray(profile[:128])
    header[4:8] = header[48:52] = header[52:56] = header[80:84] = b"OWNR"
    header[24:36] = struct.pack(">6H", 1999, 12, 31, 1, 2, 3)
    header[84:128] = b"OWNER".ljust(44, b"!")
    table, data, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(tag))
        data += tag + bytes(-len(tag) % 4)
    whole = bytes(header) + table + data
    return struct.pack(">I", len(whole)) + whole[4:]


PROFILES = {"real": SRGB, "linear": LINEAR, "swapped": SWAPPED, "coarse": COARSE_SRGB}


@pytest.mark.parametrize("target", [".png", ".tif"])
@pytest.mark.parametrize("source", [".png", ".tif"])
@pytest.mark.parametrize("name", PROFILES)
def test_16bit_files_keep_numbers_and_the_colours_of_the_profile(tmp_path, source, target, name):
    profile = owned(PROFILES[name])
    write_photo(Photo(RGB, icc_profile=profile), tmp_path / f"in{source}")
    with Image.open(tmp_path / f"in{source}") as image:
        assert image.info["icc_profile"] == profile
    write_photo(read_photo(tmp_path / f"in{source}"), tmp_path / f"out{target}")
    again = read_photo(tmp_path / f"out{target}")
    np.testing.assert_array_equal(again.rgb, RGB)
    with Image.open(tmp_path / f"out{target}") as image:
        kept = image.info["icc_profile"]
    assert kept == again.icc_profile  # nothing more can be taken off
    assert b"OWN" not in kept
    assert kept[24:36] != profile[24:36]
    probe = Image.fromarray(SMOOTH)
    np.testing.assert_array_equal(in_srgb(probe, kept), in_srgb(probe, PROFILES[name]))


@pytest.mark.parametrize(
    "profile", [b"OWNER" * 60, owned(SRGB)[:140], owned(icc(b"RGB ", rTRC=b"what" + bytes(20)))]
)
def test_a_profile_that_cannot_be_read_is_not_kept(tmp_path, profile):
    write_photo(Photo(RGB, icc_profile=profile), tmp_path / "in.png")
    photo = read_photo(tmp_path / "in.png")
    assert photo.icc_profile is None
    np.testing.assert_array_equal(photo.rgb, RGB)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("profile", [LINEAR, SWAPPED], ids=["linear", "swapped"])
def test_8bit_colours_are_converted_to_srgb_and_written_without_profile(tmp_path, suffix, profile):
    Image.fromarray(SMOOTH).save(tmp_path / f"in{suffix}", icc_profile=profile)
    with Image.open(tmp_path / f"in{suffix}") as image:
        expected = in_srgb(image.convert("RGB"), profile)
    photo = read_photo(tmp_path / f"in{suffix}")
    np.testing.assert_array_equal(photo.rgb, expected)
    assert photo.icc_profile is None
    write_photo(photo, tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert "icc_profile" not in image.info


def test_linear_light_becomes_srgb_by_the_formula(tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / "in.png", icc_profile=LINEAR)
    light = SMOOTH / 255
    expected = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    assert np.abs(read_photo(tmp_path / "in.png").rgb - expected).max() <= 2


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P"])
def test_profiles_apply_beside_alpha_gray_and_palette(tmp_path, mode):
    profile = GRAY_LINEAR if "L" in mode else LINEAR
    source = RGB8 if mode == "P" else np.dstack([RGB8, ALPHA8])
    image = Image.fromarray(source).convert(mode)
    image.save(tmp_path / "in.png", icc_profile=profile)
    photo = read_photo(tmp_path / "in.png")
    colours = image.convert("L" if "L" in mode else "RGB")
    np.testing.assert_array_equal(photo.rgb, in_srgb(colours, profile))
    assert np.abs(photo.rgb.astype(int) - np.array(colours.convert("RGB"))).max() > 20
    assert (photo.alpha is not None) == ("A" in mode)


@pytest.mark.parametrize(
    "profile",
    [SRGB, COARSE_SRGB, GRAY_LINEAR, b"none" * 99],
    ids=["sRGB", "coarse sRGB", "gray", "none"],  # a profile holds the second it was made in
)
def test_srgb_and_useless_profiles_leave_the_pixels_as_they_are(tmp_path, profile):
    Image.fromarray(RGB8).save(tmp_path / "in.png", icc_profile=profile)
    np.testing.assert_array_equal(read_photo(tmp_path / "in.png").rgb, RGB8)


@pytest.mark.parametrize("suffix", [".webp", ".bmp"])
def test_16bit_colours_are_converted_where_only_8_bits_fit(tmp_path, suffix):
    write_photo(Photo(SMOOTH.astype(np.uint16) * 257, icc_profile=LINEAR), tmp_path / f"o{suffix}")
    expected = in_srgb(Image.fromarray(SMOOTH), LINEAR)
    with Image.open(tmp_path / f"o{suffix}") as image:
        assert "icc_profile" not in image.info
        np.testing.assert_array_equal(np.array(image), expected)


def test_brightness_is_pillows():
    """ITU-R BT.601, of 8 and of 16 bits: green counts most, blue least."""
    wanted = np.asarray(Image.fromarray(RGB8).convert("L"), float)
    assert np.abs(brightness(RGB8) - wanted).max() <= 1
    assert np.abs(brightness(RGB) / 257 - brightness(RGB / 257)).max() < 1e-3
    pure = np.eye(3, dtype=np.uint8)[None] * 255
    np.testing.assert_allclose(brightness(pure), [[76.245, 149.685, 29.07]], atol=1e-3)
