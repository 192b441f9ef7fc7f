"""Application of a change to a part of each frame; all other samples stay bit-identical."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unveil.images.box import Box
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Layout, Picture


@dataclass(frozen=True)
class Step:
    """A change of the frames of a clip.

    Attributes:
        change: takes an iterator of upright frames, ``1 x 3 x H x W`` in [0,1], and yields the
            changed frames in the same order; it may read several before it yields the first.
        box: input of ``change``, in upright coordinates; None for the whole frame.
        painted: part of ``box`` that is overwritten, in upright coordinates; None for all of it.
            The rest of the frame stays bit-identical.
        threads: number of PyTorch threads; None for the current number. One is faster for small
            operations: idle threads would spin on cores that the codecs need.
    """

    change: Callable[[Iterator[Tensor]], Iterator[Tensor]]
    box: Box | None = None
    painted: Box | None = None
    threads: int | None = None


def paint(pictures: Iterator[Picture], info: Info, step: Step) -> Iterator[Picture]:
    """Yield the frames of a clip with ``step`` applied."""
    whole = Box(0, 0, info.width, info.height)
    window = Window(info, step.box or whole, step.painted or step.box or whole)
    waiting: deque[Picture] = deque()

    def seen() -> Iterator[Tensor]:
        for picture in pictures:
            waiting.append(picture)
            yield window.look(picture)

    with _threads(step.threads):
        for images in step.change(seen()):
            yield window.put(waiting.popleft(), images)


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Window:
    """Reads a box of coded frames as upright RGB, and writes changes back.

    Args:
        info: the clip.
        box: the part that is read, in upright coordinates.
        painted: the part of ``box`` that is overwritten.
    """

    def __init__(self, info: Info, box: Box, painted: Box) -> None:
        size = (info.width, info.height)
        self.turn, self.colour, self.layout = info.turn, info.colour, info.layout
        self.box = self.turn.coded_box(box, *size)
        self.painted = self.turn.coded_box(painted, *size)
        self.snapped = snapped(self.box, self.layout, *self.turn.size(*size))

    def look(self, picture: Picture) -> Tensor:
        """Return the part that is read, ``1 x 3 x H x W`` in [0,1], upright."""
        cut = self.box.within(self.snapped)
        return self.turn.upright(self._colours(picture)[..., *cut.place])

    def put(self, picture: Picture, images: Tensor) -> Picture:
        """Return the frame with ``images``, a change of :meth:`look`, in the painted part."""
        changed = self.turn.coded(images)
        if self.painted == self.snapped == self.box and self.box.place == _all(picture):
            return replace(picture, planes=self.colour.to_samples(changed))
        colours = self._colours(picture)
        part = changed[..., *self.painted.within(self.box).place]
        colours[..., *self.painted.within(self.snapped).place] = part
        rim = snapped(self.painted, self.layout, *_size(picture))
        luma, *chroma = self.colour.to_samples(colours[..., *rim.within(self.snapped).place])
        first, second, third = (plane.copy() for plane in picture.planes)
        first[self.painted.place] = luma[self.painted.within(rim).place]
        for plane, few in zip((second, third), chroma, strict=True):
            plane[chroma_place(rim, self.layout)] = few
        planes = first, second, third
        return replace(picture, planes=planes)

    def _colours(self, picture: Picture) -> Tensor:
        luma, *chroma = picture.planes
        few = chroma_place(self.snapped, self.layout)
        return self.colour.to_rgb((luma[self.snapped.place], chroma[0][few], chroma[1][few]))


def snapped(box: Box, layout: Layout, width: int, height: int) -> Box:
    """Return the smallest box around ``box`` that is aligned to chroma samples."""
    left, top = box.left - box.left % layout.across, box.top - box.top % layout.down
    right = min(-(-(box.left + box.width) // layout.across) * layout.across, width)
    bottom = min(-(-(box.top + box.height) // layout.down) * layout.down, height)
    return Box(left, top, right - left, bottom - top)


def chroma_place(box: Box, layout: Layout) -> tuple[slice, slice]:
    """Return the rows and columns of the chroma planes for a box aligned to chroma samples."""
    top, left = box.top // layout.down, box.left // layout.across
    high, wide = layout.chroma_size(box.height, box.width)
    return slice(top, top + high), slice(left, left + wide)


def _size(picture: Picture) -> tuple[int, int]:
    height, width = picture.planes[0].shape
    return width, height


def _all(picture: Picture) -> tuple[slice, slice]:
    width, height = _size(picture)
    return Box(0, 0, width, height).place
