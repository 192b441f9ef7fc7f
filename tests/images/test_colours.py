"""Colours that a file states without a profile come out as those of one that has it."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from skimage import data

from unveil.errors import UnveilError
from unveil.images import icc, pixels
from unveil.images.photos import read_photo, write_photo

D65 = (0.3127, 0.3290)
SRGB = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE = (*D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
P3 = (*D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)

PHOTO = data.astronaut()[384:448, 80:160]
CLOSE, LOSSY, FAR = 1.0, 2.5, 8.0
"""Mean differences, in 8-bit levels: of the same colours, in a JPEG too, and of others."""


def primaries(points: tuple[float, ...]) -> np.ndarray:
    """Return the matrix from light of these primaries to XYZ, not adapted to another white."""
    xyz = [
        [points[n] / points[n + 1], 1, (1 - points[n] - points[n + 1]) / points[n + 1]]
        for n in range(0, 8, 2)
    ]
    colours = np.array(xyz[1:]).T
    return colours * np.linalg.solve(colours, xyz[0])


def light(srgb: np.ndarray) -> np.ndarray:
    share = srgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def curve(linear: np.ndarray) -> np.ndarray:
    low = 12.92 * linear
    return np.where(linear <= 0.0031308, low, 1.055 * linear.clip(0) ** (1 / 2.4) - 0.055)


def samples(points: tuple[float, ...], gamma: float | None, kind: type = np.uint8) -> np.ndarray:
    """Return the photo in other colours; a gamma of None is the curve of sRGB."""
    linear = light(PHOTO) @ (np.linalg.inv(primaries(points)) @ primaries(SRGB)).T
    shown = curve(linear) if gamma is None else linear.clip(0) ** (1 / gamma)
    return np.round(shown.clip(0, 1) * np.iinfo(kind).max).astype(kind)


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )  # fmt: skip


def png(path: Path, shown: np.ndarray, *chunks: bytes) -> Path:
    order = cv2.COLOR_RGB2BGR
    _, encoded = cv2.imencode(".png", cv2.cvtColor(shown, order) if shown.ndim == 3 else shown)
    content = encoded.tobytes()
    path.write_bytes(content[:33] + b"".join(chunks) + content[33:])
    return path


def gama(number: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", number))


def chrm(points: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(one * 1e5) for one in points)))


def cicp(*codes: int) -> bytes:
    return chunk(b"cICP", bytes(codes))


def difference(shown: np.ndarray, expected: np.ndarray = PHOTO) -> float:
    return float(np.abs(pixels.to_8bit(shown).astype(float) - expected).mean())


def camera(index: str | None = "R03", space: int = 0xFFFF) -> bytes:
    """Return the EXIF of a camera (DCF 2.0)."""
    exif = Image.Exif()
    inside = exif.get_ifd(ExifTags.IFD.Exif)
    inside[ExifTags.Base.ColorSpace] = space
    if index is not None:
        inside[ExifTags.IFD.Interop] = {1: index, 2: b"0100"}
    return exif.tobytes()


ADOBE_SHOWN = samples(ADOBE, 563 / 256)
SAVED = {
    "a.jpg": {"quality": 97, "subsampling": 0},
    "a.png": {},
    "a.webp": {"lossless": True},
    "a.tif": {},
    "a.avif": {"quality": 98, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("exif", [camera(), camera(None, 2)], ids=["R03", "ColorSpace 2"])
def test_a_cameras_adobe_rgb_is_converted(tmp_path, name, exif):
    path = tmp_path / name
    if name == "a.tif" and exif == camera():
        pytest.skip("Pillow writes no such index into a TIFF")
    Image.fromarray(ADOBE_SHOWN).save(path, exif=exif, **SAVED[name])
    assert difference(ADOBE_SHOWN) > FAR
    assert difference(read_photo(path).rgb) < LOSSY


@pytest.mark.parametrize(
    "exif",
    [camera("R98", 1), camera("R03", 1), camera(None), b"Exif\0\0MM\0*\0\0\0\x08\0\xff"],
    ids=["sRGB", "since converted", "not told", "damaged"],
)
def test_other_cameras_colours_stay(tmp_path, exif):
    Image.fromarray(PHOTO).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "a.png").rgb, PHOTO)


def test_a_profile_outranks_what_a_camera_said(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(PHOTO).save(tmp_path / "a.png", exif=camera(), icc_profile=profile)
    assert np.array_equal(read_photo(tmp_path / "a.png").rgb, PHOTO)


STATED = {
    "linear": (SRGB, 1.0, [gama(100_000)]),
    "1.8": (SRGB, 1.8, [gama(55_556)]),
    "Adobe RGB": (ADOBE, 2.2, [gama(45_455), chrm(ADOBE)]),
    "primaries alone": (P3, None, [chrm(P3)]),
    "Display P3": (P3, None, [cicp(12, 13, 0, 1)]),
    "cICP outranks gAMA": (P3, None, [cicp(12, 13, 0, 1), gama(100_000)]),
    "sRGB outranks gAMA": (SRGB, None, [chunk(b"sRGB", b"\0"), gama(100_000)]),
    "2.2 for sRGB": (SRGB, None, [gama(45_455), chrm(SRGB)]),
}


@pytest.mark.parametrize("name", STATED)
def test_what_chunks_of_png_state_is_converted(tmp_path, name):
    points, gamma, chunks = STATED[name]
    path = png(tmp_path / "a.png", samples(points, gamma), *chunks)
    assert difference(read_photo(path).rgb) < CLOSE
    if points == SRGB and gamma is None:
        assert np.array_equal(read_photo(path).rgb, PHOTO)


@pytest.mark.parametrize("name", STATED)
def test_sixteen_bits_keep_their_values_and_say_whose_they_are(tmp_path, name):
    points, gamma, chunks = STATED[name]
    shown = samples(points, gamma, np.uint16)
    photo = read_photo(png(tmp_path / "a.png", shown, *chunks))
    assert np.array_equal(photo.rgb, shown)
    for out in ("out.png", "out.tif", "out.jpg"):
        write_photo(photo, tmp_path / out)
        again = read_photo(tmp_path / out)
        assert np.array_equal(again.rgb, shown) or again.rgb.dtype == np.uint8
    assert difference(read_photo(tmp_path / "out.jpg").rgb) < LOSSY


def test_shades_of_gray_have_a_curve_too(tmp_path):
    gray = np.array(Image.fromarray(PHOTO).convert("L"))
    for kind in (np.uint8, np.uint16):
        shown = np.round(light(gray) * np.iinfo(kind).max).astype(kind)
        photo = read_photo(png(tmp_path / "a.png", shown, gama(100_000)))
        assert photo.grayscale
        assert (photo.icc_profile or b"").startswith(b"GRAY", 16) == (kind is np.uint16)
        write_photo(photo, tmp_path / "out.jpg")
        written = read_photo(tmp_path / "out.jpg")
        assert written.grayscale
        assert difference(written.rgb, gray[..., None]) < LOSSY


def test_gray_pixels_with_the_profile_of_a_display_are_converted(tmp_path):
    gray = np.array(Image.fromarray(PHOTO).convert("L"))
    shown = Image.fromarray(np.round(light(gray) * 255).astype(np.uint8))
    shown.save(tmp_path / "a.png", icc_profile=icc.matrix(SRGB, 1.0))
    photo = read_photo(tmp_path / "a.png")
    assert photo.grayscale
    assert difference(photo.rgb, gray[..., None]) < LOSSY


def avif(path: Path, shown: np.ndarray, primaries_: int, transfer: int) -> Path:
    """Write an AVIF that states its colours by code points."""
    Image.fromarray(shown).save(encoded := io.BytesIO(), "AVIF", quality=98, subsampling="4:4:4")
    content = bytearray(encoded.getvalue())
    struct.pack_into(">HH", content, content.index(b"colrnclx") + 8, primaries_, transfer)
    path.write_bytes(content)
    return path


def test_the_colours_of_avif_are_converted(tmp_path):
    path = avif(tmp_path / "a.avif", samples(P3, None), 12, 13)
    assert difference(read_photo(path).rgb) < LOSSY


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_by_its_name(tmp_path, transfer, name):
    paths = [
        png(tmp_path / "a.png", PHOTO, cicp(9, transfer, 0, 1)),
        avif(tmp_path / "a.avif", PHOTO, 9, transfer),
    ]
    for path in paths:
        with pytest.raises(UnveilError, match=rf"{path.name}: is HDR \({name}\), of which sRGB"):
            read_photo(path)


@pytest.mark.parametrize(
    "chunks",
    [[gama(0)], [chrm((0.0,) * 8)], [chrm((0.3, 0.3) * 4), gama(100_000)], [cicp(1, 13)],
     [cicp(200, 99, 0, 1)], [gama(1)]],
)  # fmt: skip
def test_what_are_no_colours_is_passed_over(tmp_path, chunks):
    photo = read_photo(png(tmp_path / "a.png", PHOTO, *chunks))
    assert photo.rgb.shape == PHOTO.shape


def test_a_profile_that_is_made_is_kept_whole_without_its_owner():
    for profile in (icc.matrix(ADOBE, 2.2), icc.matrix(P3, None), icc.gray(1.8)):
        assert icc.without_owner(profile) is not None
        ImageCms.getOpenProfile(io.BytesIO(profile))
    with pytest.raises(ValueError, match="no colour"):
        icc.matrix((0.0,) * 8, None)
