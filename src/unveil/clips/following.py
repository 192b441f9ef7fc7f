"""`unveil restore` on a mosaic that moves through a clip, or comes and goes.

Seen from the mosaic it is the face that moves: parts that are cut out along the grid are what a
mosaic that stands still shows of it, and can be restored together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from unveil.box import Box
from unveil.clips.findings import Moving
from unveil.clips.parts import around, grown, improve, within
from unveil.estimate.finding import Finding, find_part
from unveil.linear.prior import Prior
from unveil.video.info import Info
from unveil.video.layout import Picture
from unveil.video.painting import Window


@dataclass(frozen=True)
class Following:
    """Finds a mosaic in each picture of a clip and undoes it there; other pictures stay.

    Attributes:
        info: the clip.
        moving: the mosaic.
        restore: restores a picture, or what is seen of it, as a finding says.
        prior: power spectrum of clean photos.
        together: how many pictures are restored as one.
    """

    info: Info
    moving: Moving
    restore: Callable[[Tensor, Finding], Tensor]
    prior: Prior
    together: int

    def __call__(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """Yield the pictures of the clip restored."""
        last: Box | None = None
        chunk: list[tuple[Picture, Box | None]] = []
        for picture in pictures:
            box = self._locate(picture, last)
            last = box or last
            chunk.append((picture, box))
            if len(chunk) == self.together:
                yield from self._restored(chunk)
                chunk = []
        yield from self._restored(chunk)

    def _locate(self, picture: Picture, last: Box | None) -> Box | None:
        """Return where the mosaic is; first looked for where it last was, as there may be two."""
        whole = Box(0, 0, self.info.width, self.info.height)
        block = self.moving.operator.block
        near = last and grown(last, max(last.width, last.height) // 2, self.info)
        for place in filter(None, (near, whole)):
            images = Window(self.info, place, place).look(picture)
            found = find_part(images, self.moving.storage, self.prior, range(block, block + 1))
            if found is not None and (box := found.box) is not None:
                return Box(box.left + place.left, box.top + place.top, box.width, box.height)
        return None

    def _restored(self, chunk: Sequence[tuple[Picture, Box | None]]) -> Iterator[Picture]:
        """Yield a few pictures restored, by each other if there are several."""
        boxes = [box for _, box in chunk if box is not None]
        places = [around(box, self.moving.operator, self.info) for box in boxes]
        windows = [Window(self.info, *both) for both in zip(places, boxes, strict=True)]
        inner = [within(*both) for both in zip(boxes, places, strict=True)]
        hidden = (picture for picture, box in chunk if box is not None)
        obfuscated = [w.look(picture) for w, picture in zip(windows, hidden, strict=True)]
        known = self.moving.degradation
        restored = [
            self.restore(images, Finding(known.operator, known.storage, 1.0, None, box))
            for images, box in zip(obfuscated, inner, strict=True)
        ]
        if len(restored) > 1 and self.together > 1:
            restored = improve(obfuscated, restored, self._alike(inner), known, self.prior)
        made = iter(zip(windows, restored, strict=True))
        for picture, box in chunk:
            if box is None:
                yield picture
            else:
                window, images = next(made)
                yield window.put(picture, images)

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
