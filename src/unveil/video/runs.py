"""Runs: neighbouring frames of one scene that are restored at a time.

Where runs are restored jointly, neighbours overlap, and what both say of a frame is crossfaded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from unveil.images.box import Box
from unveil.video.fading import FADE_FRAMES, Answer
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import Window


@dataclass(frozen=True)
class Sight:
    """The hidden part in one frame.

    Attributes:
        window: the part of the frame that is read, and the part that is overwritten.
        images: the part that is read, ``1 x 3 x H x W``.
        box: the hidden part, in the coordinates of ``images``.
        mask: its pixels, ``H x W`` bool; None for those of the box.
    """

    window: Window
    images: np.ndarray
    box: Box
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class View:
    """A frame of a clip.

    Attributes:
        scene: number of its scene.
        picture: the frame.
        sight: the hidden part in it; None where there is none.
    """

    scene: int
    picture: Picture
    sight: Sight | None


Undone = tuple[np.ndarray, bool]
"""What was seen, restored, ``1 x 3 x H x W``, and whether the frame agrees with how."""

Undo = Callable[[Sequence[Sight]], Sequence[Undone]]
"""Restores what is seen of the frames of a run."""


def overlap_of(length: int) -> int:
    """Return how many frames runs of a length that are restored jointly share."""
    return min(FADE_FRAMES, length // 3)


def in_runs(
    views: Iterator[View], undo: Undo, length: int, *, overlap: int = 0
) -> Iterator[Answer]:
    """Restore the frames of a clip, run by run.

    Args:
        views: the frames, in their order.
        undo: restores a run.
        length: most frames in a run.
        overlap: frames that a run shares with the next one of its scene, less than ``length``.
    """
    run: list[View] = []
    past: list[View] = []  # before this run, of its scene
    held: list[Undone | None] = []  # what the run before says of the first frames of this one
    for view in chain(views, [None]):
        if run and (view is None or view.scene != run[-1].scene):
            # The last run would be short: it starts earlier.
            known = past[len(run) - length :] if len(run) < length else []
            done = _mixed(held, _undone([*known, *run], undo)[len(known) :])
            yield from map(_answer, run, done)
            run, past, held = [], [], []
        elif len(run) == length:
            done, kept = _mixed(held, _undone(run, undo)), length - overlap
            yield from map(_answer, run[:kept], done[:kept])
            run, past, held = run[kept:], run[:kept] if overlap else [], done[kept:]
        if view is not None:
            run.append(view)


def _undone(run: Sequence[View], undo: Undo) -> list[Undone | None]:
    """Restore a run."""
    sights = [view.sight for view in run if view.sight is not None]
    done = iter(undo(sights) if sights else ())
    return [None if view.sight is None else next(done) for view in run]


def _mixed(before: Sequence[Undone | None], now: list[Undone | None]) -> list[Undone | None]:
    """Return what two runs say, of the frames of the second; the first knows its first frames."""
    mixed = list(now)
    for number, (one, other) in enumerate(zip(before, now, strict=False)):
        if one is not None and other is not None:
            share = np.float32((number + 1) / (len(before) + 1))
            mixed[number] = one[0] + share * (other[0] - one[0]), one[1] or other[1]
    return mixed


def _answer(view: View, done: Undone | None) -> Answer:
    """Return a frame with what was restored of it."""
    if view.sight is None or done is None:
        return Answer(view.scene, view.picture, view.picture, is_shown=False)
    restored = view.sight.window.put(view.picture, done[0])
    return Answer(view.scene, view.picture, restored, is_shown=done[1])
