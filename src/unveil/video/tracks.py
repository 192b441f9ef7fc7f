"""The faces of a clip from sight to sight, and where each of them is in between.

A detector misses a face that turns, and sees one late that comes in. Whoever hides faces has to
hide them then too (the usual complaint about tools that look at each picture by itself).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from unveil.images.box import Box

HOLD_S = 1.0
"""How long a face is taken to be where it was seen, before the first sight and after the last."""

REACH = 2.0
"""How far a face moves from sight to sight at the most, in its widths."""

GROWTH = 2.0
"""How much larger or smaller it may look."""


@dataclass
class Track:
    """One face of a clip.

    Attributes:
        seconds: when it was seen, in order.
        boxes: where, as many.
    """

    seconds: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def at(self, seconds: float) -> Box | None:
        """Return a box that the face is in at some time; None when it is not there.

        Between two sights the box around both, since it may have been anywhere between. Beyond
        them it may have stayed, or gone on as it went; the box may reach beyond the picture then.
        """
        after = bisect_right(self.seconds, seconds)
        if after == 0:
            return self._beyond(0, 1, seconds)
        if after == len(self.seconds):
            return self._beyond(-1, -2, seconds)
        return self.boxes[after - 1].hull(self.boxes[after])

    def _beyond(self, end: int, next_to_it: int, seconds: float) -> Box | None:
        """Return where the face may be before its first or after its last sight."""
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
        """Say whether ``box``, seen at ``seconds``, may be this face."""
        last = self.boxes[-1]
        if seconds == self.seconds[-1] or seconds - self.seconds[-1] > 2 * HOLD_S:
            return False
        widest = max(box.width, last.width)
        is_alike = widest <= GROWTH * min(box.width, last.width)
        return is_alike and _distance_px(box, last) <= REACH * widest


def link(sights: Iterable[tuple[float, Sequence[Box]]]) -> list[Track]:
    """Return the faces of a clip.

    Args:
        sights: seconds, and the faces that were seen then; in order of time.
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
