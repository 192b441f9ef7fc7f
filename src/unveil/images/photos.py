"""Reading and writing of photo files; no other module handles image file formats.

Reads JPEG, PNG, WebP, AVIF, TIFF and BMP as a photo editor does: EXIF orientation is applied,
palette and CMYK images are converted to RGB, alpha and 16-bit depth are preserved. 8-bit pixels are
converted to sRGB by the colour profile, or by what else the file says of its colours, and written
without one; 16-bit pixels keep their values, and of their profile the colours. Other metadata
(EXIF, GPS, XMP, comments, thumbnails) is never written. This module does not import torch: bad
files are rejected before heavy imports.
"""

import contextlib
import dataclasses
import errno
import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin, UnidentifiedImageError

from unveil.degradation import Storage
from unveil.degradation.codecs import nearest_quality
from unveil.errors import UnveilError, UsageError
from unveil.files import check_regular, files_below, is_file, temporary_beside
from unveil.images import claims, jpeg, pixels, png, tiff
from unveil.images.colours import HEAD_BYTES, HdrError, profile_of, to_srgb
from unveil.images.icc import without_owner

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif"), *(".png", ".webp", ".avif", ".tif", ".tiff", ".bmp")
)  # fmt: skip
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP")
SUFFIX_OF = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "TIFF": ".tif",
    "BMP": ".bmp",
}
STREAM = Path("-")
"""Path that stands for standard input or output."""

DEEP_SUFFIXES = (".png", ".tif", ".tiff")
ALPHA_SUFFIXES = (".png", ".webp", ".avif", ".tif", ".tiff")
MAX_PIXELS = 200_000_000
MIN_SIDE_PX = 2
STREAM_BYTES_PER_PIXEL, STREAM_BYTES = 8, 1 << 20
"""Limit of what is read from standard input: four channels of 16 bits, plus metadata."""

AS_JPEG = {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"}
PNG_LEVEL = 4
"""Effort of compression: Pillow's own takes more than twice as long for little (docs/log.md)."""

SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), AS_JPEG),
    ".png": {"format": "PNG", "compress_level": PNG_LEVEL},
    ".webp": {"format": "WEBP", "lossless": True},
    ".avif": {"format": "AVIF", "quality": 95, "subsampling": "4:4:4"},
    ".tif": {"format": "TIFF", "compression": "tiff_lzw"},
    ".tiff": {"format": "TIFF", "compression": "tiff_lzw"},
    ".bmp": {"format": "BMP"},
}
JPEGS = ("JPEG", "MPO")
DAMAGED = "damaged or cut short; copy it again from its source"

GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B")
"""Pillow's modes of one channel, and of one with alpha."""

EIGHT_BIT = Storage("8bit")
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints what it logs
_pillow_globals = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Photo:
    """The pixels of one photo file, upright, in sRGB.

    Attributes:
        rgb: ``H x W x 3``, uint8 or uint16.
        alpha: ``H x W`` of the same type; None for an opaque photo.
        grayscale: whether the file has a single colour channel.
        icc_profile: the colour profile of 16-bit pixels; None means sRGB.
        storage: compression of the file; 16 bits count as exact.
        suffix: suffix of the file format, independent of the file's name.
        label: what a PNG of 8 bits says of the picture, as its ``Description``.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    grayscale: bool = False
    icc_profile: bytes | None = None
    storage: Storage = EIGHT_BIT
    suffix: str = ".png"
    label: str | None = None

    @property
    def count(self) -> int:
        """Number of pixels."""
        return self.rgb.shape[0] * self.rgb.shape[1]


def is_photo(path: Path) -> bool:
    """Return whether ``path`` is a file with the suffix of a supported format, and not hidden."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and is_file(path)


def list_photos(folder: Path, is_wanted: Callable[[Path], bool] = is_photo) -> list[str]:
    """Return the photos below ``folder``: sorted relative paths with forward slashes.

    Args:
        folder: folder to search recursively.
        is_wanted: whether to list a file.

    Raises:
        UnveilError: the folder does not exist, or has no photo.
    """
    if not folder.is_dir():
        raise UnveilError(f"{folder}: no such folder.")
    found = [path for path in files_below(folder) if is_wanted(path)]
    if not found:
        raise UnveilError(f"{folder}: no photos in it ({', '.join(SUFFIXES)}).")
    return sorted(path.relative_to(folder).as_posix() for path in found)


