"""Where in a scene the restored part is shown: it fades in and out, and does not flicker."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from unveil.video.neighbours import neighbours
from unveil.video.stream.layout import Picture

FADE_FRAMES = 3
"""Length of a crossfade."""

GAP_FRAMES = 3
"""So many frames that do not agree between others that do are restored like those."""

AHEAD_FRAMES = FADE_FRAMES + GAP_FRAMES
"""How far from a frame something says how much of it is shown."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A frame, and how it is restored.

    Attributes:
        scene: number of its scene.
        picture: the frame as it was.
        restored: the same, restored.
        is_shown: whether the frame agrees with how.
    """

    scene: int
    picture: Picture
    restored: Picture
    is_shown: bool


def faded(answers: Iterator[Answer]) -> Iterator[Picture]:
    """Yield the frames of a clip, restored where they agree; reads a few ahead."""
    for near, place in neighbours(answers, AHEAD_FRAMES, AHEAD_FRAMES):
        answer = near[place]
        scene = [one for one in near if one.scene == answer.scene]
        share = shares(np.array([one.is_shown for one in scene]))[scene.index(answer)]
        yield mixed(answer.picture, answer.restored, float(share))


def shares(shown: np.ndarray) -> np.ndarray:
    """Return how much of each restored frame is shown, in [0,1].

    Args:
        shown: whether each frame of a scene agrees with how it is restored, ``T`` bool; of those
            before and after nothing is known.
    """
    hits = np.flatnonzero(shown)
    closed = shown.copy()
    for first, last in pairwise(hits):
        if last - first <= GAP_FRAMES + 1:
            closed[first:last] = True
    lacking = np.flatnonzero(~closed)
    if not lacking.size:
        return np.ones(len(shown))
    away = np.abs(np.arange(len(shown))[:, None] - lacking).min(axis=1)
    return np.asarray((away / (FADE_FRAMES + 1)).clip(max=1))


def mixed(one: Picture, other: Picture, share: float) -> Picture:
    """Return a frame between two of the same time: 0 is the one, 1 the other."""
    if share in (0, 1):
        return other if share else one
    planes = (
        (first + share * (second.astype(np.float32) - first)).round().astype(first.dtype)
        for first, second in zip(one.planes, other.planes, strict=True)
    )
    first, second, third = planes
    return replace(one, planes=(first, second, third))
