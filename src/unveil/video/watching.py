"""The faces of a clip, picture by picture: found anywhere, followed near where they were.

Every picture is glanced at, and each face is looked for near where it was. Where one is first seen
or seen again, it is followed backwards through the pictures before, which are held for a second.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np

from unveil.faces.finder import FaceFinder
from unveil.faces.near import Spot, look_near, spot_of, spot_of_face
from unveil.faces.sights import glance, is_there
from unveil.video.tracks import HOLD_S, Track

WHOLE_FRAMES = 6
"""In every so manyth picture both detectors look at all sizes and turns."""

HELD_FRAMES, HELD_BYTES = 25, 150_000_000
"""The most pictures of the past, and the most memory for them."""

BACK_MISSES = 8
"""After so many pictures without it a face is not followed further back."""

GAP_S = 5.0
"""A face that is seen again within this time, where it was, is the same."""

MAX_STEP, MAX_RATIO = 2.0, 2.0
"""Farthest that it may have moved meanwhile, in widths; and largest ratio of widths."""

SAME_STEP = 0.6
"""Distance of two sights of one face in one picture, in widths."""

REACH, MORE_REACH, MAX_REACH = 0.7, 0.1, 1.5
"""How far from where it should be a face is looked for, in widths: at first, for each picture
without it more, and at most."""

View = tuple[float, np.ndarray]
"""The time of a picture in seconds, and the picture, ``H x W x 3`` uint8."""


class Watch:
    """Follows the faces of a clip.

    Args:
        finder: finds faces.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._tracks: list[Track] = []
        self._open: list[Track] = []  # of this scene
        self._held: deque[View] = deque()
        self._scene, self._number, self._begins = -1, 0, 0.0

    def watch(self, views: Iterable[tuple[int, View]]) -> list[Track]:
        """Return the tracks of the faces of a clip.

        Args:
            views: the number of its scene, and each picture, in their order.
        """
        for scene, view in views:
            if scene != self._scene:
                self._cut(view[0])
                self._scene = scene
            self._see(*view)
        self._cut(0.0)
        return self._tracks

    def _cut(self, seconds: float) -> None:
        """End the scene; the next one begins at a time."""
        for track in self._open:
            track.ends = self._held[-1][0]
        self._tracks += self._open
        self._open, self._number, self._begins = [], 0, seconds
        self._held.clear()

    def _see(self, seconds: float, pixels: np.ndarray) -> None:
        seen: list[tuple[Track, Spot]] = []
        for track in self._open:
            spot = self._followed(track, seconds, pixels)
            if spot is not None and not any(_is_one(spot, other) for _, other in seen):
                track.add(seconds, spot)
                seen.append((track, spot))
        for spot in self._found(pixels):
            if not any(_is_one(spot, other) for _, other in seen):
                track = self._known(seconds, spot, [one for one, _ in seen])
                self._trace(track, seconds, spot, pixels.shape)
                seen.append((track, spot))
        self._hold(seconds, pixels)
        self._number += 1

    def _found(self, pixels: np.ndarray) -> list[Spot]:
        """Return the faces that are seen anywhere in a picture."""
        if is_there() and self._number % WHOLE_FRAMES:
            return [spot_of(sight) for sight in glance(pixels, self._number)]
        return [spot_of_face(face) for face, _ in self._finder.find_with_boxes(pixels)]

    def _followed(self, track: Track, seconds: float, pixels: np.ndarray) -> Spot | None:
        """Return where the face of a track is near where it should be."""
        away_s = seconds - track.seconds[-1]
        if not is_there() or away_s > HOLD_S:
            return None
        missed = sum(time > track.seconds[-1] for time, _ in self._held)
        return look_near(pixels, track.goes_on(-1, seconds), _reach(missed))

    def _known(self, seconds: float, spot: Spot, taken: list[Track]) -> Track:
        """Return the track of a face that is seen and was lost, else a new one."""
        fitting = [
            (min(spot.away(track.spots[-1]), spot.away(track.goes_on(-1, seconds))), number)
            for number, track in enumerate(self._open)
            if all(track is not other for other in taken)
            and seconds - track.seconds[-1] <= GAP_S
            and spot.is_as_wide(track.spots[-1], MAX_RATIO)
        ]
        away, number = min(fitting, default=(MAX_STEP, 0))
        if away < MAX_STEP:
            return self._open[number]
        self._open.append(Track((0, 0), self._begins))
        return self._open[-1]

    def _trace(
        self, track: Track, seconds: float, spot: Spot, shape: tuple[int, ...]
    ) -> None:
        """Add a sight to a track, and those before it, up to the one that is known."""
        track.size = shape[1], shape[0]
        known_s = track.seconds[-1] if track.seconds else -float("inf")
        back, missed = Track(track.size, self._begins, [seconds], [spot]), 0
        for before, pixels in reversed(self._held if is_there() else ()):
            if before <= known_s or missed > BACK_MISSES:
                break
            seen = look_near(pixels, back.goes_on(0, before), _reach(missed))
            missed = missed + 1 if seen is None else 0
            if seen is not None:
                back.add(before, seen)
        for at, one in zip(back.seconds, back.spots, strict=True):
            track.add(at, one)

    def _hold(self, seconds: float, pixels: np.ndarray) -> None:
        self._held.append((seconds, pixels))
        most = min(HELD_FRAMES, max(HELD_BYTES // pixels.nbytes, 2))
        while len(self._held) > most:
            self._held.popleft()


def _reach(missed: int) -> float:
    return min(REACH + MORE_REACH * missed, MAX_REACH)


def _is_one(one: Spot, other: Spot) -> bool:
    return one.away(other) < SAME_STEP and one.is_as_wide(other, MAX_RATIO)
