"""A part whose blur is known roughly, located in each frame of a clip and restored nearly.

At the start of a scene all of a frame is inspected, then the segmenter looks near the last place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from unveil.degradation.degrade import to_uint8
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.estimation.outlining import regions
from unveil.estimation.plausible import KINDS
from unveil.estimation.segmenter import segment
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.restoration.blurred import Attempt
from unveil.restoration.checks import excess_detail
from unveil.restoration.parts import restore_part
from unveil.video.neighbours import neighbours
from unveil.video.parts import CONTEXT_PX
from unveil.video.runs import Sight, Undone, View
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import Window
from unveil.video.tracks import MAX_WIDTH_RATIO

MIN_SHARED = 0.3
"""Intersection over union of a part's boxes in two frames: it moves less than by its half."""

NEAR_FRAMES = 2
"""A place is averaged over so many frames before and after."""

LOOK_FRAMES = 6
"""Where a part is not seen, all of every so manyth frame is inspected."""


Frame = tuple[int, Picture]
"""The number of its scene, and a frame."""


class Place(NamedTuple):
    """Where a part is in a frame.

    Attributes:
        box: the rectangle around it.
        mask: its pixels in the box, ``H x W`` bool.
    """

    box: Box
    mask: np.ndarray


@dataclass(frozen=True)
class Sighting:
    """Locates a part in each frame of a clip and restores it.

    Attributes:
        info: the clip.
        part: how it was hidden.
        prior: power spectrum of clean photos.
    """

    info: Info
    part: Finding
    prior: Prior

    def look(self, frames: Iterator[Frame]) -> Iterator[View]:
        """Yield the frames of a clip with the part in each, by the numbers of their scenes."""
        for near, number in neighbours(self._located(frames), NEAR_FRAMES, NEAR_FRAMES):
            scene, picture, place = near[number]
            if place is None:
                yield View(scene, picture, None)
                continue
            alike = [one if of == scene else None for of, _, one in near]
            yield View(scene, picture, self.see(picture, averaged(about(alike, number))))

    def undo(self, sights: Sequence[Sight]) -> list[Undone]:
        """Restore a run of frames, one by one."""
        return [restored_roughly(one.images, self._of(one), self.prior) for one in sights]

    def attempt(self, sight: Sight) -> Attempt:
        """Return what comes of the part in a frame."""
        return restore_part(sight.images, self._of(sight), self.prior)

    def _of(self, sight: Sight) -> Finding:
        return replace(self.part, box=sight.box, mask=sight.mask)

    def _located(self, frames: Iterator[Frame]) -> Iterator[tuple[int, Picture, Place | None]]:
        """Yield the frames of a clip with the place of the part; waits for where it appears."""
        waiting: list[Frame] = []
        last: Place | None = None
        before = -1
        for scene, picture in frames:
            is_first = scene != before
            if is_first:
                yield from self._traced(waiting, None)
                waiting, last, before = [], None, scene
            place = None
            if last is not None:
                place = self._near(picture, last.box)
            elif is_first or len(waiting) == LOOK_FRAMES - 1:
                place = self.anywhere(picture)
            last = place
            if place is None and len(waiting) < LOOK_FRAMES - 1:
                waiting.append((scene, picture))
                continue
            yield from self._traced(waiting, place)
            waiting = []
            yield scene, picture, place
        yield from self._traced(waiting, None)

    def _traced(
        self, waiting: Sequence[Frame], place: Place | None
    ) -> Iterator[tuple[int, Picture, Place | None]]:
        """Yield frames with the place of the part, from where it is seen after them."""
        places = []
        for _, picture in reversed(waiting):
            place = place and self._near(picture, place.box)
            places.append(place)
        for (scene, picture), seen in zip(waiting, reversed(places), strict=True):
            yield scene, picture, seen

    def anywhere(self, picture: Picture) -> Place | None:
        """Return the place of the part in a frame, wherever it is; None where it is not seen."""
        whole = Box(0, 0, self.info.width, self.info.height)
        images = Window(self.info, whole, whole).look(picture)
        seen = inspect(images, self.info.storage, self.prior).parts
        named = self.part.box or whole
        found = [
            (one.box.overlap(named), one.box, one.mask)
            for one in seen
            if one.box is not None and one.kind in KINDS
        ]
        if not found:
            return None
        _, box, mask = max(found, key=lambda one: one[0])
        return Place(
            box, np.ones((box.height, box.width), bool) if mask is None else mask[box.place]
        )

    def _near(self, picture: Picture, last: Box) -> Place | None:
        """Return the place of the part near the last one."""
        margin_px = max(last.width // 2, last.height // 2, CONTEXT_PX)
        near = last.grown(margin_px, margin_px, self.info.width, self.info.height)
        pixels = to_uint8(Window(self.info, near, near).look(picture)[0]).transpose(1, 2, 0)
        pixels = np.ascontiguousarray(pixels)
        was = last.within(near)
        found = [
            one
            for one in regions(segment(pixels), pixels)
            if one.box.overlap(was) >= MIN_SHARED
            and max(one.box.width, was.width) <= MAX_WIDTH_RATIO * min(one.box.width, was.width)
        ]
        if not found:
            return None
        best = max(found, key=lambda one: one.box.overlap(was))
        box = best.box
        here = Box(box.left + near.left, box.top + near.top, box.width, box.height)
        return Place(here, best.mask[box.place])

    def see(self, picture: Picture, place: Place) -> Sight:
        """Return the part in a frame."""
        box = place.box
        seen = box.grown(CONTEXT_PX, CONTEXT_PX, self.info.width, self.info.height)
        window, inside = Window(self.info, seen, box), box.within(seen)
        mask = np.zeros((seen.height, seen.width), bool)
        mask[inside.place] = place.mask
        return Sight(window, window.look(picture), inside, mask)


def restored_roughly(images: np.ndarray, part: Finding, prior: Prior) -> Undone:
    """Return a frame with a part restored nearly, and whether that looks like a photo.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        part: where and how it was hidden.
        prior: power spectrum of clean photos.
    """
    restored = np.asarray(restore_part(images, part, prior).images)
    place = (...,) if part.box is None else (..., *part.box.place)
    every = np.ones(restored[place].shape[-2:], bool)
    return restored, excess_detail(restored[place], every, prior) is None


def about(places: Sequence[Place | None], number: int) -> list[Place]:
    """Return the places around one of them, as many before as after, up to where there is none."""
    found: list[Place] = []
    for away in range(len(places)):
        pair = [n for n in {number - away, number + away} if 0 <= n < len(places)]
        here = [one for n in pair if (one := places[n]) is not None]
        if len(here) < (2 if away else 1):
            break
        found += here
    return found


def averaged(places: Sequence[Place]) -> Place:
    """Return the mean of some places: of the edges of their boxes, and of their shapes."""
    edges = [(one.left, one.top, one.left + one.width, one.top + one.height) for one, _ in places]
    left, top, right, bottom = (round(float(edge)) for edge in np.mean(edges, axis=0))
    size = right - left, bottom - top
    shapes = [
        cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for _, mask in places
    ]
    return Place(Box(left, top, *size), np.mean(shapes, axis=0) >= 0.5)