def read_photo(path: Path, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read one photo from a file, or into memory from standard input for ``-``.

    Raises:
        UnveilError: the file is missing, is not a photo, is damaged, has more than
            ``max_pixels`` pixels or sides under ``MIN_SIDE_PX``; the message names it.
    """
    with _naming_errors(path), _readable(path, max_pixels) as file, _open(file) as image:
        page = _turn_to_page(path, image, file) if image.format == "TIFF" else 0
        _check_size(path, image, max_pixels)
        claims.check(path, image, file)
        is_deep = pixels.is_deep(_content(file, pixels.HEADER_BYTES), image)
        # A TIFF reads its tags again here; the others only decode, which threads do side by side.
        with _quiet_tiff() if image.format == "TIFF" else contextlib.nullcontext():
            image.load()
        if image.format in JPEGS and jpeg.is_filled(_content(file), image):
            raise UnveilError(f"{path}: {DAMAGED}.")
        profile = _profile(path, image, file, is_deep=is_deep)
        if is_deep:
            photo = _read_deep(path, _content(file), image, profile, page)
        else:
            photo = _read_8bit(image, profile)
        return dataclasses.replace(photo, suffix=SUFFIX_OF[str(image.format)])


def read_rgb8(path: Path) -> np.ndarray:
    """Read one photo as ``H x W x 3`` uint8; alpha is ignored, 16-bit rounded."""
    return pixels.to_8bit(read_photo(path).rgb)


def count_pixels(path: Path) -> int:
    """Return the number of pixels that a photo's header states; 0 where that cannot be read."""
    if path == STREAM or not path.is_file():
        return 0
    try:
        with _quiet_pillow(), Image.open(path) as image:
            return image.width * image.height
    except (OSError, ValueError, Image.DecompressionBombError):
        return 0  # reading it will say what is wrong


def check_writable(path: Path) -> None:
    """Reject an output whose format is not supported.

    Raises:
        UsageError: no format that can be written has this suffix.
    """
    if path.suffix.lower() not in SAVE_OPTIONS:
        raise UsageError(f"{path}: cannot write this format; use one of {', '.join(SUFFIXES)}.")


def write_photo(photo: Photo, path: Path, *, replaces: bool = True) -> None:
    """Write ``photo`` atomically, in the format given by the suffix of ``path``.

    16-bit pixels stay 16-bit in PNG and TIFF; in other formats they are rounded to 8 bits and
    converted to sRGB. Formats without alpha get the photo composited on white. The parent folder
    must exist.

    Raises:
        UnveilError: the file cannot be written (folder, permissions, full disk), or is there and
            not to be replaced.
    """
    check_writable(path)
    try:
        with temporary_beside(path, replaces=replaces) as partial:
            # Encoded in memory: on a full disk, Pillow leaves a truncated JPEG without an error.
            partial.write_bytes(encode_photo(photo, path.suffix.lower()))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnveilError(f"{path}: cannot be written ({reason}).") from error


def encode_photo(photo: Photo, suffix: str) -> bytes:
    """Return the content of a file of ``photo`` with this suffix; see :func:`write_photo`."""
    if photo.alpha is not None and suffix not in ALPHA_SUFFIXES:
        rgb = pixels.on_white(photo.rgb, photo.alpha)
        photo = dataclasses.replace(photo, rgb=rgb, alpha=None)
    if photo.rgb.dtype == np.uint16 and suffix in DEEP_SUFFIXES:
        samples = pixels.join(photo.rgb, photo.alpha, grayscale=photo.grayscale)
        return pixels.encode(samples, suffix, photo.icc_profile)
    options = dict(SAVE_OPTIONS[suffix])
    if photo.label is not None and suffix == ".png":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Description", photo.label)
    _to_pillow(photo).save(encoded := io.BytesIO(), **options)
    return encoded.getvalue()


@contextlib.contextmanager
def _naming_errors(path: Path) -> Iterator[None]:
    """Convert errors of the file and its decoder to an UnveilError of one line that names it."""
    try:
        yield
    except FileNotFoundError:
        raise UnveilError(f"{path}: no such file.") from None
    except UnidentifiedImageError:
        raise UnveilError(f"{path}: {_not_a_photo(path)}.") from None
    except (UnveilError, MemoryError):
        raise
    except Exception as error:  # decoders raise many types, assertions too
        # A place in the file that is none is "invalid": what says so is damaged.
        if isinstance(error, OSError) and error.strerror and error.errno != errno.EINVAL:
            raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
        if isinstance(error, MemoryError):
            raise UnveilError(f"{path}: needs more memory than there is.") from None
        # What a decoder says is about its own insides, e.g. "decoder error -2".
        raise UnveilError(f"{path}: {DAMAGED}.") from None


def _not_a_photo(path: Path) -> str:
    """Return what is wrong with a file that Pillow does not recognise."""
    if path != STREAM and path.stat().st_size == 0:
        return "is empty: it holds 0 bytes"
    reason = None if path == STREAM else tiff.why_unknown(path)
    return reason or f"is not a photo that can be read ({', '.join(FORMATS)})"


@contextlib.contextmanager
def _quiet_pillow() -> Iterator[None]:
    # Pillow's pixel limit and Python's warning filters are global, hence the lock. The pixel
    # count is checked separately; Pillow warns of metadata only, which is dropped anyway.
    with _pillow_globals, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = None, png.MOST_UNPACKED_BYTES
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = before


@contextlib.contextmanager
def _quiet_tiff() -> Iterator[None]:
    with _quiet_pillow(), pixels.silenced():
        yield


@_quiet_pillow()
def _open(file: BinaryIO) -> Image.Image:
    return Image.open(file, formats=FORMATS)


@contextlib.contextmanager
def _readable(path: Path, max_pixels: int) -> Iterator[BinaryIO]:
    """Yield an open file, or standard input, without what hinders reading it."""
    with _stream(path, max_pixels) as file:
        yield png.readable(file)


def _content(file: BinaryIO, count: int = -1) -> bytes:
    """Return the first ``count`` bytes of an open file, or all; restore the file position."""
    place = file.tell()
    file.seek(0)
    content = file.read(count)
    file.seek(place)
    return content


def _stream(path: Path, max_pixels: int) -> BinaryIO:
    """Open a file, or standard input, for reading."""
    if path != STREAM:
        check_regular(path)
        return path.open("rb")
    if sys.stdin is None:
        raise UnveilError("-: standard input is closed; send a photo into it.")
    if sys.stdin.isatty():
        raise UnveilError("-: standard input is a terminal; send a photo into it.")
    limit = STREAM_BYTES_PER_PIXEL * max_pixels + STREAM_BYTES
    content = sys.stdin.buffer.read(limit + 1)
    if not content:
        raise UnveilError("-: is empty; nothing came from standard input.")
    if len(content) > limit:
        raise UnveilError(
            f"-: more than {limit:,} bytes, the limit for {max_pixels:,} pixels; raise it with "
            "--max-pixels if you trust the file."
        )
    return io.BytesIO(content)


@_quiet_pillow()
def _turn_to_page(path: Path, image: Image.Image, file: BinaryIO) -> int:
    """Turn to the one page of a TIFF that is no thumbnail of another, and return its number."""
    number = tiff.full_page(path, file)
    if number != image.tell():
        image.seek(number)
    return number


@_quiet_pillow()
def _check_size(path: Path, image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    found = f"{path}: {width}x{height}"
    if width * height > max_pixels:
        raise UnveilError(
            f"{found} is {width * height:,} pixels, over the limit of {max_pixels:,}; "
            "raise it with --max-pixels if you trust the file."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise UnveilError(f"{found} pixels is too small; each side needs at least {MIN_SIDE_PX}.")
    if image.format not in ("MPO", "TIFF") and getattr(image, "n_frames", 1) > 1:
        raise UnveilError(f"{path}: {tiff.SEVERAL}.")


@_quiet_pillow()
def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation that a loaded image still needs; 1 if the EXIF is damaged."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow's parser raises many types, and the pixels are intact
        return 1


@_quiet_pillow()
def _profile(path: Path, image: Image.Image, file: BinaryIO, *, is_deep: bool) -> bytes | None:
    """Return the colour profile of a loaded image; None for sRGB."""
    is_gray = image.mode in GRAY_MODES and not (is_deep and "A" in image.mode.upper())
    try:
        return profile_of(image, _content(file, HEAD_BYTES), is_gray=is_gray)
    except HdrError as error:
        raise UnveilError(
            f"{path}: is HDR ({error}), of which sRGB shows a part; convert it to sRGB first."
        ) from None


def _read_8bit(image: Image.Image, profile: bytes | None) -> Photo:
    orientation = _orientation(image)
    storage = _storage(image)
    grayscale = image.mode in GRAY_MODES
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = pixels.upright(np.array(image.getchannel("A")), orientation)
    if image.mode not in ("CMYK", "LAB"):
        image = image.convert("L" if grayscale else "RGB")
    rgb = to_srgb(image, profile) if profile else image.convert("RGB")
    upright = pixels.upright(np.array(rgb), orientation)
    return Photo(upright, alpha, grayscale, storage=storage)


def _storage(image: Image.Image) -> Storage:
    tables = getattr(image, "quantization", None)
    return Storage("jpeg", nearest_quality(tables)) if tables else Storage("8bit")


def _read_deep(
    path: Path, content: bytes, image: Image.Image, profile: bytes | None, page: int
) -> Photo:
    samples = pixels.upright(pixels.decode(path, content, image, page), _orientation(image))
    return Photo(*pixels.split(samples), without_owner(profile or b""), Storage("float"))


def _to_pillow(photo: Photo) -> Image.Image:
    image = Image.fromarray(pixels.to_8bit(photo.rgb))
    if photo.grayscale:
        image = image.convert("L")
    if photo.icc_profile is not None:
        image = to_srgb(image, photo.icc_profile).convert(image.mode)
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(pixels.to_8bit(photo.alpha)))
    return image
