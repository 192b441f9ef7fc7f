"""`unveil restore` on videos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from unveil import console
from unveil.console import Remark
from unveil.errors import UsageError
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.linear.prior import read_prior
from unveil.restoration.steps import Load, Request, assumed, decide, find, used
from unveil.video.agreement import Moving, agree
from unveil.video.sharing import Share, alone
from unveil.video.stages import Stage, moving_stage, rough_stage, standing_stage
from unveil.video.stream.chunks import MAX_FRAMES
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
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
    """Restores clips: how is decided once per clip, so that the result is stable.

    Attributes:
        request: the user's request.
        load: loads restorers by name.
        together: number of frames restored jointly.
        share: how runs of frames are shared among processes.

    Raises:
        UsageError: ``together`` is not from 1 to 16.
    """

    request: Request
    load: Load
    together: int = 1
    share: Share = alone

    def __post_init__(self) -> None:
        if not 1 <= self.together <= MAX_FRAMES:
            raise UsageError(f"--together {self.together} must be from 1 to {MAX_FRAMES}.")

    def __call__(self, info: Info) -> Change | None:
        """Return the change that restores a clip and print remarks; None if there is none to do."""
        request = self.request
        if request.box is not None:
            request.box.check_inside(info.width, info.height)
        finding: Finding | Moving | None = None
        stages: list[Stage] = []
        if assumed(request, info.storage, self.load) is None:
            finding, remarks = find_in_clip(info, request)
            stages.append(Stage(remarks))
        is_found = request.operator is None and request.model is None
        rough = _rough(finding) if is_found and isinstance(finding, Finding) else []
        prior = read_prior(request.prior)
        told = request.box, prior, self.load, self.share
        stages += [rough_stage(info, part, *told) for part in rough]
        if not rough or (finding is not None and finding.degradation is not None):
            stages.append(self._of_known(info, finding))
        console.remark(remark for stage in stages for remark in stage.remarks)
        restorer = next((stage.restorer for stage in reversed(stages) if stage.restorer), None)
        console.add(**used(finding.as_row() if finding else None, restorer))
        changes = [stage.change for stage in stages if stage.change is not None]
        return partial(_one_by_one, changes) if changes else None

    def _of_known(self, info: Info, finding: Finding | Moving | None) -> Stage:
        """Return how to undo what is known of a clip: stated, found, or what a model undoes."""
        request = self.request
        known = assumed(request, info.storage, self.load)
        known = finding.degradation if known is None and finding else known
        restorer, remarks = decide(known, request, self.load)
        if known is None or restorer is None:
            return Stage(remarks)
        if isinstance(finding, Moving):
            stage = moving_stage(info, finding, restorer, request, self.together, self.share)
        else:
            task = info, known, finding, restorer, request
            stage = standing_stage(*task, self.load, self.together, self.share)
        return replace(stage, remarks=remarks + stage.remarks)


def _rough(finding: Finding) -> list[Finding]:
    """Return the parts of a clip that are known roughly."""
    return [one for one in finding.parts if not one.is_clean and one.degradation is None]


def _one_by_one(changes: Sequence[Change], pictures: Iterator[Picture]) -> Iterator[Picture]:
    """Change the frames of a clip several times."""
    for change in changes:
        pictures = change(pictures)
    return pictures
