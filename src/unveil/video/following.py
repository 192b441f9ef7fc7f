"""`unveil restore` on a mosaic that moves through a clip, or comes and goes.

Seen from the mosaic it is the face that moves: parts that are cut out along the grid are what a
mosaic that stands still shows of it, and can be restored together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unveil.degradation import Degradation
from unveil.estimation.finding import find_part
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.video.agreement import Moving
from unveil.video.parts import around, improve
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import Window


@dataclass(frozen=True)
class Sight:
    """The mosaic in one picture.

    Attributes:
        picture: the picture.
        window: what is seen of it, and painted.
        images: what is seen, ``1 x 3 x H x W``.
        box: where in that the mosaic is.
    """

    picture: Picture
    window: Window
    images: np.ndarray
    box: Box


@dataclass(frozen=True)
class Following:
    """Finds a mosaic in each picture of a clip and undoes it there; other pictures stay.

    Attributes:
        info: the clip.
        moving: the mosaic.
        restore: restores a frame, or what is seen of it: images, what to undo, where.
        prior: power spectrum of clean photos.
        together: how many pictures are restored as one.
    """

    info: Info
    moving: Moving
    restore: Callable[[np.ndarray, Degradation, Box | None], np.ndarray]
    prior: Prior
    together: int

    def __call__(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """Yield the pictures of the clip restored."""
        last: Box | None = None
        chunk: list[Picture | Sight] = []
        for picture in pictures:
            box = self._locate(picture, last)
            last = box or last
            chunk.append(picture if box is None else self._see(picture, box))
            if len(chunk) == self.together:
                yield from self._restored(chunk)
                chunk = []
        yield from self._restored(chunk)

    def _locate(self, picture: Picture, last: Box | None) -> Box | None:
        """Return where the mosaic is; first looked for where it last was, as there may be two."""
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
        return Sight(picture, window, window.look(picture), box.within(place))

    def _restored(self, chunk: Sequence[Picture | Sight]) -> Iterator[Picture]:
        """Yield a few pictures restored, by each other if there are several."""
        sights = [one for one in chunk if isinstance(one, Sight)]
        known = self.moving.degradation
        images = [self.restore(one.images, known, one.box) for one in sights]
        if self.together > 1 and len(sights) > 1:
            places = self._alike([one.box for one in sights])
            images = improve([one.images for one in sights], images, places, known, self.prior)
        restored = iter(images)
        for one in chunk:
            if isinstance(one, Sight):
                yield one.window.put(one.picture, next(restored))
            else:
                yield one

    def _alike(self, boxes: Sequence[Box]) -> list[Box]:
        """Return the middle of each box on its grid, as large as the smallest of them."""
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
