"""Face tracks: detections of a clip linked over time, and boxes interpolated between them.

A detector misses faces that turn away and detects faces that enter the frame late. They have to be
hidden then too; tools that process each frame by itself leave them visible.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from unveil.images.box import Box

HOLD_S = 1.0
"""Time that a track extends before its first and after its last detection."""

MAX_STEP_WIDTHS = 2.0
"""Largest movement of a face between two detections, in widths of the wider box."""

MAX_WIDTH_RATIO = 2.0
"""Largest ratio between the widths of two successive boxes of a face."""


@dataclass
class Track:
    """One face of a clip.

    Attributes:
        seconds: times of the detections, ascending.
        boxes: the detected boxes, one per time.
    """

    seconds: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def at(self, seconds: float) -> Box | None:
        """Return a box that contains the face at a time; None outside the track.

        Between two detections, the hull of both boxes. Up to ``HOLD_S`` before the first or after
        the last, the hull of that box and of its linear extrapolation, which may extend beyond the
        frame.
        """
        after = bisect_right(self.seconds, seconds)
        if after == 0:
            return self._beyond(0, 1, seconds)
        if after == len(self.seconds):
            return self._beyond(-1, -2, seconds)
        return self.boxes[after - 1].hull(self.boxes[after])

    def _beyond(self, end: int, next_to_it: int, seconds: float) -> Box | None:
        """Return a box that contains the face before its first or after its last detection."""
        box, away = self.boxes[end], seconds - self.seconds[end]
        if abs(away) > HOLD_S:
            return None
        if len(self.boxes) == 1:
            return box
        other = self.boxes[next_to_it]
        share = away / (self.seconds[end] - self.seconds[next_to_it])
        left = box.left + round(share * (box.left - other.left))
        top = box.top + round(share * (box.top - other.top))
        return box.hull(Box(left, top, box.width, box.height))

    def is_seen_again(self, seconds: float, box: Box) -> bool:
        """Return whether ``box``, detected at ``seconds``, may be this face."""
        last = self.boxes[-1]
        if seconds == self.seconds[-1] or seconds - self.seconds[-1] > 2 * HOLD_S:
            return False
        widest = max(box.width, last.width)
        is_alike = widest <= MAX_WIDTH_RATIO * min(box.width, last.width)
        return is_alike and _distance_px(box, last) <= MAX_STEP_WIDTHS * widest


def link(sights: Iterable[tuple[float, Sequence[Box]]]) -> list[Track]:
    """Link detections into tracks, one per face.

    Args:
        sights: the time in seconds of each analysed frame and the boxes detected in it, ascending.
    """
    tracks: list[Track] = []
    for seconds, boxes in sights:
        for box in boxes:
            fitting = [track for track in tracks if track.is_seen_again(seconds, box)]
            if not fitting:
                tracks.append(track := Track())
            else:
                track = min(fitting, key=lambda one: _distance_px(box, one.boxes[-1]))
            track.seconds.append(seconds)
            track.boxes.append(box)
    return tracks


def _distance_px(one: Box, other: Box) -> float:
    across = one.left - other.left + (one.width - other.width) / 2
    down = one.top - other.top + (one.height - other.height) / 2
    return float((across**2 + down**2) ** 0.5)
