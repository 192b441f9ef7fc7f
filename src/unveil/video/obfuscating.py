"""`unveil obfuscate` on videos."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from unveil.degradation import Operator, Unchanged
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import Random
from unveil.images.box import Box
from unveil.video.sharing import Share, alone
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import Window
from unveil.video.stream.process import Change

Frame = tuple[int, Picture]
"""The number of a frame of a clip, and the frame."""


@dataclass(frozen=True)
class Obfuscating:
    """Obfuscates every frame of clips.

    Attributes:
        operator: the operator; a random operator draws new values for each frame.
        share: how frames are shared among processes.
    """

    operator: Operator
    share: Share = alone

    def __call__(self, info: Info) -> Change | None:
        """Return the change of a clip's frames; None if the operator is the identity."""
        if isinstance(self.operator, Unchanged):
            return None
        whole = Box(0, 0, info.width, info.height)
        each = self.share(partial(obfuscated, self.operator, Window(info, whole, whole)))

        def change(pictures: Iterator[Picture]) -> Iterator[Picture]:
            for _, done in each((None, frame) for frame in enumerate(pictures)):
                yield done

        return change


def obfuscated(operator: Operator, window: Window, frame: Frame) -> Picture:
    """Return a frame of a clip obfuscated."""
    number, picture = frame
    return window.put(picture, obfuscate(window.look(picture), _drawn(operator, number)))


def _drawn(operator: Operator, number: int) -> Operator:
    """Return the operator of a frame: one that draws by a seed has another seed in each."""
    if isinstance(operator, Random) and operator.seed is not None:
        return replace(operator, seed=operator.seed + number)
    return operator
