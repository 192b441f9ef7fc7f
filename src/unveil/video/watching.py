"""The faces of a clip, picture by picture: found anywhere, followed near where they were.

Every picture is glanced at, and each face is looked for near where it was. Where one is first seen
or seen again, it is followed backwards through the pictures before, which are held for a second.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter

import numpy as np

from unveil.faces.detector import is_there
from unveil.faces.finder import FaceFinder
from unveil.faces.near import Spot, look_near, spot_of, spot_of_face
from unveil.faces.sights import glance
from unveil.video.sharing import Share, alone
from unveil.video.tracks import HOLD_S, MAX_WIDTH_RATIO, Track

WHOLE_FRAMES = 12
"""In every so manyth picture both detectors look at all sizes and turns."""

HELD_FRAMES, HELD_BYTES = 25, 150_000_000
"""The most pictures of the past, and the most memory for them."""

BACK_MISSES = 8
"""After so many pictures without it a face is not followed further back."""

GAP_S = 5.0
"""A face that is seen again within this time, where it was, is the same."""

MAX_STEP = 2.0
"""Farthest that it may have moved meanwhile, in widths."""

View = tuple[float, np.ndarray]
"""The time of a picture in seconds, and the picture, ``H x W x 3`` uint8."""

Look = tuple[int, np.ndarray]
"""The number of a picture in its scene, and the picture."""


class Watch:
    """Follows the faces of a clip.

    Args:
        finder: finds faces.
        share: how looks at whole pictures are shared among processes.
    """

    def __init__(self, finder: FaceFinder, share: Share = alone) -> None:
        self._found = share(partial(found, finder))
        self._tracks: list[Track] = []
        self._open: list[Track] = []  # those of this scene that may go on
        self._over: list[Track] = []  # the others of this scene
        self._held: deque[View] = deque()
        self._scene, self._begins = -1, 0.0

    def watch(self, views: Iterable[tuple[int, View]]) -> list[Track]:
        """Return the tracks of the faces of a clip.

        Args:
            views: the number of its scene, and each picture, in their order.
        """
        for (scene, view), spots in self._found(_looks(views)):
            if scene != self._scene:
                self._cut(view[0])
                self._scene = scene
            self._see(*view, spots)
        self._cut(0.0)
        return self._tracks

    def _cut(self, seconds: float) -> None:
        """End the scene; the next one begins at a time."""
        for track in (*self._over, *self._open):
            track.ends = self._held[-1][0]
            self._tracks.append(track)
        self._open, self._over, self._begins = [], [], seconds
        self._held.clear()

    def _see(self, seconds: float, pixels: np.ndarray, found: list[Spot]) -> None:
        for track in self._open:
            spot = self._followed(track, seconds, pixels)
            if spot is not None:
                track.add(seconds, spot)
        for spot in found:
            if not any(spot.is_one_with(other) for other in self._seen_at(seconds)):
                self._trace(self._known(seconds, spot), seconds, spot, pixels)
        self._hold(seconds, pixels)
        self._over += [one for one in self._open if seconds - one.seconds[-1] > GAP_S]
        self._open = [one for one in self._open if seconds - one.seconds[-1] <= GAP_S]

    def _followed(self, track: Track, seconds: float, pixels: np.ndarray) -> Spot | None:
        """Return where the face of a track is near where it should be."""
        away_s = seconds - track.seconds[-1]
        if not is_there() or away_s > HOLD_S:
            return None
        missed = sum(time > track.seconds[-1] for time, _ in self._held)
        return look_near(pixels, track.goes_on(-1, seconds), missed, self._seen_at(seconds))

    def _seen_at(self, seconds: float) -> list[Spot]:
        """Return where faces are known to be in a picture."""
        return [spot for track in self._open if (spot := track.seen_at(seconds)) is not None]

    def _known(self, seconds: float, spot: Spot) -> Track:
        """Return the track of a face that is seen and was lost, else a new one."""
        fitting = [
            (min(spot.away(track.spots[-1]), spot.away(track.goes_on(-1, seconds))), number)
            for number, track in enumerate(self._open)
            if seconds > track.seconds[-1] and spot.is_as_wide(track.spots[-1], MAX_WIDTH_RATIO)
        ]
        away, number = min(fitting, default=(MAX_STEP, 0))
        if away < MAX_STEP:
            return self._open[number]
        self._open.append(Track((0, 0), self._begins))
        return self._open[-1]

    def _trace(self, track: Track, seconds: float, spot: Spot, pixels: np.ndarray) -> None:
        """Add a sight to a track, and those before it, up to the one that is known."""
        track.size = pixels.shape[1], pixels.shape[0]
        known_s = track.seconds[-1] if track.seconds else -float("inf")
        back, missed = Track(track.size, self._begins, [seconds], [spot]), 0
        for before, shown in reversed(self._held if is_there() else ()):
            if before <= known_s or missed > BACK_MISSES:
                break
            seen = look_near(shown, back.goes_on(0, before), missed, self._seen_at(before))
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


def _looks(views: Iterable[tuple[int, View]]) -> Iterator[tuple[tuple[int, View], Look]]:
    """Yield each picture, and what is looked at in it."""
    for _, pictures in groupby(views, itemgetter(0)):
        for number, (scene, view) in enumerate(pictures):
            yield (scene, view), (number, view[1])


def found(finder: FaceFinder, look: Look) -> list[Spot]:
    """Return the faces that are seen anywhere in a picture."""
    number, pixels = look
    if is_there() and number % WHOLE_FRAMES:
        return [spot_of(sight) for sight in glance(pixels, number)]
    return [spot_of_face(face) for face, _ in finder.find_with_boxes(pixels)]
