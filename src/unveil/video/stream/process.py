"""A clip from file to file: decoding, the change and encoding side by side, in constant memory."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from unveil.video.stream.ahead import ahead
from unveil.video.stream.chunks import MAX_FRAMES
from unveil.video.stream.codecs import Encoding, encoder_for, layout_for
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Layout, Picture
from unveil.video.stream.reading import read
from unveil.video.stream.writing import writer

DEPTH = 4
"""Pictures that wait between two stages."""

Change = Callable[[Iterator[Picture]], Iterator[Picture]]
"""Yields the pictures of a clip changed, each in its turn; it may look at some ahead."""

Watch = Callable[[Iterable[Picture]], Iterator[Picture]]
"""Passes pictures on and says how far they are."""


@dataclass(frozen=True)
class Plan:
    """What becomes of a clip.

    Attributes:
        info: the clip; its layout is the one that is written.
        target: the file to write.
        encoding: how.
        change: what the source's layout loses, in words; None for nothing.
    """

    info: Info
    target: Path
    encoding: Encoding
    change: str | None


def plan(info: Info, target: Path, encoding: Encoding) -> Plan:
    """Decide how a clip is kept.

    Raises:
        UsageError: the codec is not there, or cannot keep such pictures.
    """
    formats = [pix_fmt.name for pix_fmt in encoder_for(encoding).video_formats]
    size = info.turn.size(info.width, info.height)
    layout = layout_for(info.layout, encoding, formats, *size)
    return Plan(replace(info, layout=layout), target, encoding, _change(info.layout, layout))


def _change(before: Layout, after: Layout) -> str | None:
    return None if before == after else f"kept as {after.pix_fmt}, not {before.pix_fmt}"


def process(plan: Plan, change: Change | None, watch: Watch = iter) -> None:
    """Change every picture of a clip, or none for None, and write the result.

    Raises:
        UnveilError: the clip is damaged, or the result cannot be written. Nothing is left then.
    """
    pictures = ahead(read(plan.info), max(DEPTH, MAX_FRAMES // 2))
    changed = pictures if change is None else ahead(change(pictures), DEPTH)
    with (
        contextlib.closing(changed),
        writer(plan.target, plan.info, plan.info.layout, plan.encoding) as out,
    ):
        for picture in watch(changed):
            out.write(picture)
