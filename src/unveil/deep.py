"""16-bit PNG and TIFF, which Pillow would round to 8 bits: OpenCV reads, tifffile writes TIFF.

Arrays are ``H x W`` or ``H x W x C`` uint16; colour order is RGB(A) outside this file.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from unveil.errors import UnveilError

ORIENTATION_TAG = 0x0112
BITS_PER_SAMPLE_TAG = 0x0102
PNG_BIT_DEPTH_BYTE = 24


def is_deep(image: Image.Image) -> bool:
    """Say whether an opened PNG or TIFF holds 16-bit samples."""
    if image.format == "PNG" and image.fp is not None:
        position = image.fp.tell()
        image.fp.seek(PNG_BIT_DEPTH_BYTE)
        depth = image.fp.read(1)
        image.fp.seek(position)
        return depth == b"\x10"
    if image.format == "TIFF" and image.mode not in ("F", "I"):
        bits: tuple[int, ...] = image.tag_v2.get(BITS_PER_SAMPLE_TAG, (1,))  # type: ignore[attr-defined]
        return max(bits) == 16
    return False


def decode(path: Path, orientation: int) -> np.ndarray:
    """Decode a 16-bit file, upright.

    Raises:
        UnveilError: OpenCV cannot decode it to 1, 3 or 4 channels of 16 bits.
    """
    import cv2

    content = np.fromfile(path, dtype=np.uint8)
    samples = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16:
        raise UnveilError(f"{path}: damaged, or a kind of 16-bit image that is not supported.")
    if samples.ndim == 3:
        order = cv2.COLOR_BGRA2RGBA if samples.shape[2] == 4 else cv2.COLOR_BGR2RGB
        samples = cv2.cvtColor(samples, order)
    return _upright(np.asarray(samples), orientation)


def encode(samples: np.ndarray, path: Path, icc_profile: bytes | None) -> None:
    """Write uint16 ``samples`` to a PNG or TIFF ``path``, with the profile if there is one."""
    if path.suffix.lower() == ".png":
        path.write_bytes(_encode_png(samples, icc_profile))
    else:
        import tifffile

        tifffile.imwrite(
            path,
            samples,
            photometric="minisblack" if samples.ndim == 2 else "rgb",
            extrasamples=["unassalpha"] if samples.ndim == 3 and samples.shape[2] == 4 else None,
            compression="zlib",
            iccprofile=icc_profile,
            metadata=None,
            software=False,
        )


def split(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, bool]:
    """Part decoded samples into RGB, alpha (or None) and whether they were gray."""
    if samples.ndim == 2:
        return np.repeat(samples[..., None], 3, axis=2), None, True
    alpha = samples[..., 3] if samples.shape[2] == 4 else None
    return np.ascontiguousarray(samples[..., :3]), alpha, False


def join(rgb: np.ndarray, alpha: np.ndarray | None, *, grayscale: bool) -> np.ndarray:
    """Undo :func:`split`; gray with alpha becomes RGBA, as the formats' writers expect."""
    if alpha is not None:
        return np.dstack([rgb, alpha])
    return rgb.mean(axis=2).round().astype(np.uint16) if grayscale else rgb


def _encode_png(samples: np.ndarray, icc_profile: bytes | None) -> bytes:
    import cv2

    if samples.ndim == 3:
        order = cv2.COLOR_RGBA2BGRA if samples.shape[2] == 4 else cv2.COLOR_RGB2BGR
        samples = cv2.cvtColor(samples, order)
    if icc_profile is None:
        return cv2.imencode(".png", samples)[1].tobytes()
    profile = np.frombuffer(icc_profile, np.uint8)
    encoded = cv2.imencodeWithMetadata(".png", samples, [cv2.IMAGE_METADATA_ICCP], [profile])
    return encoded[1].tobytes()


def _upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation (1..8)."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)
