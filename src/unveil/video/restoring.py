"""`unveil restore` on videos."""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import torch
from torch import Tensor

from unveil import console
from unveil.config import Device, Precision
from unveil.degradation import Degradation
from unveil.errors import UsageError
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.networks.shipped import list_shipped, read_prior
from unveil.restoration.pipeline import find, restore_finding
from unveil.restoration.restorers import Network, Restorer
from unveil.restoration.undo import Undo, said, say_if_beyond
from unveil.video.agreement import Moving, agree
from unveil.video.following import Following
from unveil.video.parts import around, improve
from unveil.video.stream.chunks import MOST, chunk_length, in_chunks, one_by_one
from unveil.video.stream.info import Info
from unveil.video.stream.painting import Step, paint
from unveil.video.stream.process import Change
from unveil.video.stream.reading import samples, upright

LOOKED_AT = 5
"""Pictures of a clip that are looked at to find out what hides it."""


@dataclass(frozen=True)
class Restoring:
    """Restores clips: what hides one is found once and held, so that nothing flickers.

    Attributes:
        undo: what the user asks for.
        device: where to compute.
        precision: arithmetic of the network.
        together: how many pictures are restored as one, each learning from the others.

    Raises:
        UsageError: ``together`` is not from 1 to 16.
    """

    undo: Undo
    device: Device
    precision: Precision
    together: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.together <= MOST:
            raise UsageError(f"--together {self.together} must be from 1 to {MOST}.")

    def __call__(self, info: Info) -> Change | None:
        """Return what restores a clip, and say how; None where there is nothing to undo."""
        finding = self._find(info)
        degradation = finding.degradation
        if degradation is None:
            console.note("nothing to undo: the video is written as it is.")
            console.add(model=None)
            return None
        restorer = self._chosen or self._load(self._choose(degradation))
        console.note(
            f"undoing {said(degradation, restorer)} with {restorer.name} on {restorer.runtime}"
        )
        console.add(model=restorer.name, runtime=str(restorer.runtime))
        if self._chosen is None and isinstance(restorer, Network):
            say_if_beyond(restorer, degradation)
        if isinstance(finding, Moving):
            restore = partial(self._restore, restorer)
            prior = read_prior(self.undo.prior)
            return Following(info, finding, restore, prior, self.together)
        return partial(paint, info=info, step=self._step(info, finding, restorer))

    @cached_property
    def _chosen(self) -> Restorer | None:
        return self._load(self.undo.model) if self.undo.model else None

    def _load(self, name: str) -> Restorer:
        return self.undo.load(name, self.device, self.precision)

    def _choose(self, degradation: Degradation) -> str:
        """Return the fast weights of the family, where the best would do too."""
        name = self.undo.choose(degradation)
        fast = f"{name}-fast"
        return fast if any(item.name == fast for item in list_shipped()) else name

    def _find(self, info: Info) -> Finding | Moving:
        """Return what hides a clip, and say how that is known."""
        storage, undo = info.storage, self.undo
        if undo.box is not None:
            undo.box.check_inside(info.width, info.height)
        if isinstance(self._chosen, Network) and not self._chosen.needs_degradation:
            operator = self._chosen.card.task.example.operator
            return Finding(operator, storage, 1.0, None, undo.box)
        if not info.is_measured:
            console.note(f"how the clip was compressed is not known: taken for {storage}.")
        finding: Finding | Moving
        if undo.operator is not None:
            finding = Finding(undo.operator, storage, 1.0, None, undo.box)
        else:
            prior = read_prior(undo.prior)
            pictures = (upright(picture, info) for picture in samples(info, LOOKED_AT))
            seen = [find(images, storage, None, undo.box, prior)[0] for images in pictures]
            finding = agree(seen)
        console.note(f"{'told' if undo.operator else 'found'}: {finding}")
        console.add(**finding.as_row())
        return finding

    def _restore(self, restorer: Restorer, images: Tensor, finding: Finding) -> Tensor:
        asked = self.undo
        return restore_finding(
            images, finding, restorer, consistent=asked.consistent, tile_px=asked.tile_px
        ).restored

    def _step(self, info: Info, finding: Finding, restorer: Restorer) -> Step:
        whole = Box(0, 0, info.width, info.height)
        box = finding.box
        seen = whole if box is None else around(box, finding.operator, info)
        near = finding if box is None else replace(finding, box=box.within(seen))
        place = near.box or whole

        def change(images: Tensor, _: int) -> Tensor:
            restored = self._restore(restorer, images, near)
            if self.together > 1 and (known := finding.degradation):
                prior, places = read_prior(self.undo.prior), [place] * len(images)
                hidden, alone = list(one_by_one(images)), list(one_by_one(restored))
                restored = torch.cat(improve(hidden, alone, places, known, prior))
            return restored

        length = self.together if self.together > 1 else chunk_length(seen.width, seen.height)
        return Step(in_chunks(change, length), seen if box else None, box)
