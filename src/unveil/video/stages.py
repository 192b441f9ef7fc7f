"""What `unveil restore` does to the frames of a clip, part by part, and what it says of that."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from unveil.console import Remark
from unveil.degradation import Blur, Degradation
from unveil.estimation.finding import Finding
from unveil.estimation.plausible import KINDS
from unveil.images.box import Box
from unveil.linear.prior import Prior, read_prior
from unveil.restoration.blurred import Attempt
from unveil.restoration.choice import FALLBACK
from unveil.restoration.parts import restore_part, said_of
from unveil.restoration.restorers import Restorer
from unveil.restoration.steps import Load, Request, undo
from unveil.video.agreement import Moving
from unveil.video.fading import faded
from unveil.video.following import Following
from unveil.video.parts import CONTEXT_PX, around
from unveil.video.runs import Sight, Undone, View, in_runs, overlap_of, shared
from unveil.video.scenes import in_scenes
from unveil.video.sharing import Each, Share, alone
from unveil.video.sighting import Sighting, restored_roughly
from unveil.video.standing import Standing
from unveil.video.stream.chunks import chunk_length
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
from unveil.video.stream.painting import Window
from unveil.video.stream.process import Change
from unveil.video.stream.reading import samples, upright
from unveil.video.ways import Way, decided, each_alone, unchecked

DECIDING_FRAMES = 5
"""On so many frames is tried how a clip is undone."""

SIGHTS = 2
"""A part of a clip is seen in two frames at least, and doubt about it in both is rarer."""

NOT_JOINT = "--together is left out: it was not undone as it is known"
MOVES = "it moves"
NOT_SEEN = "it is not seen again where it was"
Look = Callable[[Iterator[tuple[int, Picture]]], Iterator[View]]


@dataclass(frozen=True)
class Stage:
    """What is done to the frames of a clip.

    Attributes:
        remarks: what to say of it.
        change: of the frames; None where they stay as they are.
        restorer: what restores them; None for nothing.
    """

    remarks: tuple[Remark, ...]
    change: Change | None = None
    restorer: Restorer | None = None


def moving_stage(
    info: Info, moving: Moving, restorer: Restorer, request: Request, together: int,
    share: Share = alone,
) -> Stage:  # fmt: skip
    """Follow a mosaic and undo it.

    Args:
        info: the clip.
        moving: the mosaic.
        restorer: what undoes it.
        request: what the user asks for.
        together: number of frames restored jointly.
        share: how runs of frames are shared among processes.
    """
    restore = partial(_restored, restorer, request)
    following = Following(info, moving, restore, read_prior(request.prior), together)
    undone = shared(following.undo, share)
    change = _change(info, following.look, undone, together, overlap_of(together))
    return Stage((), change, restorer)


def _restored(
    restorer: Restorer, request: Request, images: np.ndarray, known: Degradation, box: Box | None
) -> np.ndarray:
    return np.asarray(undo(images, known, box, restorer, request)[0])


def standing_stage(
    info: Info, known: Degradation, finding: Finding | None, restorer: Restorer, request: Request,
    load: Load, together: int, share: Share = alone,
) -> Stage:  # fmt: skip
    """Undo what is known where it stands still, if the clip agrees or it must be.

    Args:
        info: the clip.
        known: the operator and the storage.
        finding: where it is; None where that is told and a model undoes it unasked.
        restorer: what undoes it.
        request: what the user asks for.
        load: loads restorers by name.
        together: number of frames restored jointly.
        share: how runs of frames are shared among processes.
    """
    box = request.box if finding is None else finding.box
    is_checked = finding is not None and request.model is None and not request.force
    seen = _seen(info, box, known, is_checked=is_checked)
    window, near = Window(info, seen, box or seen), box and box.within(seen)
    if finding is None or not is_checked:
        way = unchecked(known, near, restorer, request)
    else:
        frames = map(window.look, samples(info, DECIDING_FRAMES))
        mask = None if finding.mask is None else finding.mask[seen.place]
        part = replace(finding, box=near, mask=mask)
        way = decided(frames, part, known, restorer, request)
    if way.reason is not None:
        is_stated = request.operator is not None
        hint = "; --force undoes it all the same" if is_stated else ""
        return Stage((Remark(f"not undone: {way.reason}{hint}", is_stated),))
    place = near or seen
    is_joint = together > 1 and way.is_exact
    standing = Standing(window, place, known, way, read_prior(request.prior), together=is_joint)
    length = together if is_joint else chunk_length(seen.width, seen.height)
    undone = shared(standing.undo, share)
    change = _change(info, standing.look, undone, length, overlap_of(length) if is_joint else 0)
    used = load(FALLBACK) if way.is_algebra else restorer
    return Stage(_said(way, request, together), change, used)


def rough_stage(
    info: Info, part: Finding, told: Box | None, prior: Prior, load: Load, share: Share = alone
) -> Stage:
    """Restore a part that is known roughly, as nearly as it is.

    Args:
        info: the clip.
        part: where and how it was hidden.
        told: the part that the user names, if any: it stands still.
        prior: power spectrum of clean photos.
        load: loads restorers by name.
        share: how runs of frames are shared among processes.
    """
    change: Change | None
    part = replace(part, confidence=1 - (1 - (part.confidence or 0)) ** SIGHTS)
    if part.kind in KINDS and part.box is not None and told is None:
        sighting = Sighting(info, part, prior)
        attempt = _tried(sighting, info)
        change = _change(info, sighting.look, shared(sighting.undo, share), 1)
    else:
        attempt, change = _where_it_is(info, part, prior, share, is_still=told is not None)
    if attempt.reason is not None:
        return Stage((said_of(attempt, part),))
    return Stage((said_of(attempt, part),), change, load(FALLBACK))


def _tried(sighting: Sighting, info: Info) -> Attempt:
    """Return what comes of a part that is followed, in the first frame where it is seen."""
    attempt = None
    for picture in samples(info, DECIDING_FRAMES):
        place = sighting.anywhere(picture)
        if place is not None:
            attempt = sighting.attempt(sighting.see(picture, place))
            if attempt.reason is None:
                return attempt
        attempt = attempt or Attempt(upright(picture, info), reason=NOT_SEEN)
    if attempt is None:
        raise ValueError(info.path)
    return attempt


def _where_it_is(
    info: Info, part: Finding, prior: Prior, share: Share, *, is_still: bool
) -> tuple[Attempt, Change | None]:
    """Return what comes of a part that stands still, and the change that makes it of a clip."""
    whole = Box(0, 0, info.width, info.height)
    window = Window(info, whole, part.box or whole)
    images = window.look(next(samples(info, 1)))
    if part.box is not None and part.mask is None and not is_still:
        return Attempt(images, reason=part.reason or MOVES), None
    again = partial(restored_roughly, part=part, prior=prior)
    way = Way(partial(each_alone, again), is_exact=False, is_algebra=True)
    standing = Standing(window, whole, None, way, prior, together=False)
    change = _change(info, standing.look, shared(standing.undo, share), 1)
    return restore_part(images, part, prior), change


def _seen(info: Info, box: Box | None, known: Degradation, *, is_checked: bool) -> Box:
    """Return what is read of frames; where borders may differ, what a blur mixes in, too."""
    if box is None:
        return Box(0, 0, info.width, info.height)
    if is_checked and isinstance(known.operator, Blur):
        margin_px = known.operator.kernel // 2 + CONTEXT_PX
        return box.grown(margin_px, margin_px, info.width, info.height)
    return around(box, known.operator, info)


def _change(
    info: Info, look: Look, undone: Each[Sequence[Sight], Sequence[Undone]], length: int,
    overlap: int = 0,
) -> Change:  # fmt: skip
    """Return the change of a clip that restores what is looked at, run by run."""

    def change(pictures: Iterator[Picture]) -> Iterator[Picture]:
        return faded(
            in_runs(look(in_scenes(pictures, info.layout.bits)), undone, length, overlap=overlap)
        )

    return change


def _said(way: Way, request: Request, together: int) -> tuple[Remark, ...]:
    """Return what to say of how a clip is undone."""
    said = [Remark(f"undone {way.note}")] if way.note else []
    if request.consistent and way.note:
        said.append(Remark("not made consistent: it was not undone as it is known", True))
    if together > 1 and not way.is_exact:
        said.append(Remark(NOT_JOINT, True))
    return tuple(said)
