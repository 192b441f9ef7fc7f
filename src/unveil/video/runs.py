"""Runs: neighbouring frames of one scene that are restored at a time.

Where runs are restored jointly, neighbours overlap, and what both say of a frame is crossfaded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from unveil.images.box import Box
from unveil.video.fading import FADE_FRAMES, Answer
from unveil.video.sharing import Each, Share
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


@dataclass(frozen=True)
class Run:
    """Frames that are restored at a time.

    Attributes:
        views: the frames.
        known: how many of them, the first, are another run's, and are here to be learnt from.
        kept: how many of the others, the last, the next run of the scene has, too.
    """

    views: Sequence[View]
    known: int = 0
    kept: int = 0

    @property
    def sights(self) -> list[Sight]:
        """Return the hidden part in those of the frames that have it."""
        return [view.sight for view in self.views if view.sight is not None]


def shared(undo: Undo, share: Share) -> Each[Sequence[Sight], Sequence[Undone]]:
    """Return what restores runs, by a way to share them."""
    return share(partial(_if_any, undo))


def _if_any(undo: Undo, sights: Sequence[Sight]) -> Sequence[Undone]:
    return undo(sights) if sights else ()


def in_runs(
    views: Iterator[View],
    undo: Each[Sequence[Sight], Sequence[Undone]],
    length: int,
    *,
    overlap: int = 0,
) -> Iterator[Answer]:
    """Restore the frames of a clip, run by run.

    Args:
        views: the frames, in their order.
        undo: restores runs, see :func:`shared`.
        length: most frames in a run.
        overlap: frames that a run shares with the next one of its scene, less than ``length``.
    """
    held: Sequence[Undone | None] = ()  # what the run before says of the first frames of this one
    jobs = ((run, run.sights) for run in runs(views, length, overlap))
    for run, undone in undo(jobs):
        left = iter(undone)
        said = [None if view.sight is None else next(left) for view in run.views]
        done = _mixed(held, said[run.known :])
        count = len(done) - run.kept
        yield from map(_answer, run.views[run.known :][:count], done[:count])
        held = done[count:]


def runs(views: Iterator[View], length: int, overlap: int) -> Iterator[Run]:
    """Yield the runs of a clip; see :func:`in_runs`."""
    run: list[View] = []
    past: list[View] = []  # before this run, of its scene
    for view in chain(views, [None]):
        if run and (view is None or view.scene != run[-1].scene):
            # The last run would be short: it starts earlier.
            known = past[len(run) - length :] if len(run) < length else []
            yield Run([*known, *run], known=len(known))
            run, past = [], []
        elif len(run) == length:
            yield Run(run, kept=overlap)
            first = length - overlap
            run, past = run[first:], run[:first] if overlap else []
        if view is not None:
            run.append(view)


def _mixed(before: Sequence[Undone | None], now: Sequence[Undone | None]) -> list[Undone | None]:
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
