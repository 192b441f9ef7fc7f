"""Pixel arrays of 8 and 16 bits, and 16-bit files, which Pillow would reduce to 8 bits.

OpenCV reads 16-bit PNG and TIFF and writes PNG, tifffile writes TIFF. Arrays are ``H x W`` or
``H x W x C``, uint8 or uint16; the channel order is RGB(A) outside this module.
"""

import contextlib
import io
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from unveil.errors import UnveilError


def to_8bit(samples: np.ndarray) -> np.ndarray:
    """Convert 16-bit samples to 8 bits, rounded to the nearest level; 8-bit samples are unchanged.

    Rounded, not shifted: ``samples >> 8`` is off by a level for a quarter of all 16-bit values.
    """
    return samples if samples.dtype == np.uint8 else np.round(samples / 257).astype(np.uint8)


def on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Composite a photo on white, so that no colour under transparent pixels is left."""
    top = float(np.iinfo(rgb.dtype).max)
    share = alpha[..., None] / top
    return np.round(rgb * share + top * (1 - share)).astype(rgb.dtype)


def upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (1..8)."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)


def brightness(pixels: np.ndarray) -> np.ndarray:
    """Return the brightness of ``H x W x 3`` pixels in their own range, ``H x W`` float32."""
    luma: np.ndarray = np.zeros(pixels.shape[:2], np.float32)
    for top in range(0, len(luma), ROWS):  # a strip and a plane at a time: all are much memory
        strip = slice(top, top + ROWS)
        for number, weight in enumerate(LUMA):
            luma[strip] += pixels[strip, :, number] * np.float32(weight)
    return luma


ROWS = 128
"""Height of the strips in which large pictures are computed."""


MAX_LEVEL = 65535
LUMA = (0.299, 0.587, 0.114)
BITS_PER_SAMPLE_TAG = 0x0102
PHOTOMETRIC_TAG, WHITE_IS_ZERO = 0x0106, 0
PLANAR_TAG, SEPARATE_PLANES = 0x011C, 2
EXTRA_SAMPLES_TAG, PREMULTIPLIED, ALPHA = 0x0152, 1, 2
PNG_BIT_DEPTH_BYTE = 24
HEADER_BYTES = PNG_HEADER_BYTES = 33


def is_deep(header: bytes, image: Image.Image) -> bool:
    """Return whether an opened PNG or TIFF with these first ``HEADER_BYTES`` has 16 bits."""
    if image.format == "PNG":
        return header[PNG_BIT_DEPTH_BYTE] == 16
    if isinstance(image, TiffImageFile) and image.mode not in ("F", "I"):
        return bool(max(image.tag_v2.get(BITS_PER_SAMPLE_TAG, (1,))) == 16)
    return False


def decode(path: Path, content: bytes, image: Image.Image, page: int = 0) -> np.ndarray:
    """Decode a page of a 16-bit file that Pillow has loaded as ``image``, so it is complete.

    OpenCV applies the orientation of a TIFF, but not of a PNG.

    Raises:
        UnveilError: OpenCV cannot decode it to 1, 3 or 4 channels of 16 bits.
    """
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    samples = None if tags.get(PLANAR_TAG) == SEPARATE_PLANES else _decode(content, page)
    if samples is None or samples.dtype != np.uint16:
        raise UnveilError(
            f"{path}: this kind of 16-bit image is not supported; save it as RGB or gray, with "
            "its channels pixel by pixel."
        )
    if tags.get(PHOTOMETRIC_TAG) == WHITE_IS_ZERO:
        return MAX_LEVEL - samples
    if samples.ndim == 2:
        return _keyed_alpha(samples, image.info.get("transparency"))
    kind = tags.get(EXTRA_SAMPLES_TAG, (0,))[0] if tags else ALPHA
    return samples if samples.shape[2] == 3 else _declared_alpha(samples, kind)


def encode(samples: np.ndarray, suffix: str, icc_profile: bytes | None) -> bytes:
    """Encode uint16 ``samples`` as PNG (``.png``) or TIFF, with the profile unless it is None."""
    if suffix == ".png":
        return _encode_png(samples, icc_profile)
    import tifffile

    tifffile.imwrite(
        encoded := io.BytesIO(),
        samples,
        photometric="minisblack" if samples.ndim == 2 else "rgb",
        extrasamples=["unassalpha"] if samples.ndim == 3 and samples.shape[2] == 4 else None,
        compression="zlib",
        iccprofile=icc_profile,
        metadata=None,
        software=False,
    )
    return encoded.getvalue()


def split(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, bool]:
    """Split decoded samples into RGB, alpha (or None) and whether they are grayscale."""
    if samples.ndim == 2:
        return np.repeat(samples[..., None], 3, axis=2), None, True
    alpha = samples[..., 3] if samples.shape[2] == 4 else None
    return np.ascontiguousarray(samples[..., :3]), alpha, False


def join(rgb: np.ndarray, alpha: np.ndarray | None, *, grayscale: bool) -> np.ndarray:
    """Invert :func:`split`, except that grayscale with alpha becomes RGBA for the encoders."""
    if alpha is not None:
        return np.dstack([rgb, alpha])
    return np.round(rgb @ LUMA).astype(np.uint16) if grayscale else rgb


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Drop what is printed on standard error: libtiff and libpng do so from C, and name no file.

    For the whole process, so nothing but a decoder runs in it.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _decode_page(bits: np.ndarray, flags: int, page: int) -> np.ndarray | None:
    import cv2

    if not page:
        alone: np.ndarray | None = cv2.imdecode(bits, flags)
        return alone
    _, found = cv2.imdecodemulti(bits, flags, range=(page, page + 1))
    return found[0] if found else None


def _decode(content: bytes, page: int) -> np.ndarray | None:
    import cv2

    logging = cv2.utils.logging
    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # no warnings about unknown TIFF tags
    try:
        bits, flags = np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED
        with silenced():  # libpng prints whatever the level
            samples = _decode_page(bits, flags, page)
    except cv2.error:
        return None
    finally:
        logging.setLogLevel(level)
    if samples is not None and samples.ndim == 3:
        order = cv2.COLOR_BGRA2RGBA if samples.shape[2] == 4 else cv2.COLOR_BGR2RGB
        samples = cv2.cvtColor(samples, order)
    return samples


def _keyed_alpha(gray: np.ndarray, key: object) -> np.ndarray:
    """Apply the transparent level of a grayscale PNG (tRNS); OpenCV does so for RGB only."""
    if not isinstance(key, int):
        return gray
    return np.dstack([gray, gray, gray, np.where(gray == key, 0, MAX_LEVEL).astype(np.uint16)])


def _declared_alpha(samples: np.ndarray, kind: int) -> np.ndarray:
    """Interpret the fourth channel by its tag: straight or premultiplied alpha, else dropped."""
    if kind not in (PREMULTIPLIED, ALPHA):
        return np.ascontiguousarray(samples[..., :3])
    if kind == PREMULTIPLIED:
        share = np.maximum(samples[..., 3:], 1) / MAX_LEVEL
        samples[..., :3] = np.minimum(np.round(samples[..., :3] / share), MAX_LEVEL)
    return samples


def _encode_png(samples: np.ndarray, icc_profile: bytes | None) -> bytes:
    import cv2

    if samples.ndim == 3:
        order = cv2.COLOR_RGBA2BGRA if samples.shape[2] == 4 else cv2.COLOR_RGB2BGR
        samples = cv2.cvtColor(samples, order)
    done, buffer = cv2.imencode(".png", samples)
    if not done:
        raise OSError("the PNG encoder refuses it")
    encoded: bytes = buffer.tobytes()
    if icc_profile is None:
        return encoded
    # Done here: OpenCV before 4.13 drops the profile; later ones fail if libpng rejects it.
    chunk = b"iCCPICC Profile\0\0" + zlib.compress(icc_profile)
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return encoded[:PNG_HEADER_BYTES] + framed + encoded[PNG_HEADER_BYTES:]
