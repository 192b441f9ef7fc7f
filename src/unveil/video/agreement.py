"""The degradation of a clip, from the findings on a sample of its frames."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from unveil.degradation import (
    Blur,
    Degradation,
    EvenMosaic,
    Operator,
    Pixelate,
    Sample,
    Storage,
)
from unveil.degradation.kernels import spread_px
from unveil.errors import UsageError
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.report.rows import Row
from unveil.video.tracks import MAX_WIDTH_RATIO

MIN_SHARED = 0.5
"""Intersection over union from which two boxes are about a part that stands still."""

MIN_NEARNESS = 1e-6
"""Of two sights in different places, which may be of one part that moves."""


@dataclass(frozen=True)
class Moving:
    """A mosaic whose position changes during the clip, or that is absent from some frames.

    Attributes:
        operator: the mosaic, with the origin of its grid at the corner of its box.
        storage: how the clip was compressed.
    """

    operator: EvenMosaic
    storage: Storage

    @property
    def degradation(self) -> Degradation:
        """The operator and the storage."""
        return Degradation(self.operator, self.storage)

    def as_row(self) -> Row:
        """Return it as JSON values."""
        return {"operator": str(self.operator), "storage": str(self.storage), "box": "moves"}

    def __str__(self) -> str:
        return f"{self.operator}, in a part that moves, kept as {self.storage}"


def agree(seen: Sequence[Finding]) -> Finding | Moving:
    """Return the finding on a clip, from the findings on a sample of its frames.

    What can be undone must be the same type of operator in the same box in more than half of the
    frames; of these, the finding of median strength. A moving mosaic needs the same mosaic in a box
    in two frames. What can only be named needs boxes that overlap, see :func:`_named`; in more than
    half of the frames it outweighs a moving mosaic, unless it is a mosaic too.

    Raises:
        UsageError: nothing has a majority, there is no moving mosaic, and no part was seen twice.
    """
    alike = _alike([one for one in seen if one.is_clean or one.degradation], len(seen))
    if alike and not alike[0].is_clean:
        return sorted(alike, key=_strength)[len(alike) // 2]
    named, moving = _named(seen), _moving(seen)
    parts = [_merged(sights, len(seen)) for sights in named]
    is_usual = bool(parts) and parts[0].kind != "mosaic" and 2 * len(named[0]) > len(seen)
    if moving and not is_usual:
        return moving
    if parts:
        return replace(parts[0], others=tuple(parts[1:]))
    if alike:
        return alike[len(alike) // 2]
    raise UsageError(
        "the obfuscation differs from frame to frame; state it with --operator SPEC and its "
        "place with --box X,Y,W,H."
    )


def _alike(found: Sequence[Finding], frames: int) -> list[Finding]:
    """Return those of one type of operator and one box that are in more than half of the frames."""

    def kind(finding: Finding) -> tuple[type[Operator], Box | None]:
        return type(finding.operator), finding.box

    groups = [[one for one in found if kind(one) == usual] for usual in set(map(kind, found))]
    return next((group for group in groups if 2 * len(group) > frames), [])


def _moving(seen: Sequence[Finding]) -> Moving | None:
    """Return the mosaic that at least two frames have in a box, anywhere."""
    found = (one for one in seen if one.box and one.degradation)
    mosaics = Counter(one.operator for one in found if isinstance(one.operator, EvenMosaic))
    found_twice = (operator for operator, sights in mosaics.most_common(1) if sights > 1)
    return next((Moving(operator, seen[0].storage) for operator in found_twice), None)


def _named(seen: Sequence[Finding]) -> list[list[Finding]]:
    """Return the sights of each hidden part that cannot be undone, the most frequent part first.

    A part that stands still must be seen in two frames, one that moves in more than half of them.
    """
    tracks: list[list[Finding]] = []
    for frame in seen:
        fresh = list(tracks)
        for part in frame.parts:
            if part.is_clean or part.degradation:
                continue
            fitting = [track for track in fresh if _nearness(track[-1], part) > 0]
            if fitting:
                track = max(fitting, key=lambda one: _nearness(one[-1], part))
                fresh.remove(track)
            else:
                tracks.append(track := [])
            track.append(part)
    kept = [track for track in tracks if _is_seen_enough(track, len(seen))]
    return sorted(kept, key=len, reverse=True)


def _nearness(one: Finding, other: Finding) -> float:
    """Return how well two sights fit one part: 0 for not at all, 1 for the same place."""
    if one.box is None or other.box is None:
        return float(one.box == other.box)
    if (shared := one.box.overlap(other.box)) >= MIN_SHARED:
        return shared
    widths = sorted((one.box.width, other.box.width))
    is_moved = one.kind == other.kind and widths[1] <= MAX_WIDTH_RATIO * widths[0]
    return max(shared, MIN_NEARNESS) if is_moved else 0.0


def _is_seen_enough(sights: Sequence[Finding], frames: int) -> bool:
    return 2 * len(sights) > frames or (len(sights) > 1 and not _moves(sights))


def _moves(sights: Sequence[Finding]) -> bool:
    """Return whether the sights of a part are in different places."""
    boxes = [one.box for one in sights if one.box is not None]
    return any(one.overlap(boxes[0]) < MIN_SHARED for one in boxes)


def _merged(sights: Sequence[Finding], frames: int) -> Finding:
    """Return what the sights of one part say together.

    The kind is the one that has the greatest chance over all sights, the strength the median one of
    that kind. The confidence is the mean, in which a sight of another kind counts 0.
    """
    chances = dict.fromkeys((one.kind for one in sights), 0.0)
    for one in sights:
        chances[one.kind] += one.confidence or 0.0
    kind = max(chances, key=lambda name: chances[name])
    alike = sorted((one for one in sights if one.kind == kind), key=lambda o: o.strength_px or 0.0)
    middle = alike[len(alike) // 2]
    reasons = [middle.reason] if middle.reason else []
    if len(sights) < frames:
        reasons.append(f"seen in {len(sights)} of {frames} frames")
    box, mask = middle.box, middle.mask
    if _moves(sights):
        reasons.append("it moves")
        box, mask = reduce(Box.hull, (one.box for one in sights if one.box)), None
    reason = "; ".join(reasons) or None
    confidence = chances[kind] / len(sights)
    return replace(middle, box=box, mask=mask, confidence=confidence, reason=reason)


def _strength(finding: Finding) -> float:
    match finding.operator:
        case Pixelate(block) | Sample(block):
            return block
        case operator if isinstance(operator, Blur):
            return spread_px(operator)
        case _:
            return 0.0
