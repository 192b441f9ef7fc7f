"""Face tracks: sights of one face over time, and boxes that contain it between and beyond them.

A detector misses faces that turn away, and sees faces that enter the picture late. They have to be
hidden then too; tools that process each frame by itself leave them visible.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from unveil.faces.near import Spot
from unveil.images.box import Box

HOLD_S = 1.0
"""Time that a track extends before its first and after its last sight."""

LEAVING_S = 4.0
"""The same for a face that leaves over the border: at most, until it is out."""

GROWTH = 0.5
"""What is added on each side of where a face was, in widths for each second without a sight."""

MAX_GROWTH, MAX_DRIFT = 0.5, 3.0
"""The most of that, and how far a face is taken to go on without a sight, in widths."""

MAX_WIDTH_RATIO = 2.0
"""Largest ratio between the widths of two successive boxes of a face."""

SPEED_S, LEAVING_SPEED_S = 0.3, 1.0
"""Speed is that between the sights at an end that are so far apart, at most."""

NEAR_BORDER, LEAVING_STEP = 1.0, 0.15
"""So near to the border, in widths, a face leaves that moved so far towards it meanwhile."""

LOST_S = 0.12
"""A scene that goes on for longer without a face has lost it."""

ROUNDING_S = 1e-6

End = Literal[0, -1]
"""The first sight, or the last."""


@dataclass
class Track:
    """One face of a scene.

    Attributes:
        size: width and height of the picture.
        begins: time of the first picture of the scene.
        seconds: times of the sights, ascending.
        spots: where it was seen, one per time.
        ends: time of the last picture of the scene; that of the newest one until it is over.
    """

    size: tuple[int, int]
    begins: float
    seconds: list[float] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    ends: float = float("inf")

    def add(self, seconds: float, spot: Spot) -> None:
        """Add a sight; of two at one time the first counts."""
        place = bisect_left(self.seconds, seconds)
        if place == len(self.seconds) or self.seconds[place] != seconds:
            self.seconds.insert(place, seconds)
            self.spots.insert(place, spot)

    def seen_at(self, seconds: float) -> Spot | None:
        """Return the sight at a time; None where there is none."""
        place = bisect_left(self.seconds, seconds)
        is_there = place < len(self.seconds) and self.seconds[place] == seconds
        return self.spots[place] if is_there else None

    def at(self, seconds: float) -> Box | None:
        """Return a box that contains the face at a time; None outside the track.

        At a sight, the hull of its box and of those half-way to the pictures beside it. Between
        two, the hull of both, and beyond the first and the last that of the box and of where it
        goes on to, which may extend beyond the picture; the larger, the longer it was not seen.
        """
        if not self.begins <= seconds <= self.ends:
            return None
        place = bisect_left(self.seconds, seconds)
        if place == len(self.seconds):
            return self._beyond(-1, seconds)
        if self.seconds[place] == seconds:
            return self._around(place)
        if place == 0:
            return self._beyond(0, seconds)
        one, other = self.spots[place - 1], self.spots[place]
        unseen_s = min(seconds - self.seconds[place - 1], self.seconds[place] - seconds)
        return _grown(one.box.hull(other.box), max(one.side, other.side), unseen_s)

    def goes_on(self, end: End, seconds: float) -> Spot:
        """Return where the face is at a time if it goes on as it went at an end."""
        spot, away_s = self.spots[end], seconds - self.seconds[end]
        *step, passed_s = self._step(end, SPEED_S)
        shift = np.array(step) * (away_s / passed_s if passed_s else 0.0)
        limit = MAX_DRIFT * spot.side
        across, down = shift * min(1.0, limit / max(float(np.hypot(*shift)), 1e-9))
        return Spot(spot.x + float(across), spot.y + float(down), spot.side, spot.degrees)

    def leaves(self, end: End) -> bool:
        """Return whether at an end the face goes over the border, out of the picture or into it."""
        return self._out_s(end) is not None

    def is_lost(self, end: End) -> bool:
        """Return whether the scene goes on beyond an end, and the face did not leave it."""
        edge = self.begins if end == 0 else self.ends
        return abs(edge - self.seconds[end]) > LOST_S and not self.leaves(end)

    def _around(self, place: int) -> Box:
        spot, box = self.spots[place], self.spots[place].box
        for other in (place - 1, place + 1):
            if 0 <= other < len(self.spots):
                beside = self.spots[other]
                if abs(self.seconds[other] - self.seconds[place]) <= LOST_S:
                    x, y = (spot.x + beside.x) / 2, (spot.y + beside.y) / 2
                    box = box.hull(Spot(x, y, max(spot.side, beside.side)).box)
        return box

    def _beyond(self, end: End, seconds: float) -> Box | None:
        away_s, out_s = abs(seconds - self.seconds[end]), self._out_s(end)
        if away_s > max(HOLD_S, out_s or 0.0):
            return None
        spot = self.spots[end]
        return _grown(spot.box.hull(self.goes_on(end, seconds).box), spot.side, away_s)

    def _step(self, end: End, within_s: float) -> tuple[float, float, float]:
        """Return columns, rows and seconds from an end to a sight that is so far from it."""
        last_s, last = self.seconds[end], self.spots[end]
        if end == 0:
            place = bisect_right(self.seconds, last_s + within_s + ROUNDING_S) - 1
        else:
            place = bisect_left(self.seconds, last_s - within_s - ROUNDING_S)
        other = self.spots[place]
        return other.x - last.x, other.y - last.y, self.seconds[place] - last_s

    def _out_s(self, end: End) -> float | None:
        """Return how long the face takes from an end until it is out; None if it does not leave."""
        spot, found = self.spots[end], LEAVING_S
        *steps, passed_s = self._step(end, LEAVING_SPEED_S)
        for place, back, length in zip((spot.x, spot.y), steps, self.size, strict=True):
            to_border = place if back > 0 else length - place
            if to_border <= NEAR_BORDER * spot.side and abs(back) >= LEAVING_STEP * spot.side:
                found = min(found, (to_border + spot.side / 2) / abs(back) * abs(passed_s))
        return found if found < LEAVING_S else None


def _grown(box: Box, side: float, unseen_s: float) -> Box:
    more = round(min(GROWTH * unseen_s, MAX_GROWTH) * side)
    return Box(box.left - more, box.top - more, box.width + 2 * more, box.height + 2 * more)


@dataclass(frozen=True)
class Doubt:
    """Where a face may be open.

    Attributes:
        seconds: when it was first or last seen.
        box: where.
        why: what happened there.
    """

    seconds: float
    box: Box
    why: Literal["appears", "is lost"]

    def __str__(self) -> str:
        return f"a face {self.why} at {self.seconds:.2f} s in {self.box}"


def doubts(tracks: Sequence[Track], told: Sequence[Box]) -> list[Doubt]:
    """Return where faces may be open, in the order of time.

    Not where another track or a box of the user's covers the place, too.

    Args:
        tracks: of a clip.
        told: boxes that are hidden in every picture.
    """
    found = []
    ends: tuple[End, End] = (0, -1)
    for track in tracks:
        for end in ends:
            if track.is_lost(end) and not _is_hidden(track, end, tracks, told):
                spot = track.spots[end]
                box = spot.box.inside(*track.size, 0.0) or spot.box
                found.append(Doubt(track.seconds[end], box, "is lost" if end else "appears"))
    return sorted(found, key=lambda one: one.seconds)


def _is_hidden(track: Track, end: End, tracks: Sequence[Track], told: Sequence[Box]) -> bool:
    """Return whether something else covers the face beyond an end of its track."""
    spot, beyond_s = track.spots[end], track.seconds[end] + (LOST_S if end else -LOST_S)
    others = (
        one.at(beyond_s)
        for one in tracks
        if one is not track and one.seconds[0] <= beyond_s <= one.seconds[-1]
    )
    return any(_holds(box, spot) for box in (*told, *others) if box is not None)


def _holds(box: Box, spot: Spot) -> bool:
    return box.left <= spot.x <= box.left + box.width and box.top <= spot.y <= box.top + box.height
