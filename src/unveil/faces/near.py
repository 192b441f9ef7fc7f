"""A face that was seen in one picture of a clip, looked for near there in the next.

Only the place where it may be is shown to libfacedetection, at the size and the turn that suit it.
That costs little, so a lower score will do: what looks a bit like a face where one just was is it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from unveil.faces.align import similarity
from unveil.faces.detector import open_detector
from unveil.faces.finder import DOWN_SHARE, WIDTH_SHARE, Face
from unveil.faces.sights import Sight
from unveil.images.box import Box

SHOWN_PX = 56
"""Width at which the face is shown."""

MAX_ENLARGED = 3.0

MIN_SCORE, SURE_SCORE = 0.35, 0.7
"""Lowest score of a face, and the one from which other turns are not tried."""

TURNS_DEGREES = (0.0, 45.0, -45.0)
"""From the last turn: the detector sees faces turned by up to 45 degrees."""

ALL_TURNS_LOOKS = 3
"""After so many looks without the face each one tries one turn only."""

MAX_RATIO = 1.6
"""Largest ratio of the widths of one face in two pictures in a row."""

SAME_STEP, SAME_RATIO = 0.6, 2.0
"""Distance of two sights of one face in one picture, in widths, and ratio of the widths."""

REACH, MORE_REACH, MAX_REACH = 0.7, 0.1, 1.5
"""How far from where it should be a face is looked for, in widths: at first, for each picture
without it more, and at most."""

FAR_COSTS = 0.3
"""Score that a face loses for each width that it is away."""


@dataclass(frozen=True)
class Spot:
    """Where a face is in a picture.

    Attributes:
        x: column of the middle, in pixels; it may be outside of the picture.
        y: row of the middle.
        side: width of the face.
        degrees: turn, counter-clockwise.
        score: how sure it is, from 0 to 1.
    """

    x: float
    y: float
    side: float
    degrees: float = 0.0
    score: float = 1.0

    @property
    def box(self) -> Box:
        """The square around the face; it may extend beyond the picture."""
        side = round(self.side)
        return Box(round(self.x - self.side / 2), round(self.y - self.side / 2), side, side)

    def away(self, other: "Spot") -> float:
        """Return how far another spot is, in widths of the wider one."""
        apart = float(np.hypot(self.x - other.x, self.y - other.y))
        return apart / max(self.side, other.side, 1e-9)

    def is_as_wide(self, other: "Spot", ratio: float) -> bool:
        """Return whether neither is wider than the other by more than a ratio."""
        return max(self.side, other.side) <= ratio * min(self.side, other.side)

    def is_one_with(self, other: "Spot") -> bool:
        """Return whether both are sights of one face in one picture."""
        return self.away(other) < SAME_STEP and self.is_as_wide(other, SAME_RATIO)


def spot_of(sight: Sight) -> Spot:
    """Return where the face of a sight is."""
    degrees, down = -90.0 * sight.turns, DOWN_SHARE * sight.height
    turn = np.radians(degrees)
    x, y = sight.x + down * np.sin(turn), sight.y + down * np.cos(turn)
    return Spot(float(x), float(y), WIDTH_SHARE * sight.height, degrees % 360, sight.score)


def spot_of_face(face: Face) -> Spot:
    """Return where a face is whose landmarks are known."""
    across, down = similarity(face.points[None], 1.0)[0, :, 0]
    degrees = float(np.degrees(np.arctan2(-down, across)))
    return Spot(float(face.middle[0]), float(face.middle[1]), face.width_px, degrees % 360)


def look_near(
    pixels: np.ndarray, last: Spot, missed: int = 0, others: Sequence[Spot] = ()
) -> Spot | None:
    """Return the face that was at ``last``; None where it is not seen.

    Args:
        pixels: ``H x W x 3`` uint8.
        last: where it should be.
        missed: number of pictures in between that were looked at for nothing.
        others: faces that are known to be others.
    """
    best: Spot | None = None
    reach = min(REACH + MORE_REACH * missed, MAX_REACH)
    turns: tuple[float, ...] = TURNS_DEGREES
    if missed >= ALL_TURNS_LOOKS:
        turns = (TURNS_DEGREES[missed % len(TURNS_DEGREES)],)
    for turn in turns:
        for seen in _seen(pixels, last, reach, last.degrees + turn):
            if any(seen.is_one_with(other) for other in others):
                continue
            worth = seen.score - FAR_COSTS * seen.away(last)
            if best is None or worth > best.score - FAR_COSTS * best.away(last):
                best = seen
        if best is not None and best.score >= SURE_SCORE:
            break
    return best


def _seen(pixels: np.ndarray, last: Spot, reach: float, degrees: float) -> list[Spot]:
    """Return the faces that may be the one, seen in a view that is turned back by an angle."""
    scale = min(SHOWN_PX / last.side, MAX_ENLARGED)
    view_px = round(2 * (reach + 1) * last.side * scale)
    move = cv2.getRotationMatrix2D((last.x, last.y), -degrees, scale)
    move[:, 2] = move[:, 2] + view_px / 2 - (last.x, last.y)
    view = cv2.warpAffine(pixels, move, (view_px, view_px), borderMode=cv2.BORDER_REPLICATE)
    back, found = cv2.invertAffineTransform(move), []
    for x, y, _, height, score in open_detector()(view, MIN_SCORE):
        middle = back @ (x, y + DOWN_SHARE * height, 1)
        side = WIDTH_SHARE * height / scale
        one = Spot(float(middle[0]), float(middle[1]), side, degrees % 360, score)
        apart = np.hypot(one.x - last.x, one.y - last.y)
        if apart <= reach * last.side and one.is_as_wide(last, MAX_RATIO):
            found.append(one)
    return found
