"""Colours that a file states without a profile: a camera's EXIF, chunks of PNG, a box of AVIF.

They are made into a profile, so that they are converted as all others are.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageChops, ImageCms

from unveil.images import icc, png

SRGB_TOLERANCE = 2
"""Largest difference, in 8-bit levels, at which a colour profile is taken for sRGB."""

D65 = 0.3127, 0.3290
SRGB_PRIMARIES = 0.64, 0.33, 0.30, 0.60, 0.15, 0.06

PRIMARIES = {
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (*D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}
"""White, red, green and blue, x and y each, by their number (ITU-T H.273, table 2).

What is not here is sRGB's, or told of by nobody.
"""

GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
"""Exponents by the number of the transfer (table 3); those of video are shown as sRGB's is."""

HDR = {16: "PQ", 18: "HLG"}

ADOBE_RGB = (*D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06), 563 / 256
"""Adobe RGB (1998), 4.3."""

SRGB_COLOUR_SPACE, ADOBE_COLOUR_SPACE = 1, 2
"""Of EXIF's ColorSpace; the second one is beyond the standard, and written by some cameras."""

ADOBE_INDEX = "R03"
"""Of EXIF's InteroperabilityIndex: Adobe RGB, as DCF 2.0 has it."""

SAME_XY, SAME_GAMMA = 0.001, 0.05
"""Differences of chromaticities, and of exponents by their ratio, that tell of rounding only."""

NCLX = b"colrnclx"
HEAD_BYTES = 1 << 16
"""Of a file, in which all of that stands."""


@dataclass(frozen=True)
class Told:
    """Colours.

    Attributes:
        points: x and y of white, red, green and blue.
        gamma: exponent from samples to light; None for the curve of sRGB.
    """

    points: Sequence[float] = (*D65, *SRGB_PRIMARIES)
    gamma: float | None = None

    def profile(self, *, is_gray: bool) -> bytes | None:
        """Return the colour profile; None for sRGB, and for points that are no colours."""
        if self.is_srgb() or (is_gray and self.gamma is None):
            return None
        try:
            return icc.gray(self.gamma) if is_gray else icc.matrix(self.points, self.gamma)
        except (ValueError, np.linalg.LinAlgError, struct.error):
            return None

    def is_srgb(self) -> bool:
        """Return whether they are those of sRGB, of which 2.2 is the usual short form."""
        near = self.gamma is None or abs(self.gamma / 2.2 - 1) < SAME_GAMMA
        return near and np.allclose(self.points, (*D65, *SRGB_PRIMARIES), rtol=0, atol=SAME_XY)


def profile_of(image: Image.Image, head: bytes, *, is_gray: bool) -> bytes | None:
    """Return the profile of a file, or one of what it states of its colours; None for sRGB.

    Args:
        image: the opened photo.
        head: the first ``HEAD_BYTES`` of its file.
        is_gray: whether it is read as shades of gray.

    Raises:
        HdrError: its colours are those of HDR.
    """
    embedded: bytes | None = image.info.get("icc_profile")
    code = _code_of(image, head)
    if code is not None and (image.format == "PNG" or not embedded):
        told = _of_code(*code)
    elif embedded:
        return embedded
    else:
        told = _of_png(image)
    # What converts files leaves what a camera said, and says sRGB of what it did not look at.
    if told.is_srgb() and "srgb" not in image.info and _is_adobe(image):
        told = Told(*ADOBE_RGB)
    return told.profile(is_gray=is_gray)


class HdrError(Exception):
    """The colours of a photo are those of HDR, of which sRGB shows a part."""


def _is_adobe(image: Image.Image) -> bool:
    """Return whether the EXIF of a camera states Adobe RGB."""
    try:
        exif = image.getexif()
        inside = exif.get_ifd(ExifTags.IFD.Exif)
        if inside.get(ExifTags.Base.ColorSpace) in (SRGB_COLOUR_SPACE, ADOBE_COLOUR_SPACE):
            return bool(inside[ExifTags.Base.ColorSpace] == ADOBE_COLOUR_SPACE)
        index = exif.get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex)
    except Exception:  # Pillow's parser raises many types, and the pixels are intact
        return False
    text = index.decode("latin-1") if isinstance(index, bytes) else str(index)
    return text.strip("\0 ") == ADOBE_INDEX


def _of_png(image: Image.Image) -> Told:
    """Return what a PNG states of its samples and primaries; sRGB for other files."""
    gamma, points = image.info.get("gamma"), image.info.get("chromaticity")
    if "srgb" in image.info:
        return Told()
    return Told(tuple(points or (*D65, *SRGB_PRIMARIES)), 1 / gamma if gamma else None)


def _code_of(image: Image.Image, head: bytes) -> tuple[int, int] | None:
    """Return the numbers of primaries and transfer in a PNG or an AVIF; None for none."""
    if image.format == "AVIF" and (place := head.find(NCLX)) >= 0:
        found = head[place + len(NCLX) :][:4]
        return struct.unpack(">HH", found) if len(found) == 4 else None
    if image.format == "PNG":
        data = next((data for kind, data in _chunks(head) if kind == b"cICP"), b"")
        return (data[0], data[1]) if len(data) == 4 else None
    return None


def _chunks(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kinds and the data of a PNG's chunks, as far as they go."""
    place = len(png.SIGNATURE)
    while len(head) >= place + 12:
        length, kind = struct.unpack_from(">I4s", head, place)
        yield kind, head[place + 8 : place + 8 + length]
        place += 12 + length


def _of_code(primaries: int, transfer: int) -> Told:
    """Return the colours of code points.

    Raises:
        HdrError: those of HDR.
    """
    if transfer in HDR:
        raise HdrError(HDR[transfer])
    return Told(PRIMARIES.get(primaries, (*D65, *SRGB_PRIMARIES)), GAMMAS.get(transfer))


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert to sRGB by the embedded profile; an invalid profile is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        if image.mode == "L" and source.profile.xcolor_space.strip() == "RGB":
            image = image.convert("RGB")
        convert = ImageCms.buildTransform(source, target, image.mode, "RGB", intent, flags)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB")
    return image.convert("RGB") if _changes_nothing(convert, image.mode) else convert.apply(image)


def _changes_nothing(convert: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Return whether a profile is sRGB, by its effect: names such as "linear sRGB" mislead."""
    colours = np.indices((18, 18, 18)).reshape(3, 18, -1).transpose(1, 2, 0) * 15
    probe = Image.fromarray(colours.astype(np.uint8)).convert(mode)
    change = ImageChops.difference(convert.apply(probe), probe.convert("RGB"))
    return bool(np.max(change.getextrema()) <= SRGB_TOLERANCE)
