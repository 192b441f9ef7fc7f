"""`unveil restore` on videos."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from unveil import console
from unveil.console import Remark
from unveil.degradation import Degradation
from unveil.errors import UsageError
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.restoration.pipeline import Load, Request, assumed, decide, find, undo, used
from unveil.restoration.restorers import Restorer
from unveil.video.agreement import Moving, agree
from unveil.video.following import Following
from unveil.video.parts import around, improve
from unveil.video.stream.chunks import MAX_FRAMES, chunk_length, in_chunks, one_by_one
from unveil.video.stream.info import Info
from unveil.video.stream.painting import Step, paint
from unveil.video.stream.process import Change
from unveil.video.stream.reading import samples, upright

SAMPLED_FRAMES = 5
"""Number of frames from which the degradation of a clip is estimated."""


def find_in_clip(info: Info, request: Request) -> tuple[Finding | Moving, tuple[Remark, ...]]:
    """Return the degradation of a clip: stated and checked on one frame, or found in a sample.

    Args:
        info: the clip.
        request: the user's request.

    Raises:
        UsageError: the box is not inside the frame, or the findings on the frames disagree.
    """
    frames = (upright(frame, info) for frame in samples(info, SAMPLED_FRAMES))
    unsure = f"the compression of the clip is not known; {info.storage} is assumed"
    first = () if info.is_measured else (Remark(unsure),)
    if request.operator is not None:
        stated, remarks = find(next(frames), info.storage, request)
        return stated, first + remarks
    prior = read_prior(request.prior)
    finding = agree([inspect(images, info.storage, prior, request.box) for images in frames])
    return finding, (*first, Remark(f"found: {finding}"))


@dataclass(frozen=True)
class Restoring:
    """Restores clips: the degradation is estimated once per clip, so that the result is stable.

    Attributes:
        request: the user's request.
        load: loads restorers by name.
        together: number of frames restored jointly.

    Raises:
        UsageError: ``together`` is not from 1 to 16.
    """

    request: Request
    load: Load
    together: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.together <= MAX_FRAMES:
            raise UsageError(f"--together {self.together} must be from 1 to {MAX_FRAMES}.")

    def __call__(self, info: Info) -> Change | None:
        """Return the change that restores a clip and print remarks; None if there is none to do."""
        request = self.request
        if request.box is not None:
            request.box.check_inside(info.width, info.height)
        finding: Finding | Moving | None = None
        remarks: tuple[Remark, ...] = ()
        known, box = assumed(request, info.storage, self.load), request.box
        if known is None:
            finding, remarks = find_in_clip(info, request)
            known, box = finding.degradation, getattr(finding, "box", None)
        restorer, more = decide(known, request, self.load)
        console.remark(remarks + more)
        console.add(**used(finding.as_row() if finding else None, restorer))
        if known is None or restorer is None:
            return None
        if isinstance(finding, Moving):
            restore = partial(self._restore, restorer)
            prior = read_prior(request.prior)
            return Following(info, finding, restore, prior, self.together)
        return partial(paint, info=info, step=self._step(info, known, box, restorer))

    def _restore(
        self, restorer: Restorer, images: np.ndarray, known: Degradation, box: Box | None
    ) -> np.ndarray:
        return undo(images, known, box, restorer, self.request)[0]

    def _step(self, info: Info, known: Degradation, box: Box | None, restorer: Restorer) -> Step:
        whole = Box(0, 0, info.width, info.height)
        seen = whole if box is None else around(box, known.operator, info)
        near = box and box.within(seen)
        place = near or whole

        def change(images: np.ndarray, _: int) -> np.ndarray:
            restored = self._restore(restorer, images, known, near)
            if self.together > 1:
                prior, places = read_prior(self.request.prior), [place] * len(images)
                hidden, alone = list(one_by_one(images)), list(one_by_one(restored))
                restored = np.concatenate(improve(hidden, alone, places, known, prior))
            return restored

        length = self.together if self.together > 1 else chunk_length(seen.width, seen.height)
        return Step(in_chunks(change, length), seen if box else None, box)
