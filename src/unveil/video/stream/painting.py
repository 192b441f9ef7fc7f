"""Application of a change to a part of each frame; all other samples stay bit-identical."""

from dataclasses import replace

import numpy as np

from unveil.images.box import Box
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Layout, Picture


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

    def look(self, picture: Picture) -> np.ndarray:
        """Return what is seen, ``1 x 3 x H x W`` in [0,1], upright."""
        cut = self.box.within(self.snapped)
        return self.turn.upright(self._colours(picture)[..., *cut.place])

    def put(self, picture: Picture, images: np.ndarray) -> Picture:
        """Return the picture with ``images``, which replace what was seen, in the painted part."""
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

    def _colours(self, picture: Picture) -> np.ndarray:
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
