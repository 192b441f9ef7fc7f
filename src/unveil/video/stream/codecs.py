"""Codecs and containers that can be written, their quality, and the sample formats they take."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unveil.errors import UsageError, unknown
from unveil.video.stream.layout import DEPTHS, MIN_DEPTH, Layout


@dataclass(frozen=True)
class Codec:
    """A video codec.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        quality: default rate factor (CRF), visually close to the source; None if lossless.
        worst: largest rate factor, for the lowest quality.
        options: options of the encoder.
        is_even: whether subsampled chroma needs even width and height.
        has_fields: whether it tells interlaced pictures from others.
        has_aspect: whether it tells the shape of a pixel; else the container must.
        least_width: of a frame, in pixels; with less, the encoder writes past its own memory.
    """

    encoder: str
    quality: int | None
    worst: int = 51
    options: dict[str, str] = field(default_factory=dict)
    is_even: bool = False
    has_fields: bool = False
    has_aspect: bool = False
    least_width: int = 1


H264, HEVC, VP9, AV1, FFV1 = "h264", "hevc", "vp9", "av1", "ffv1"
CODECS = {
    H264: Codec(
        *("libx264", 18),
        options={"preset": "veryfast"},
        is_even=True,
        has_fields=True,
        has_aspect=True,
    ),
    HEVC: Codec(
        *("libx265", 20),
        options={"preset": "fast", "x265-params": "log-level=none"},
        is_even=True,
        has_aspect=True,
        least_width=64,
    ),
    VP9: Codec(
        *("libvpx-vp9", 24, 63),
        options={"b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
    ),
    AV1: Codec("libsvtav1", 25, 63, options={"preset": "9"}, is_even=True, least_width=64),
    FFV1: Codec("ffv1", None, options={"level": "3"}, has_fields=True),
}
"""The codecs, by the names that ``--codec`` takes."""

FORMATS = {".mp4": "mp4", ".m4v": "ipod", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""FFmpeg's names of the containers, by their suffix."""

CONTAINERS = {
    ".mp4": (H264, HEVC, AV1, VP9),
    ".m4v": (H264, HEVC),
    ".mov": (H264, HEVC),
    ".mkv": (H264, HEVC, AV1, VP9, FFV1),
    ".webm": (VP9, AV1),
}
"""The codecs that each container, by its suffix, may hold; the first is the default."""


@dataclass(frozen=True)
class Encoding:
    """The codec and the quality that a clip is written with.

    Attributes:
        name: name of the codec.
        quality: rate factor; None if lossless.
    """

    name: str
    quality: int | None

    @property
    def codec(self) -> Codec:
        """The codec."""
        return CODECS[self.name]

    @property
    def options(self) -> dict[str, str]:
        """The options of the encoder."""
        options = self.codec.options
        return options if self.quality is None else {**options, "crf": str(self.quality)}


def choose(target: Path, name: str | None, quality: int | None) -> Encoding:
    """Return the encoding for ``target``.

    Args:
        target: file to write; its suffix selects the container.
        name: name of the codec; None for the container's default.
        quality: rate factor; None for the codec's default.

    Raises:
        UsageError: the container or the codec is not supported, the container cannot hold the
            codec, or the codec does not have this quality. The message lists what is supported.
    """
    suffix = target.suffix.lower()
    if suffix not in CONTAINERS:
        raise UsageError(
            f"{target}: cannot write this kind of video; use one of {', '.join(CONTAINERS)}."
        )
    if name is not None and name not in CODECS:
        raise unknown("codec", name, CODECS)
    chosen = name or CONTAINERS[suffix][0]
    if chosen not in CONTAINERS[suffix]:
        fits = ", ".join(kind for kind, held in CONTAINERS.items() if chosen in held)
        raise UsageError(
            f"{target}: {suffix} cannot hold {chosen}, only {', '.join(CONTAINERS[suffix])}; "
            f"{chosen} goes into {fits}."
        )
    codec = CODECS[chosen]
    if quality is not None and codec.quality is None:
        raise UsageError(f"{chosen} is lossless; leave out --quality.")
    if quality is not None and not 0 <= quality <= codec.worst:
        raise UsageError(f"--quality {quality} must be from 0 to {codec.worst} for {chosen}.")
    return Encoding(chosen, codec.quality if quality is None else quality)


def check_fields(encoding: Encoding) -> None:
    """Refuse a codec that would show interlaced pictures as others: their edges would be combs.

    Raises:
        UsageError: says what takes them.
    """
    if not encoding.codec.has_fields:
        raise UsageError(
            f"is interlaced, which {encoding.name} cannot be here; write {H264} into "
            f"{', '.join(kind for kind, held in CONTAINERS.items() if H264 in held)}, or "
            "deinterlace it first with `ffmpeg -vf bwdif`."
        )


def encoder_for(encoding: Encoding) -> Any:
    """Return FFmpeg's encoder.

    Raises:
        UsageError: this build of FFmpeg lacks the encoder; the codecs it can write are listed.
    """
    import av

    os.environ.setdefault("SVT_LOG", "1")  # otherwise SVT-AV1 logs to standard error
    found = {name: codec for name in CODECS if (codec := _encoder(av, name)) is not None}
    if encoding.name not in found:
        raise UsageError(
            f"the FFmpeg of this PyAV cannot write {encoding.name}; it can {', '.join(found)}."
        )
    return found[encoding.name]


def _encoder(av: Any, name: str) -> Any:
    try:
        return av.Codec(CODECS[name].encoder, "w")
    except av.error.FFmpegError:
        return None


def layout_for(
    layout: Layout,
    encoding: Encoding,
    formats: Sequence[str],
    width: int,
    height: int,
    rows: int = 1,
) -> Layout:
    """Return the layout closest to the source's that the encoder supports.

    The bit depth has priority over the chroma subsampling. Frames of odd size are written with
    4:4:4 chroma if the codec requires even sizes for subsampled chroma, so that the size stays.

    Args:
        layout: layout of the source.
        encoding: codec to write with.
        formats: pixel formats that its encoder supports, by FFmpeg's names.
        width: width of the coded frame.
        height: height of the coded frame.
        rows: 2 for interlaced frames, of which each field has its own chroma.

    Raises:
        UsageError: the encoder supports no such layout, or no frames as narrow.
    """
    if width < encoding.codec.least_width:
        raise UsageError(
            f"{encoding.name} cannot store frames narrower than {encoding.codec.least_width} "
            f"pixels, and these have {width}; use another --codec of "
            f"{', '.join(name for name, codec in CODECS.items() if codec.least_width <= width)}."
        )
    depths = [bits for bits in reversed(DEPTHS) if bits <= layout.bits]
    for bits in [*depths, MIN_DEPTH]:
        for across, down in ((layout.across, layout.down), (2, 2), (1, 1)):
            wanted = replace(layout, across=across, down=down, bits=bits)
            is_odd = bool(width % across or height % (down * rows))
            if wanted.pix_fmt in formats and not (is_odd and encoding.codec.is_even):
                return wanted
    raise UsageError(
        f"{encoding.name} cannot store frames of {width}x{height} pixels; "
        f"use another --codec of {', '.join(CODECS)}."
    )
