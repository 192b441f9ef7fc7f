"""Decoded frames of a clip, in display order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from unveil.degradation.degrade import to_uint8
from unveil.errors import UnveilError
from unveil.video.stream.info import Info, describe
from unveil.video.stream.layout import Picture, planes_of
from unveil.video.stream.opening import opened, picture_stream


@dataclass(frozen=True)
class Frame:
    """One frame of a video as displayed.

    Attributes:
        seconds: its presentation time.
        rgb: ``H x W x 3`` uint8, upright.
    """

    seconds: float
    rgb: np.ndarray


ROUNDING_S = 1e-6
"""Tolerance for rounding errors in sums of times."""


def frames(path: Path, every_seconds: float, max_pixels: int) -> Iterator[Frame]:
    """Yield the first frame of a video, then one per ``every_seconds``.

    Args:
        path: the file.
        every_seconds: time between two frames.
        max_pixels: larger frames are refused.

    Raises:
        UnveilError: the file has no video stream, has frames that are too large, cannot be read,
            or ends before its declared duration. Frames before the error have been yielded.
    """
    info = describe(path, max_pixels)
    due = -float("inf")
    for picture in read(info):
        seconds = float(picture.pts * info.time_base)
        if seconds >= due:
            due = seconds + every_seconds - ROUNDING_S
            yield Frame(seconds, to_rgb8(upright(picture, info)))


def upright(picture: Picture, info: Info) -> np.ndarray:
    """Return a picture as the viewer sees it, ``1 x 3 x H x W`` in [0,1]."""
    return info.turn.upright(info.colour.to_rgb(picture.planes))


def to_rgb8(images: np.ndarray) -> np.ndarray:
    """Return ``1 x 3 x H x W`` in [0,1] as ``H x W x 3`` uint8."""
    return np.ascontiguousarray(to_uint8(images[0]).transpose(1, 2, 0))


def read(info: Info) -> Iterator[Picture]:
    """Yield all frames of a clip.

    Raises:
        UnveilError: the file is damaged, ends before its declared duration, or changes its frame
            size. Frames before the error have been yielded.
    """
    import av

    shown: list[float] = []  # times of the first and the last frame
    try:
        with opened(info.path) as container:
            stream = picture_stream(info.path, container, info.width * info.height)
            place = _places(info)
            for frame in container.decode(stream):
                pts = place(frame)
                shown[1 if shown else 0 :] = [float(pts * info.time_base)]
                _check_same(info, frame, shown[-1])
                yield Picture(pts, frame.duration or 0, planes_of(frame, info.layout))
    except av.error.FFmpegError as error:
        raise UnveilError(f"{info.path}: {_broken(shown)} ({error.strerror}).") from None
    _check_whole(info, shown)


MAX_DECODED_FRAMES = 100
"""Maximum number of frames decoded from a keyframe towards the wanted time."""


def samples(info: Info, count: int) -> Iterator[Picture]:
    """Yield ``count`` frames spread evenly over a clip, by seeking instead of decoding all.

    Raises:
        UnveilError: the file is damaged.
    """
    import av

    length = info.seconds or 0.0
    try:
        with opened(info.path) as container:
            stream = picture_stream(info.path, container, info.width * info.height)
            for number in range(count):
                wanted = round(length * (number + 0.5) / count / stream.time_base)
                wanted += stream.start_time or 0
                container.seek(wanted, stream=stream)
                frame = None
                for frame in islice(container.decode(stream), MAX_DECODED_FRAMES):
                    if frame.pts is None or frame.pts >= wanted:
                        break
                if frame is not None:
                    yield Picture(frame.pts or 0, 0, planes_of(frame, info.layout))
    except av.error.FFmpegError as error:
        raise UnveilError(f"{info.path}: cannot be read ({error.strerror}).") from None


def _places(info: Info) -> Callable[[Any], int]:
    """Return a function that gives the timestamp of a frame; repairs missing and unsorted ones."""
    last: int | None = None
    step = max(round(1 / (info.rate * info.time_base)), 1)

    def place(frame: Any) -> int:
        nonlocal last
        known = frame.pts if frame.pts is not None else frame.dts
        if known is None:
            known = 0 if last is None else last + step
        last = known if last is None else max(known, last + 1)
        return int(last)

    return place


def _check_same(info: Info, frame: Any, seconds: float) -> None:
    width, height = info.turn.size(info.width, info.height)
    if (frame.width, frame.height) != (width, height):
        raise UnveilError(
            f"{info.path}: changes from {width}x{height} to {frame.width}x{frame.height} pixels "
            f"at {seconds:.1f} s; cut it there."
        )


MIN_SHARE, TOLERANCE_S = 0.9, 1.0
"""A video is truncated if it ends over 1 s before 90 % of its declared duration."""


def _check_whole(info: Info, shown: list[float]) -> None:
    if not shown:
        raise UnveilError(f"{info.path}: has no frames in it.")
    promised = info.seconds
    if promised is not None and shown[-1] - shown[0] < MIN_SHARE * promised - TOLERANCE_S:
        raise UnveilError(f"{info.path}: {_broken(shown)}, of {promised:.1f} s.")


def _broken(shown: list[float]) -> str:
    return f"cannot be read beyond {shown[-1]:.1f} s" if shown else "cannot be read"
