"""Opening a video file, or saying in one line why it cannot be worked on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.extras import require

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")


def is_video(path: Path) -> bool:
    """Say whether ``path`` is a visible file with the suffix of a video."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Give the open container of a video file.

    Raises:
        UnveilError: no such file, no video, or one that FFmpeg cannot read.
    """
    require("video")
    import av

    try:
        container = av.open(str(path))
    except av.error.EOFError:
        raise UnveilError(f"{path}: has no frames in it.") from None
    except av.error.FFmpegError as error:
        raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    with container:
        yield container


def picture_stream(path: Path, container: Any, max_pixels: int) -> Any:
    """Return the stream of moving pictures; cover art is none.

    Raises:
        UnveilError: there is none, or its pictures are too large.
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


def is_cover(stream: Any) -> bool:
    """Say whether a video stream is but a picture that players show beside the sound."""
    return "attached_pic" in str(stream.disposition)


def seconds_of(stream: Any, container: Any) -> float | None:
    """Return how long the file says it is; some formats say it of the whole only."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / MICROSECONDS


MICROSECONDS = 1_000_000
