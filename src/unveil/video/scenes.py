"""Scenes of a clip: where one ends and another begins.

A cut is a frame that is unlike the one before it, while the next ones are unlike that, too. A
flash is over in a frame or two, and a fast pan is as unlike from frame to frame before and after.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import cv2
import numpy as np

from unveil.video.neighbours import neighbours
from unveil.video.stream.layout import Picture

SMALL_PX = (32, 18)
"""Width and height at which frames are compared."""

SHIFTS = tuple(product(range(-2, 3), range(-1, 2)))
"""Columns and rows that a picture may move by between two frames, at that size."""

AHEAD_FRAMES = 2
"""Longest flash that is not a cut."""

MIN_DIFFERENCE = 0.5
"""Of the frames at a cut; pictures that have nothing to do with each other are at about 1."""

MIN_RATIO = 2.0
"""The difference at a cut over that of the frames around it."""

LEAST_CONTRAST = 0.02
"""Of a flatter picture, differences are noise."""

SHARE_OF_NEW = 0.3
"""Weight of the newest difference in the usual one."""


def in_scenes(pictures: Iterator[Picture], bits: int) -> Iterator[tuple[int, Picture]]:
    """Yield the frames of a clip with the number of their scene, from 0; reads two ahead.

    Args:
        pictures: the frames.
        bits: depth of their samples.
    """
    scene, last, usual = 0, None, 0.0
    looked = ((picture, small(picture.planes[0], bits)) for picture in pictures)
    for near, _ in neighbours(looked, 0, AHEAD_FRAMES):
        picture, seen = near[0][0], [one for _, one in near]
        if last is not None:
            step = difference(last, seen[0])
            if step < MIN_DIFFERENCE:
                usual += SHARE_OF_NEW * (step - usual)
            elif min(difference(last, later) for later in seen[1:] or seen) < MIN_DIFFERENCE:
                seen = [last]  # a flash: what comes next is compared with what was before it
            elif is_cut(step, seen, usual):
                scene, usual = scene + 1, 0.0
            else:
                usual += SHARE_OF_NEW * (step - usual)
        last = seen[0]
        yield scene, picture


def is_cut(step: float, seen: Sequence[np.ndarray], usual: float) -> bool:
    """Return whether a frame that is unlike the one before it, and no flash, begins a scene.

    Args:
        step: its difference from the one before it.
        seen: the frame and those after it, as :func:`small` ones.
        usual: difference between frames of the scene so far.
    """
    after = difference(seen[0], seen[1]) if len(seen) > 1 else 0.0
    return step > MIN_RATIO * max(usual, after)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return how unlike two frames are, from 0 to about 1, however bright and if moved a little.

    Args:
        one: a :func:`small` frame.
        other: another.
    """
    return min(_unlike(*_shifted(one, other, *shift)) for shift in SHIFTS)


def small(luma: np.ndarray, bits: int) -> np.ndarray:
    """Return a plane of luma, uint8 or uint16 ``H x W``, shrunk, float32 in [0,1].

    Args:
        luma: the plane.
        bits: depth of its samples.
    """
    pixels = np.ascontiguousarray(luma, np.float32)
    return cv2.resize(pixels, SMALL_PX, interpolation=cv2.INTER_AREA) / (2**bits - 1)


def _shifted(
    one: np.ndarray, other: np.ndarray, across: int, down: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what two pictures share if the other is moved so far."""
    height, width = one.shape
    rows = slice(max(down, 0), height + min(down, 0)), slice(max(-down, 0), height + min(-down, 0))
    columns = (
        slice(max(across, 0), width + min(across, 0)),
        slice(max(-across, 0), width + min(-across, 0)),
    )
    return one[rows[0], columns[0]], other[rows[1], columns[1]]


def _unlike(one: np.ndarray, other: np.ndarray) -> float:
    """Return how unlike two pictures are, each about its mean and in units of its contrast."""
    return float(np.abs(_levelled(one) - _levelled(other)).mean()) / 2**0.5


def _levelled(plane: np.ndarray) -> np.ndarray:
    plane = plane - plane.mean()
    return np.asarray(plane / max(float(np.abs(plane).mean()), LEAST_CONTRAST))
