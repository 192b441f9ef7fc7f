"""What can be written, and how well: codecs, containers, and the pictures that each takes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unveil.errors import UsageError, unknown
from unveil.video.stream.layout import DEPTHS, EIGHT, Layout


@dataclass(frozen=True)
class Codec:
    """A way to compress pictures.

    Attributes:
        encoder: FFmpeg's name of what does it.
        quality: rate factor that is hard to tell from the source; None where nothing is lost.
        worst: the coarsest rate factor.
        options: of the encoder.
        is_even: whether shared chroma needs even sides.
    """

    encoder: str
    quality: int | None
    worst: int = 51
    options: dict[str, str] = field(default_factory=dict)
    is_even: bool = False


H264, HEVC, VP9, AV1, FFV1 = "h264", "hevc", "vp9", "av1", "ffv1"
CODECS = {
    H264: Codec("libx264", 18, options={"preset": "veryfast"}, is_even=True),
    HEVC: Codec(
        *("libx265", 20), options={"preset": "fast", "x265-params": "log-level=none"}, is_even=True
    ),
    VP9: Codec(
        *("libvpx-vp9", 24, 63),
        options={"b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
    ),
    AV1: Codec("libsvtav1", 25, 63, options={"preset": "9"}, is_even=True),
    FFV1: Codec("ffv1", None, options={"level": "3"}),
}
"""By the names that ``--codec`` takes."""

CONTAINERS = {
    ".mp4": (H264, HEVC, AV1, VP9),
    ".m4v": (H264, HEVC),
    ".mov": (H264, HEVC),
    ".mkv": (H264, HEVC, AV1, VP9, FFV1),
    ".webm": (VP9, AV1),
}
"""What each suffix may hold; the first is the default."""


@dataclass(frozen=True)
class Encoding:
    """How a clip is to be written.

    Attributes:
        name: of the codec.
        quality: rate factor; None where nothing is lost.
    """

    name: str
    quality: int | None

    @property
    def codec(self) -> Codec:
        """The codec."""
        return CODECS[self.name]

    @property
    def options(self) -> dict[str, str]:
        """What the encoder is told."""
        told = self.codec.options
        return told if self.quality is None else {**told, "crf": str(self.quality)}


def choose(target: Path, name: str | None, quality: int | None) -> Encoding:
    """Return how to write ``target``.

    Args:
        target: its suffix says the container.
        name: of the codec; None for the container's default.
        quality: rate factor; None for the codec's default.

    Raises:
        UsageError: a container or a codec that is not supported, or not together, or a quality
            that the codec has not; what is supported is listed.
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
            f"{target}: {suffix} cannot hold {chosen}, but {', '.join(CONTAINERS[suffix])}; "
            f"{chosen} goes into {fits}."
        )
    codec = CODECS[chosen]
    if quality is not None and codec.quality is None:
        raise UsageError(f"{chosen} loses nothing: leave --quality out.")
    if quality is not None and not 0 <= quality <= codec.worst:
        raise UsageError(f"--quality {quality} must be from 0 to {codec.worst} for {chosen}.")
    return Encoding(chosen, codec.quality if quality is None else quality)


def encoder_for(encoding: Encoding) -> Any:
    """Return FFmpeg's encoder.

    Raises:
        UsageError: this build of FFmpeg lacks it; those that it has are listed.
    """
    import av

    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 tells its life on standard error otherwise
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
    layout: Layout, encoding: Encoding, formats: Sequence[str], width: int, height: int
) -> Layout:
    """Return the layout nearest to that of the source which the codec takes.

    Bits are kept before chroma is. Where sides are odd and the codec wants them even for shared
    chroma, each pixel gets its own, so that the size stays.

    Args:
        layout: of the source.
        encoding: codec to write with.
        formats: that its encoder takes, by FFmpeg's names.
        width: of the coded picture.
        height: of it.

    Raises:
        UsageError: there is none.
    """
    depths = [bits for bits in reversed(DEPTHS) if bits <= layout.bits]
    for bits in [*depths, EIGHT]:
        for across, down in ((layout.across, layout.down), (2, 2), (1, 1)):
            wanted = replace(layout, across=across, down=down, bits=bits)
            is_odd = bool(width % across or height % down)
            if wanted.pix_fmt in formats and not (is_odd and encoding.codec.is_even):
                return wanted
    raise UsageError(
        f"{encoding.name} cannot keep pictures of {width}x{height} pixels; "
        f"use another --codec of {', '.join(CODECS)}."
    )
