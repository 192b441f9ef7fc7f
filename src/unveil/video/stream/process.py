"""The pipeline from file to file: decode, change and encode in parallel, in constant memory."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unveil.video.stream.ahead import ahead
from unveil.video.stream.chunks import MAX_FRAMES
from unveil.video.stream.codecs import Encoding, check_fields, encoder_for, layout_for
from unveil.video.stream.holding import check_held
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Layout, Picture
from unveil.video.stream.reading import read
from unveil.video.stream.writing import COPIED_TYPES, unkept, writer

QUEUE_FRAMES = 4
"""Maximum number of frames in the queue between two stages."""

Change = Callable[[Iterator[Picture]], Iterator[Picture]]
"""Yields the changed frames of a clip in order; it may read several ahead."""

Watch = Callable[[Iterable[Picture]], Iterator[Picture]]
"""Passes frames on and reports progress."""


@dataclass(frozen=True)
class Plan:
    """How a clip is written.

    Attributes:
        info: the clip, with the layout of the output.
        target: the file to write.
        encoding: codec and quality of the output.
        change: what of the pictures is not as in the source, as text; None for nothing.
        copied: types of the streams that are copied beside the pictures.
    """

    info: Info
    target: Path
    encoding: Encoding
    change: str | None
    copied: Sequence[str]


def plan(
    info: Info, target: Path, encoding: Encoding, copied: Sequence[str] = COPIED_TYPES
) -> Plan:
    """Choose the layout of the output.

    Raises:
        UsageError: the encoder is not available, or supports no layout for these frames, or no
            interlaced ones.
        UnveilError: the container cannot hold the sound or the subtitles.
    """
    check_held(info, target, copied)
    if info.fields is not None:
        check_fields(encoding)
    formats = [pix_fmt.name for pix_fmt in encoder_for(encoding).video_formats]
    size = info.turn.size(info.width, info.height)
    layout = layout_for(info.layout, encoding, formats, *size, rows=1 if info.fields is None else 2)
    changes = [*_change(info.layout, layout), *unkept(info, target, encoding)]
    planned = replace(info, layout=layout)
    return Plan(planned, target, encoding, "; ".join(changes) or None, copied)


def _change(before: Layout, after: Layout) -> list[str]:
    return [] if before == after else [f"written as {after.pix_fmt}, not {before.pix_fmt}"]


def process(
    plan: Plan, change: Change | None, watch: Watch = iter, *, replaces: bool = True
) -> None:
    """Apply ``change``, if any, to every frame of a clip and write the result.

    Args:
        plan: how the clip is written.
        change: of its frames.
        watch: passes on the frames that are written.
        replaces: whether the file may be there by then.

    Raises:
        UnveilError: the clip is damaged, or the result cannot be written. No file is left then.
    """
    pictures = ahead(read(plan.info), max(QUEUE_FRAMES, MAX_FRAMES // 2))
    changed = pictures if change is None else ahead(change(pictures), QUEUE_FRAMES)
    with (
        contextlib.closing(changed),
        writer(
            *(plan.target, plan.info, plan.info.layout, plan.encoding, plan.copied),
            replaces=replaces,
        ) as out,
    ):
        for picture in watch(changed):
            out.write(picture)
