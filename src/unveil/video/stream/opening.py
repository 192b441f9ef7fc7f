"""Opening of video files, with an error of one line for files that cannot be used."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.extras import require
from unveil.files import check_regular, is_file

SUFFIXES = (
    *(".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg"),
    *(".3gp", ".3g2", ".flv", ".f4v", ".wmv", ".asf", ".vob", ".ogv", ".mxf", ".dv", ".divx"),
    *(".m2t", ".m1v", ".m2v", ".qt", ".rm", ".rmvb", ".wtv"),
)

FILES_ONLY = {"protocol_whitelist": "file"}
"""Nothing goes to the network, whatever a file says of where its parts are."""

ATTACHED_PIC = 0x400
"""FFmpeg's AV_DISPOSITION_ATTACHED_PIC."""

LISTS = frozenset({"concat", "dash", "hls", "applehttp", "sdp", "rtsp", "imf"})
"""Formats of FFmpeg that name other files."""


def is_video(path: Path) -> bool:
    """Return whether ``path`` is a file with the suffix of a video, and not hidden."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and is_file(path)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Yield the open container of a video file.

    Raises:
        UnveilError: the file does not exist, is not a video, or cannot be read by FFmpeg.
    """
    require("video")
    import av

    if check_regular(path).st_size == 0:
        raise UnveilError(f"{path}: is empty: it holds 0 bytes.")
    try:
        # An absolute path: FFmpeg takes what stands before a colon for a protocol.
        container = av.open(str(path.absolute()), options=FILES_ONLY)
    except av.error.EOFError:
        raise UnveilError(f"{path}: has no frames in it.") from None
    except av.error.InvalidDataError:
        raise UnveilError(
            f"{path}: is not a video, or damaged or cut short; copy it again from its source."
        ) from None
    except av.error.FFmpegError as error:
        raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    with container:
        if refused := LISTS.intersection(container.format.name.split(",")):
            raise UnveilError(f"{path}: is a list of other files ({min(refused)}), not a video.")
        yield container


def picture_stream(path: Path, container: Any, max_pixels: int) -> Any:
    """Return the first video stream that is not cover art.

    Raises:
        UnveilError: there is none, FFmpeg has no decoder for it, or its frames are too large.
    """
    streams = [stream for stream in container.streams.video if not is_cover(stream)]
    if not streams:
        raise UnveilError(f"{path}: has no video in it.")
    stream = streams[0]
    if stream.codec_context is None:
        raise UnveilError(f"{path}: its video is in a codec that FFmpeg cannot read here.")
    if stream.width * stream.height > max_pixels:
        raise UnveilError(
            f"{path}: frames of {stream.width}x{stream.height} pixels are more than "
            f"{max_pixels:,}; raise --max-pixels if you trust it."
        )
    stream.thread_type = "AUTO"
    return stream


def filled(packets: Iterable[Any]) -> Iterator[Any]:
    """Yield packets but for empty ones, which say that a picture stays, and no decoder takes.

    The last one of all, by which decoders give what they hold back, has no time.
    """
    return (packet for packet in packets if packet.size or packet.dts is None)


def is_cover(stream: Any) -> bool:
    """Return whether a video stream is cover art (an attached picture)."""
    return bool(int(stream.disposition) & ATTACHED_PIC)  # its text differs between PyAV's versions


def seconds_of(stream: Any, container: Any) -> float | None:
    """Return the declared duration of the stream, or else of the container; None if unknown."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / MICROSECONDS


MICROSECONDS = 1_000_000
