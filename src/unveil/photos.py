"""Photo files to pixel arrays and back: the only place that knows about file formats.

Reads JPEG, PNG, WebP, TIFF and BMP the way a photo editor does: EXIF orientation applied,
palette and CMYK turned into RGB, embedded colour profiles of 8-bit files converted to sRGB,
alpha and 16-bit depth kept. Metadata (EXIF, GPS, XMP, comments, thumbnails) is never written.
No torch in here: bad files are refused before anything heavy is imported.
"""

import contextlib
import dataclasses
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from unveil import deep
from unveil.errors import UnveilError, UsageError
from unveil.files import temporary_beside

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
DEEP_SUFFIXES = (".png", ".tif", ".tiff")
ALPHA_SUFFIXES = (".png", ".webp", ".tif", ".tiff")
MAX_PIXELS = 200_000_000
MIN_SIDE_PX = 2
SAVE_OPTIONS: dict[str, dict[str, object]] = {
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "lossless": True},
    ".tif": {"format": "TIFF", "compression": "tiff_lzw"},
    ".tiff": {"format": "TIFF", "compression": "tiff_lzw"},
    ".bmp": {"format": "BMP"},
}
_pillow_limit = threading.Lock()


@dataclass(frozen=True)
class Photo:
    """The pixels of one photo file, upright, in sRGB.

    Attributes:
        rgb: ``H x W x 3``, uint8 or uint16.
        alpha: ``H x W`` of the same type, or None for an opaque photo.
        grayscale: whether the file held one channel of colour.
        icc_profile: the colour profile that 16-bit pixels are still in; None means sRGB.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    grayscale: bool = False
    icc_profile: bytes | None = None


def list_photos(folder: Path) -> list[str]:
    """Return the photos below ``folder``: sorted relative paths with forward slashes.

    Raises:
        UnveilError: no such folder, or no photo in it.
    """
    if not folder.is_dir():
        raise UnveilError(f"{folder}: no such folder.")
    found = [path for path in folder.rglob("*") if is_photo(path)]
    if not found:
        raise UnveilError(f"{folder}: no photos in it ({', '.join(SUFFIXES)}).")
    return sorted(path.relative_to(folder).as_posix() for path in found)


def is_photo(path: Path) -> bool:
    """Say whether ``path`` is a visible file with the suffix of a format that can be read."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def read_photo(path: Path, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read one photo file.

    Raises:
        UnveilError: the file is missing, is no photo, is damaged, has more than
            ``max_pixels`` pixels or sides under ``MIN_SIDE_PX``; the message names it.
    """
    with _file_trouble(path), _open(path) as image:
        _check_size(path, image, max_pixels)
        if deep.is_deep(image):
            return _read_deep(path, image)
        if image.mode in ("F", "I"):
            raise UnveilError(f"{path}: floating-point and 32-bit images are not supported.")
        image.load()
        return _read_8bit(image)


def read_rgb8(path: Path) -> np.ndarray:
    """Read one photo as ``H x W x 3`` uint8; alpha is ignored, 16-bit rounded."""
    return _to_uint8(read_photo(path).rgb)


def check_writable(path: Path) -> None:
    """Refuse an output whose format is unknown.

    Raises:
        UsageError: the suffix names no format that can be written.
    """
    if path.suffix.lower() not in SAVE_OPTIONS:
        raise UsageError(f"{path}: cannot write this format; use one of {', '.join(SUFFIXES)}.")


def write_photo(photo: Photo, path: Path) -> None:
    """Write ``photo`` in the format of the suffix of ``path``, whole or not at all.

    16-bit pixels stay 16-bit in PNG and TIFF and are rounded elsewhere. Where the format has
    no alpha, the photo is laid on white. The parent folder must exist.

    Raises:
        UnveilError: the file cannot be written (folder, permissions, full disk).
    """
    check_writable(path)
    suffix = path.suffix.lower()
    if photo.alpha is not None and suffix not in ALPHA_SUFFIXES:
        photo = _on_white(photo)
    try:
        with temporary_beside(path) as partial:
            if photo.rgb.dtype == np.uint16 and suffix in DEEP_SUFFIXES:
                samples = deep.join(photo.rgb, photo.alpha, grayscale=photo.grayscale)
                deep.encode(samples, partial, photo.icc_profile)
            else:
                profile = {"icc_profile": photo.icc_profile} if photo.icc_profile else {}
                _to_pillow(photo).save(partial, **SAVE_OPTIONS[suffix], **profile)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnveilError(f"{path}: cannot be written ({reason}).") from error


@contextlib.contextmanager
def _file_trouble(path: Path) -> Iterator[None]:
    """Turn what goes wrong with the file into one line that names it."""
    try:
        yield
    except FileNotFoundError:
        raise UnveilError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise UnveilError(f"{path}: is a folder, not a photo.") from None
    except PermissionError:
        raise UnveilError(f"{path}: no permission to read it.") from None
    except Image.UnidentifiedImageError:
        what = "is empty" if path.stat().st_size == 0 else "is not a photo that can be read"
        raise UnveilError(f"{path}: {what} ({', '.join(FORMATS)}).") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UnveilError(f"{path}: damaged or cut short ({error}).") from None


def _open(path: Path) -> Image.Image:
    # Pillow's own limit is a global that warns or raises on its own terms; the pixel count is
    # checked right after, before anything is decoded.
    with _pillow_limit:
        previous, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(path, formats=FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = previous


def _check_size(path: Path, image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise UnveilError(
            f"{path}: {width}x{height} is {width * height:,} pixels, over the limit of "
            f"{max_pixels:,}; raise it with --max-pixels if you trust the file."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise UnveilError(
            f"{path}: {width}x{height} pixels is too small; each side needs at least {MIN_SIDE_PX}."
        )
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise UnveilError(f"{path}: holds several pictures; split it into single photos first.")


def _read_8bit(image: Image.Image) -> Photo:
    image = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.array(image.getchannel("A"))
        image = image.convert("RGB")
    elif image.mode in ("1", "P"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    grayscale = image.mode == "L"
    rgb = _to_srgb(image, profile) if profile else image.convert("RGB")
    return Photo(np.array(rgb), alpha, grayscale)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert to sRGB with the embedded profile; a profile that cannot be used is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image.convert("RGB")
        converted = ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB")
    return converted or image.convert("RGB")


def _read_deep(path: Path, image: Image.Image) -> Photo:
    samples = deep.decode(path, orientation=image.getexif().get(deep.ORIENTATION_TAG, 1))
    rgb, alpha, grayscale = deep.split(samples)
    return Photo(rgb, alpha, grayscale, image.info.get("icc_profile"))


def _to_pillow(photo: Photo) -> Image.Image:
    image = Image.fromarray(_to_uint8(photo.rgb))
    if photo.grayscale:
        image = image.convert("L")
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(_to_uint8(photo.alpha)))
    return image


def _on_white(photo: Photo) -> Photo:
    assert photo.alpha is not None  # noqa: S101  # the caller has looked
    top = float(np.iinfo(photo.rgb.dtype).max)
    share = photo.alpha[..., None] / top
    mixed = np.round(photo.rgb * share + top * (1 - share)).astype(photo.rgb.dtype)
    return dataclasses.replace(photo, rgb=mixed, alpha=None)


def _to_uint8(samples: np.ndarray) -> np.ndarray:
    return samples if samples.dtype == np.uint8 else np.round(samples / 257).astype(np.uint8)
