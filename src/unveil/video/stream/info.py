"""Properties of a clip, read from its header, its first frame and its packets."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from unveil.degradation import Storage
from unveil.errors import UnveilError
from unveil.video.stream.colour import BT709, UNKNOWN, Colour, guess_matrix
from unveil.video.stream.fields import Order, order_of
from unveil.video.stream.layout import Layout, layout_of
from unveil.video.stream.mastering import Mastering, mastering_of
from unveil.video.stream.opening import filled, is_cover, opened, picture_stream
from unveil.video.stream.survey import Survey, survey
from unveil.video.stream.turn import Turn, turn_of

LIMITED, FULL = 1, 2
"""FFmpeg's values of the sample range."""


@dataclass(frozen=True)
class Tags:
    """The colour tags of a stream, as code points of ITU-T H.273, and its range.

    Attributes:
        primaries: colour primaries.
        transfer: transfer characteristics.
        matrix: matrix coefficients; 2 for unspecified.
        range: 1 for limited, 2 for full, 0 for unspecified.
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
        width: width of the upright frame, in pixels.
        height: height of the upright frame, in pixels.
        rate: average frames per second.
        seconds: from the first picture to the last.
        time_base: unit of its timestamps, in seconds.
        layout: sample format of the frames in memory.
        tags: colour tags of the stream.
        matrix: display matrix, nine numbers row by row; None if there is none.
        aspect: aspect ratio of a pixel, width over height; None if square or unknown.
        storage: compression of its frames.
        is_measured: whether ``storage`` is read from the file; else it is assumed.
        survey: its packets: when its pictures are shown, and what of them is lost.
        fields: which field of a picture is shown first; None if the pictures are not interlaced.
        mastering: the display that HDR10 was made on; None if it is not told.
        unwritten: what its first picture comes with that is never written.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    seconds: float
    time_base: Fraction
    layout: Layout
    tags: Tags
    matrix: tuple[int, ...] | None
    aspect: Fraction | None
    storage: Storage
    is_measured: bool
    survey: Survey
    fields: Order | None
    mastering: Mastering | None
    unwritten: tuple[str, ...]

    @property
    def turn(self) -> Turn:
        """The transform from coded to upright frames."""
        return turn_of(self.matrix)

    @property
    def colour(self) -> Colour:
        """The colour encoding of its samples."""
        width, height = self.turn.size(self.width, self.height)
        matrix = guess_matrix(self.tags.matrix, width, height)
        return Colour(self.layout, matrix, self.tags.range == FULL)


DEFAULT_RATE = Fraction(25)


def describe(path: Path, max_pixels: int) -> Info:
    """Read the properties of a clip from its header, its first frame and its packets.

    Raises:
        UnveilError: the file cannot be read, has no frames or too large ones, has transparency, or
            holds several videos.
    """
    import av

    with opened(path) as whole, opened(path) as container:
        stream = picture_stream(path, container, max_pixels)
        try:
            settings, frame = _first(container, stream)
            seen = survey(path, whole, picture_stream(path, whole, max_pixels))
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
            seconds=float((seen.times[-1] - seen.times[0]) * stream.time_base),
            time_base=stream.time_base,
            layout=layout_of(frame.format),
            tags=_tags(frame),
            matrix=matrix,
            aspect=_aspect(stream),
            storage=storage,
            is_measured=is_measured,
            survey=seen,
            mastering=mastering_of(frame),
            unwritten=_unwritten(frame),
            fields=order_of(stream, frame),  # the last one: the samples are overwritten
        )


def _first(container: Any, stream: Any) -> tuple[int | None, Any]:
    """Return the rate factor in the first packet, and the first frame; None if there is none."""
    settings = None
    for number, packet in enumerate(filled(container.demux(stream))):
        if number == 0 and packet.size:
            settings = x264_settings(bytes(packet))
        for frame in packet.decode():
            return settings, frame
    return settings, None


def _check_kept(path: Path, stream: Any, frame: Any) -> None:
    """Reject a clip with content that would be lost silently."""
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


UNWRITTEN = {
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
    "DOVI_METADATA": "Dolby Vision",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "AMBIENT_VIEWING_ENVIRONMENT": "the light to view it in",
    "ICC_PROFILE": "a colour profile",
    "SPHERICAL": "its projection on a sphere",
    "STEREO3D": "its views for two eyes",
    "A53_CC": "closed captions",
    "AFD": "the part of it that is in use",
}
"""What pictures come with, by FFmpeg's names, that no encoder here can be given."""


def _unwritten(frame: Any) -> tuple[str, ...]:
    kinds = (one.type.name for one in frame.side_data)
    return tuple(dict.fromkeys(UNWRITTEN[kind] for kind in kinds if kind in UNWRITTEN))


def _matrix_of(frame: Any) -> tuple[int, ...] | None:
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    return tuple(int(number) for number in np.frombuffer(data, np.int32)[:9])


def _tags(frame: Any) -> Tags:
    """Return the colour tags of a frame; RGB is converted to limited-range BT.709."""
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
    """Return the rate factor that x264 has written into a clip's first packet, or None."""
    found = SETTINGS.search(packet)
    return None if found is None else round(float(found[1]))


DEFAULT_STORAGE = Storage("h264", 23)
"""x264's default; assumed for a clip that does not record its rate factor."""

LOSSLESS = ("ffv1", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "qtrle", "png", "v210", "r210")


def _storage_of(codec: str, crf: int | None) -> tuple[Storage, bool]:
    if codec in LOSSLESS:
        return Storage("8bit"), True
    return (DEFAULT_STORAGE, False) if crf is None else (Storage("h264", crf), True)
