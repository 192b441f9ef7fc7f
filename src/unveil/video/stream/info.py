"""What is to be known of a clip before its first picture is changed."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from unveil.degradation import Storage
from unveil.errors import UnveilError
from unveil.video.stream.colour import BT709, UNKNOWN, Colour, guess_matrix
from unveil.video.stream.layout import Layout, layout_of
from unveil.video.stream.opening import is_cover, opened, picture_stream, seconds_of
from unveil.video.stream.turn import Turn, turn_of

LIMITED, FULL = 1, 2
"""FFmpeg's numbers for the range of samples."""


@dataclass(frozen=True)
class Tags:
    """What the stream says of its colours, as numbers of ITU-T H.273, and its range.

    Attributes:
        primaries: which red, green and blue.
        transfer: which curve.
        matrix: which YUV; 2 for nothing said.
        range: 1 limited, 2 full, 0 nothing said.
    """

    primaries: int
    transfer: int
    matrix: int
    range: int


@dataclass(frozen=True)
class Info:
    """A clip.

    Attributes:
        path: its file.
        width: of the upright picture.
        height: of it.
        rate: pictures a second, on average.
        seconds: how long it says it is, None for unknown.
        time_base: unit of its timestamps, in seconds.
        layout: how pictures are kept while they are worked on.
        tags: what the stream says of its colours.
        matrix: nine numbers that turn the picture upright, None for nothing to turn.
        aspect: width of a pixel over its height, None for square or unknown.
        storage: what compression its pictures went through.
        is_measured: whether ``storage`` is known; else it is a guess.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    seconds: float | None
    time_base: Fraction
    layout: Layout
    tags: Tags
    matrix: tuple[int, ...] | None
    aspect: Fraction | None
    storage: Storage
    is_measured: bool

    @property
    def turn(self) -> Turn:
        """What makes its pictures upright."""
        return turn_of(self.matrix)

    @property
    def colour(self) -> Colour:
        """How its samples mean colours."""
        width, height = self.turn.size(self.width, self.height)
        matrix = guess_matrix(self.tags.matrix, width, height)
        return Colour(self.layout, matrix, self.tags.range == FULL)


DEFAULT_RATE = Fraction(25)


def describe(path: Path, max_pixels: int) -> Info:
    """Read what is to be known from a clip's header and its first picture.

    Raises:
        UnveilError: it cannot be read, has no pictures, or such as cannot be kept.
    """
    import av

    with opened(path) as container:
        stream = picture_stream(path, container, max_pixels)
        try:
            settings, frame = _first(container, stream)
        except av.error.FFmpegError as error:
            raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
        if frame is None:
            raise UnveilError(f"{path}: has no frames in it.")
        _check_kept(path, stream, frame)
        turn = turn_of(matrix := _matrix_of(frame))
        width, height = turn.size(frame.width, frame.height)
        storage, is_measured = _storage_of(stream.codec_context.name, settings)
        return Info(
            *(path, width, height),
            rate=stream.average_rate or stream.guessed_rate or DEFAULT_RATE,
            seconds=seconds_of(stream, container),
            time_base=stream.time_base,
            layout=layout_of(frame.format),
            tags=_tags(frame),
            matrix=matrix,
            aspect=_aspect(stream),
            storage=storage,
            is_measured=is_measured,
        )


def _first(container: Any, stream: Any) -> tuple[int | None, Any]:
    """Return the rate factor that the first packet tells, and the first picture; None for none."""
    settings = None
    for number, packet in enumerate(container.demux(stream)):
        if number == 0 and packet.size:
            settings = x264_settings(bytes(packet))
        for frame in packet.decode():
            return settings, frame
    return settings, None


def _check_kept(path: Path, stream: Any, frame: Any) -> None:
    """Refuse what would be lost without a word."""
    parts = frame.format.components
    has_alpha = any(part.is_alpha for part in parts) and not frame.format.has_palette
    if has_alpha or stream.metadata.get("alpha_mode") == "1":
        raise UnveilError(
            f"{path}: has transparency, which would be lost; lay it on a background first."
        )
    others = [one for one in stream.container.streams.video if not is_cover(one)]
    if len(others) > 1:
        raise UnveilError(
            f"{path}: has {len(others)} videos in it, of which unveil takes one; "
            "choose with `ffmpeg -map 0:v:0`."
        )


def _matrix_of(frame: Any) -> tuple[int, ...] | None:
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            return tuple(int(number) for number in np.frombuffer(data, np.int32)[:9])
    return None


def _tags(frame: Any) -> Tags:
    """Return what a frame says; RGB is kept as BT.709 of limited range."""
    if frame.format.is_rgb or frame.format.has_palette:
        return Tags(int(frame.color_primaries), int(frame.color_trc), BT709, LIMITED)
    levels = FULL if frame.format.name.startswith("yuvj") else int(frame.color_range)
    matrix = int(frame.colorspace) or UNKNOWN
    return Tags(int(frame.color_primaries), int(frame.color_trc), matrix, levels)


def _aspect(stream: Any) -> Fraction | None:
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and aspect != 1 else None


SETTINGS = re.compile(rb"x264 - core .*?\bcrf=([0-9.]+)", re.DOTALL)


def x264_settings(packet: bytes) -> int | None:
    """Return the rate factor that x264 writes into a clip's first packet."""
    found = SETTINGS.search(packet)
    return None if found is None else round(float(found[1]))


TYPICAL = Storage("h264", 23)
"""x264's own default: what a clip that does not say is taken for."""

LOSSLESS = ("ffv1", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "qtrle", "png", "v210", "r210")


def _storage_of(codec: str, crf: int | None) -> tuple[Storage, bool]:
    if codec in LOSSLESS:
        return Storage("8bit"), True
    return (TYPICAL, False) if crf is None else (Storage("h264", crf), True)
