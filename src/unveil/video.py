"""Video files to pictures, through PyAV (FFmpeg); the extra ``video``."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unveil.errors import UnveilError

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")


@dataclass(frozen=True)
class Frame:
    """One picture of a video.

    Attributes:
        seconds: when it is shown.
        rgb: ``H x W x 3`` uint8, upright.
    """

    seconds: float
    rgb: np.ndarray


def is_video(path: Path) -> bool:
    """Say whether ``path`` is a visible file with the suffix of a video."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def check_installed() -> None:
    """Refuse where the extra is not installed.

    Raises:
        UnveilError: PyAV is missing; how to get it is said.
    """
    if importlib.util.find_spec("av") is None:
        raise UnveilError("videos need PyAV: pip install 'unveil[video]'.")


def frames(path: Path, every_seconds: float, max_pixels: int) -> Iterator[Frame]:
    """Yield the first frame of a video, and one whenever ``every_seconds`` have passed.

    Args:
        path: the file.
        every_seconds: time between two frames.
        max_pixels: larger frames are refused.

    Raises:
        UnveilError: no video stream, frames that are too large, a file that cannot be read, or
            one that ends before it says it does; frames before that have been yielded.
    """
    check_installed()
    import av

    shown: list[float] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise UnveilError(f"{path}: has no video in it.")
            stream = container.streams.video[0]
            _check_size(path, stream, max_pixels)
            promised = _seconds(stream, container)
            due = -1.0
            for frame in container.decode(stream):
                shown.append(frame.time or 0.0)
                if shown[-1] >= due:
                    due = shown[-1] + every_seconds
                    yield Frame(shown[-1], _upright(frame))
    except av.error.FFmpegError as error:
        raise UnveilError(f"{path}: {_broken(shown)} ({error.strerror}).") from None
    if not shown:
        raise UnveilError(f"{path}: has no frames in it.")
    if promised is not None and shown[-1] - shown[0] < ENDS_EARLY * promised - LAST_FRAME_S:
        raise UnveilError(f"{path}: {_broken(shown)}, of {promised:.1f} s.")


ENDS_EARLY, LAST_FRAME_S = 0.9, 1.0
"""A video ends early if it misses more than a tenth of its length, and a second."""


def _check_size(path: Path, stream: Any, max_pixels: int) -> None:
    if stream.width * stream.height > max_pixels:
        raise UnveilError(
            f"{path}: frames of {stream.width}x{stream.height} pixels are more than "
            f"{max_pixels:,}; raise --max-pixels if you trust it."
        )


def _seconds(stream: Any, container: Any) -> float | None:
    """Return how long the file says it is; some formats say it of the whole only."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / MICROSECONDS


MICROSECONDS = 1_000_000


def _upright(frame: Any) -> np.ndarray:
    """Return a frame turned as its metadata says."""
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))


def _broken(shown: list[float]) -> str:
    return f"cannot be read beyond {shown[-1]:.1f} s" if shown else "cannot be read"
