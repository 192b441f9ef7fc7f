"""Decoded frames of a clip, in display order."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from unveil.degradation.degrade import to_uint8
from unveil.errors import UnveilError
from unveil.video.stream.info import Info, describe
from unveil.video.stream.layout import Picture, planes_of
from unveil.video.stream.opening import filled, opened, picture_stream


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

MOST_PER_SECOND = 60
"""Pictures a second between two looks, at most: times that lie must not leave any out."""


def frames(path: Path, every_seconds: float, max_pixels: int) -> Iterator[Frame]:
    """Yield the first frame of a video, then one per ``every_seconds``.

    Args:
        path: the file.
        every_seconds: time between two frames, 0 for all of them; there are never more than 60
            pictures per second of it between them, whatever their times say.
        max_pixels: larger frames are refused.

    Raises:
        UnveilError: the file has no video stream, has frames that are too large, cannot be read
            in full. Frames before the error, and after a damaged part, have been yielded.
    """
    info = describe(path, max_pixels)
    due, most = -float("inf"), max(round(every_seconds * MOST_PER_SECOND), 1)
    unseen = 0
    for picture in read(info):
        seconds = float(picture.pts * info.time_base)
        unseen += 1
        if seconds >= due or unseen >= most:
            due, unseen = seconds + every_seconds - ROUNDING_S, 0
            yield Frame(seconds, to_rgb8(upright(picture, info)))


def upright(picture: Picture, info: Info) -> np.ndarray:
    """Return a picture as the viewer sees it, ``1 x 3 x H x W`` in [0,1]."""
    return info.turn.upright(info.colour.to_rgb(picture.planes))


def to_rgb8(images: np.ndarray) -> np.ndarray:
    """Return ``1 x 3 x H x W`` in [0,1] as ``H x W x 3`` uint8."""
    return np.ascontiguousarray(to_uint8(images[0]).transpose(1, 2, 0))


def read(info: Info) -> Iterator[Picture]:
    """Yield all frames of a clip; times that begin again go on from the last one.

    Raises:
        UnveilError: the file is damaged, ends before its declared duration, or changes its frame
            size. What can be decoded has been yielded.
    """
    import av

    shown: list[float] = []  # times of the first and the last frame
    broken: list[float] = []  # times of frames that were not decoded in full
    try:
        with opened(info.path) as container:
            stream = picture_stream(info.path, container, info.width * info.height)
            place = _places(info)
            for frame in _decoded(info, container, stream):
                pts = place(frame)
                shown[1 if shown else 0 :] = [float(pts * info.time_base)]
                _check_same(info, frame, shown[-1])
                broken += [shown[-1]] if frame.is_corrupt else []
                lasts = info.survey.lasts(pts, frame.duration or 0)
                yield Picture(pts, lasts, planes_of(frame, info.layout))
    except av.error.FFmpegError as error:
        raise UnveilError(f"{info.path}: {_broken(info, shown)} ({error.strerror}).") from None
    _check_whole(info, shown, broken)


def _decoded(info: Info, container: Any, stream: Any) -> Iterator[Any]:
    for packet in filled(info.survey.moved(container.demux(stream))):
        yield from packet.decode()


MAX_DECODED_FRAMES = 100
"""Maximum number of frames decoded from a keyframe towards the wanted time."""


def samples(info: Info, count: int) -> Iterator[Picture]:
    """Yield ``count`` frames spread evenly over the pictures of a clip, whatever its length says.

    They are found by seeking; all are decoded where times do not tell pictures apart.

    Raises:
        UnveilError: the file is damaged.
    """
    total = len(info.survey.times)
    numbers = [(2 * number + 1) * total // (2 * count) for number in range(count)]
    sought = _sought(info, info.survey.times[numbers]) if info.survey.is_sound_index() else []
    yield from sought if len(sought) == count else _numbered(info, numbers)


def _sought(info: Info, wanted: np.ndarray) -> list[Picture]:
    """Return the frames at these times, by seeking; not all of them where that fails."""
    import av

    found: list[Picture] = []
    with opened(info.path) as container, contextlib.suppress(av.error.FFmpegError):
        stream = picture_stream(info.path, container, info.width * info.height)
        shift = info.survey.shift_of(stream.index)
        for pts in map(int, wanted - shift):
            container.seek(pts, stream=stream)
            frame = None
            for frame in islice(container.decode(stream), MAX_DECODED_FRAMES):
                if frame.pts is None or frame.pts >= pts:
                    break
            if frame is None:
                break
            found.append(Picture((frame.pts or 0) + shift, 0, planes_of(frame, info.layout)))
    return found


def _numbered(info: Info, numbers: Sequence[int]) -> Iterator[Picture]:
    """Yield the frames of these numbers, sorted; the last one for those that are not there."""
    left, picture = list(numbers), None
    for at, picture in enumerate(read(info)):
        while left and at >= left[0]:
            left.pop(0)
            yield picture
        if not left:
            return
    if picture is not None:
        yield from [picture] * len(left)


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

AT_JOINT_S = 0.25
"""So near to a joint of recordings, and to the end, a frame may be cut short: cameras are."""


def _check_whole(info: Info, shown: list[float], broken: list[float]) -> None:
    """Refuse a clip of which not all was decoded, and say what is lost."""
    if not shown:
        raise UnveilError(f"{info.path}: has no frames in it.")
    seen, unit = info.survey, float(info.time_base)
    if seen.holds_another:
        raise UnveilError(
            f"{info.path}: another recording follows in it, which cannot be read from there; join "
            "them with `ffmpeg -f concat`."
        )
    if seen.promised_s is not None and seen.last_s < MIN_SHARE * seen.promised_s - TOLERANCE_S:
        raise UnveilError(f"{info.path}: {_broken(info, shown)}.")
    if shown[-1] < float(seen.times[-1]) * unit - TOLERANCE_S:
        raise UnveilError(f"{info.path}: {_broken(info, shown)}.")
    ends = [*seen.joints, shown[-1] + 1 / float(info.rate)]
    inside = [at for at in broken if all(abs(at - end) > AT_JOINT_S for end in ends)]
    if seen.holes or inside:
        places = [
            f"{max(end - start, unit):.2g} s from {start:.1f} s on" for start, end in seen.holes
        ]
        if inside:
            pictures = "1 picture" if len(inside) == 1 else f"{len(inside)} pictures"
            places.append(f"{pictures} from {inside[0]:.1f} s on")
        raise UnveilError(
            f"{info.path}: damaged: {' and '.join(places)} cannot be read in full; write what can "
            "be with `ffmpeg -i IN -c:v libx264 OUT.mp4`, and look what is lost."
        )


def _broken(info: Info, shown: list[float]) -> str:
    if not shown:
        return "cannot be read"
    promised = info.survey.promised_s or float(info.survey.times[-1] * info.time_base)
    return f"cannot be read beyond {shown[-1]:.1f} s, of {promised:.1f} s"
