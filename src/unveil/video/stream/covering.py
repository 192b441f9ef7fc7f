"""Black boxes over parts of each frame; all other samples stay bit-identical."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from unveil.images.box import Box
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import chroma_place, snapped

Covered = Callable[[float], Sequence[Box]]
"""Maps the time of a frame, in seconds, to the boxes to cover, in upright coordinates."""


def cover(pictures: Iterator[Picture], info: Info, covered: Covered) -> Iterator[Picture]:
    """Yield the frames of a clip with black boxes.

    Boxes are extended to whole chroma samples, so that no chroma of a covered pixel is left.
    """
    black = [plane[0, 0] for plane in info.colour.to_samples(np.zeros((1, 3, 2, 2), np.float32))]
    for picture in pictures:
        boxes = covered(float(picture.pts * info.time_base))
        yield _covered(picture, info, boxes, black) if boxes else picture


def _covered(picture: Picture, info: Info, boxes: Sequence[Box], black: Sequence[int]) -> Picture:
    luma, blue, red = (plane.copy() for plane in picture.planes)
    size = info.width, info.height
    for box in boxes:
        place = snapped(info.turn.coded_box(box, *size), info.layout, *info.turn.size(*size))
        luma[place.place] = black[0]
        few = chroma_place(place, info.layout)
        blue[few], red[few] = black[1:]
    return replace(picture, planes=(luma, blue, red))
