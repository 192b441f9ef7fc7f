"""`unveil restore` on a mosaic that moves through a clip, or that appears and disappears.

In the mosaic's own coordinates, the face moves and the mosaic is fixed. Crops aligned to the block
grid are therefore equivalent to frames under a fixed mosaic, and can be restored jointly.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unveil.degradation import Degradation
from unveil.estimation.part import find_part
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.video.agreement import Moving
from unveil.video.parts import around, improve
from unveil.video.runs import Sight, Undone, View
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import Window


@dataclass(frozen=True)
class Following:
    """Locates a mosaic in each frame of a clip and restores it.

    Attributes:
        info: the clip.
        moving: the mosaic.
        restore: restores a frame or a crop of it; takes images, the degradation and the box.
        prior: power spectrum of clean photos.
        together: number of frames restored jointly.
    """

    info: Info
    moving: Moving
    restore: Callable[[np.ndarray, Degradation, Box | None], np.ndarray]
    prior: Prior
    together: int

    def look(self, frames: Iterator[tuple[int, Picture]]) -> Iterator[View]:
        """Yield the frames of a clip with the mosaic in each, by the numbers of their scenes."""
        last: Box | None = None
        before = 0
        for scene, picture in frames:
            last, before = last if scene == before else None, scene
            box = self._locate(picture, last)
            last = box or last
            yield View(scene, picture, None if box is None else self._see(picture, box))

    def undo(self, sights: Sequence[Sight]) -> list[Undone]:
        """Restore a run of frames, jointly if there is more than one."""
        known = self.moving.degradation
        images = [self.restore(one.images, known, one.box) for one in sights]
        if self.together > 1 and len(sights) > 1:
            places = self._alike([one.box for one in sights])
            images = improve([one.images for one in sights], images, places, known, self.prior)
        return [(one, True) for one in images]

    def _locate(self, picture: Picture, last: Box | None) -> Box | None:
        """Return the box of the mosaic, or None.

        The search starts near the ``last`` box, so that it stays with one mosaic if there are two.
        """
        size = self.info.width, self.info.height
        block = self.moving.operator.block
        near = last and last.grown(last.width // 2, last.height // 2, *size)
        for place in filter(None, (near, Box(0, 0, *size))):
            images = Window(self.info, place, place).look(picture)
            found = find_part(images, self.moving.storage, self.prior, range(block, block + 1))
            if found is not None and (box := found.box) is not None:
                return Box(box.left + place.left, box.top + place.top, box.width, box.height)
        return None

    def _see(self, picture: Picture, box: Box) -> Sight:
        place = around(box, self.moving.operator, self.info)
        window = Window(self.info, place, box)
        return Sight(window, window.look(picture), box.within(place))

    def _alike(self, boxes: Sequence[Box]) -> list[Box]:
        """Crop each box, centred and aligned to its grid, to the smallest width and height."""
        block = self.moving.operator.block
        width, height = min(box.width for box in boxes), min(box.height for box in boxes)
        return [
            Box(
                box.left + (box.width - width) // (2 * block) * block,
                box.top + (box.height - height) // (2 * block) * block,
                *(width, height),
            )
            for box in boxes
        ]
