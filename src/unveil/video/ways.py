"""How a part that stands still in a clip is undone: decided once, on some frames, as photos are.

The frames are then all restored that way. Where a frame does not agree with it is said, too: the
part may be hidden in some scenes only.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from unveil.degradation import Degradation, Mosaic
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.restoration.blurred import Again, Attempt
from unveil.restoration.checks import (
    MIN_BLOCKS_SHARE,
    MIN_BLOCKS_SHARE_IN_BOX,
    NO_BLOCKS,
    of_one_colour,
    why_not,
)
from unveil.restoration.restorers import Restorer
from unveil.restoration.stated import ONE_COLOUR, Exact, Undo, undo_blocks, undo_checked
from unveil.restoration.steps import Request, undo, undo_faithfully
from unveil.video.stream.chunks import one_by_one

MIN_AGREEING = 2
"""Of the frames that are tried, so many must agree: other scenes may have no such part."""

MAJORITY = 0.5

Undoing = Callable[[np.ndarray], tuple[np.ndarray, Sequence[bool]]]
"""Restores frames, ``T x 3 x H x W``, and says which of them agree with how."""


@dataclass(frozen=True)
class Way:
    """How frames are restored.

    Attributes:
        undo: restores them.
        note: what to say of it; empty where the operator is undone just as it is known.
        is_exact: whether it undoes the operator, and nothing like it.
        is_algebra: whether the likeliest photo takes the place of the restorer.
        weight: how much of a restored pixel to take, ``H x W``; None for all of it.
        reason: why nothing is undone; None where something is.
    """

    undo: Undoing
    note: str = ""
    is_exact: bool = True
    is_algebra: bool = False
    weight: np.ndarray | None = None
    reason: str | None = None


def left(reason: str) -> Way:
    """Return the way that leaves frames alone."""
    return Way(_none, reason=reason)


def _none(images: np.ndarray) -> tuple[np.ndarray, Sequence[bool]]:
    return images, [False] * len(images)


def unchecked(known: Degradation, box: Box | None, restorer: Restorer, request: Request) -> Way:
    """Return the way that undoes just what is known, whatever the frames say."""
    return Way(partial(_as_known, known, box, restorer, request))


def _as_known(
    known: Degradation, box: Box | None, restorer: Restorer, request: Request, images: np.ndarray
) -> tuple[np.ndarray, Sequence[bool]]:
    return undo(images, known, box, restorer, request)[0], [True] * len(images)


def decided(
    samples: Iterable[np.ndarray], finding: Finding, known: Degradation, restorer: Restorer,
    request: Request,
) -> Way:  # fmt: skip
    """Return how to undo what was stated or found in a clip, where its frames agree.

    Args:
        samples: some frames, or what is seen of them, ``1 x 3 x H x W`` each.
        finding: where it is in them.
        known: the operator and the storage.
        restorer: what undoes it just as it is known.
        request: what the user asks for.
    """
    exact = partial(undo_faithfully, known, restorer, request.tile_px)
    plain = unchecked(known, finding.box, restorer, request)
    prior = restorer.prior
    if isinstance(known.operator, Mosaic):
        shown = [_blocks(images, finding.box, known, prior) for images in samples]
        return _of_mosaic(shown, finding.box, known, exact, plain, prior)
    tried = [undo_checked(images, finding, known, None, exact, prior) for images in samples]
    way = _usual(tried)
    if way.reason is not None or not way.is_exact:
        return way
    return replace(way, undo=partial(_by_inverse, plain.undo, finding.box, known, prior))


def _usual(tried: Sequence[Attempt]) -> Way:
    """Return the way in which most of some frames were undone; of two as usual the careful one."""
    done = [one for one in tried if one.reason is None and one.again is not None]
    if len(done) < min(MIN_AGREEING, len(tried)):
        reasons = Counter(one.reason for one in tried if one.reason is not None)
        return left(reasons.most_common(1)[0][0])
    counts = Counter((one.is_plain, one.note) for one in done)
    is_plain, note = min(counts, key=lambda way: (-counts[way], way))
    chosen = next(one for one in done if (one.is_plain, one.note) == (is_plain, note))
    if chosen.again is None:
        raise TypeError(chosen)
    again = partial(each_alone, chosen.again)
    return Way(again, note, is_exact=is_plain, is_algebra=chosen.gain_db is not None)


def each_alone(again: Again, images: np.ndarray) -> tuple[np.ndarray, Sequence[bool]]:
    """Restore frames, ``T x 3 x H x W``, one by one, and say which of them agree."""
    answers = [again(one) for one in one_by_one(images)]
    return np.concatenate([one for one, _ in answers]), [agrees for _, agrees in answers]


def _by_inverse(
    undone: Undoing, box: Box | None, known: Degradation, prior: Prior, images: np.ndarray
) -> tuple[np.ndarray, Sequence[bool]]:
    """Undo a blur of a batch just as it is known."""
    restored, _ = undone(images)
    place = (...,) if box is None else (..., *box.place)
    pairs = zip(one_by_one(restored[place]), one_by_one(images[place]), strict=True)
    return restored, [why_not(part, was, known, prior) is None for part, was in pairs]


def _blocks(images: np.ndarray, box: Box | None, known: Degradation, prior: Prior) -> np.ndarray:
    """Return 1 where the blocks of a mosaic have one colour, else 0, float32 ``H x W``."""
    weight = np.zeros(images.shape[-2:], np.float32)
    place = (...,) if box is None else box.place
    part = images if box is None else images[..., *box.place]
    weight[place] = of_one_colour(part, known, prior)
    return weight


def _of_mosaic(
    shown: Sequence[np.ndarray], box: Box | None, known: Degradation, exact: Exact, plain: Way,
    prior: Prior,
) -> Way:  # fmt: skip
    """Return how to undo the blocks that have one colour in most of the frames that have any."""
    least = MIN_BLOCKS_SHARE if box is None else MIN_BLOCKS_SHARE_IN_BOX
    place = box or Box(0, 0, shown[0].shape[1], shown[0].shape[0])
    agreed = [one for one in shown if one[place.place].mean() >= least]
    if len(agreed) < min(MIN_AGREEING, len(shown)):
        return left(NO_BLOCKS)
    weight = (np.mean(agreed, axis=0) >= MAJORITY).astype(np.float32)
    agrees = partial(_has_blocks, box, known, prior, weight[place.place] > 0, least)
    if weight[place.place].all():
        return replace(plain, undo=partial(_each_agreeing, plain.undo, agrees))
    undone = partial(_by_blocks, place, known, weight, partial(exact, box))
    return Way(partial(_each_agreeing, undone, agrees), ONE_COLOUR, weight=weight)


def _has_blocks(
    box: Box | None, known: Degradation, prior: Prior, inside: np.ndarray, least: float,
    images: np.ndarray,
) -> bool:  # fmt: skip
    """Return whether so many of the blocks that are undone have one colour in a frame."""
    place = (...,) if box is None else box.place
    return bool(_blocks(images, box, known, prior)[place][inside].mean() >= least)


def _each_agreeing(
    undone: Undoing, agrees: Callable[[np.ndarray], bool], images: np.ndarray
) -> tuple[np.ndarray, Sequence[bool]]:
    """Restore frames, and ask of each whether it agrees."""
    agreeing = [agrees(one) for one in one_by_one(images)]
    return undone(images)[0], agreeing


def _by_blocks(
    box: Box, known: Degradation, weight: np.ndarray, exact: Undo, images: np.ndarray
) -> tuple[np.ndarray, Sequence[bool]]:
    return undo_blocks(images, box, known, weight, exact)[0], [True] * len(images)
