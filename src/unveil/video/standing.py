"""`unveil restore` on a part of a clip that stands still, or on all of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unveil.degradation import Degradation
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.video.parts import improve
from unveil.video.runs import Sight, Undone, View
from unveil.video.stream.chunks import one_by_one
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import Window
from unveil.video.ways import Way


@dataclass(frozen=True)
class Standing:
    """Restores a part of each frame.

    Attributes:
        window: what is read of each frame, and what is overwritten.
        box: the part, in what is read.
        known: what happened to it; None where it is known roughly.
        way: how it is undone.
        prior: power spectrum of clean photos.
        together: whether the frames of a run are restored jointly.
    """

    window: Window
    box: Box
    known: Degradation | None
    way: Way
    prior: Prior
    together: bool

    def look(self, frames: Iterator[tuple[int, Picture]]) -> Iterator[View]:
        """Yield the frames of a clip with the part in each, by the numbers of their scenes."""
        for scene, picture in frames:
            yield View(scene, picture, Sight(self.window, self.window.look(picture), self.box))

    def undo(self, sights: Sequence[Sight]) -> list[Undone]:
        """Restore a run of frames."""
        hidden = [one.images for one in sights]
        images = np.concatenate(hidden)
        restored, agreeing = self.way.undo(images)
        if self.together and self.known is not None and len(sights) > 1:
            alone, places = list(one_by_one(restored)), [self.box] * len(sights)
            restored = np.concatenate(improve(hidden, alone, places, self.known, self.prior))
            if self.way.weight is not None:
                restored = images + self.way.weight * (restored - images)
        return list(zip(one_by_one(restored), agreeing, strict=True))
