"""`unveil restore` on videos."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor

from unveil import messages
from unveil.auto import find, restore_finding
from unveil.box import Box
from unveil.config import Device, Precision
from unveil.errors import UsageError
from unveil.estimate.finding import Finding
from unveil.families import family_of
from unveil.joint.window import restore_window
from unveil.linear.prior import Prior
from unveil.operators import spread_px
from unveil.restore import Network, Restorer
from unveil.shipped import read_prior
from unveil.specs import Blur, Degradation, Mosaic, Pixelate, Sample
from unveil.undo import Undo, said, say_if_beyond
from unveil.video.chunks import MOST, chunk_length, in_chunks
from unveil.video.info import Info
from unveil.video.painting import Step
from unveil.video.reading import samples, upright

LOOKED_AT = 5
"""Pictures of a clip that are looked at to find out what hides it."""

CONTEXT_PX = 32
"""Seen of what surrounds a part that is restored."""


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

    def __call__(self, info: Info) -> Step | None:
        """Return the step for a clip, and say what it does."""
        finding = self._find(info)
        degradation = finding.degradation
        if degradation is None:
            messages.note("nothing to undo: the video is written as it is.")
            messages.add(model=None)
            return None
        restorer = self._chosen or self._load(self._choose(degradation))
        messages.note(
            f"undoing {said(degradation, restorer)} with {restorer.name} on {restorer.runtime}"
        )
        messages.add(model=restorer.name, runtime=str(restorer.runtime))
        if self._chosen is None and isinstance(restorer, Network):
            say_if_beyond(restorer, degradation)
        return self._step(info, finding, restorer)

    @cached_property
    def _chosen(self) -> Restorer | None:
        return self._load(self.undo.model) if self.undo.model else None

    def _load(self, name: str) -> Restorer:
        return self.undo.load(name, self.device, self.precision)

    def _choose(self, degradation: Degradation) -> str:
        """Return the fast weights of the family, where the best would do too."""
        name = self.undo.choose(degradation)
        family = family_of(degradation.linear)
        return f"{family}-fast" if name == family else name

    def _find(self, info: Info) -> Finding:
        """Return what hides a clip, and say how that is known."""
        storage, undo = info.storage, self.undo
        if undo.box is not None:
            undo.box.check_inside(info.width, info.height)
        if isinstance(self._chosen, Network) and not self._chosen.knows_operator:
            operator = self._chosen.card.task.typical.operator
            return Finding(operator, storage, 1.0, None, undo.box)
        if not info.is_measured:
            messages.note(f"how the clip was compressed is not known: taken for {storage}.")
        if undo.operator is not None:
            finding = Finding(undo.operator, storage, 1.0, None, undo.box)
        else:
            prior = read_prior(undo.prior)
            pictures = (upright(picture, info) for picture in samples(info, LOOKED_AT))
            seen = [find(images, storage, None, undo.box, prior)[0] for images in pictures]
            finding = agree(seen)
        messages.note(f"{'told' if undo.operator else 'found'}: {finding}")
        messages.add(**finding.as_row())
        return finding

    def _step(self, info: Info, finding: Finding, restorer: Restorer) -> Step:
        seen = around(finding, info)
        near = finding
        if seen is not None and (box := finding.box) is not None:
            inner = Box(box.left - seen.left, box.top - seen.top, box.width, box.height)
            near = replace(finding, box=inner)

        def change(images: Tensor, _: int) -> Tensor:
            outcome = restore_finding(
                images, near, restorer, consistent=self.undo.consistent, tile_px=self.undo.tile_px
            )
            if self.together == 1:
                return outcome.restored
            return jointly(images, outcome.restored, near, read_prior(self.undo.prior))

        size = (info.width, info.height) if seen is None else (seen.width, seen.height)
        length = self.together if self.together > 1 else chunk_length(*size)
        return Step(in_chunks(change, length), seen, finding.box)


def jointly(images: Tensor, alone: Tensor, finding: Finding, prior: Prior) -> Tensor:
    """Return pictures improved by each other where ``finding`` says that they are hidden.

    Args:
        images: ``T x 3 x H x W`` in [0,1], obfuscated, in their order.
        alone: the same restored one by one.
        finding: what hides them.
        prior: power spectrum of clean photos.
    """
    known, box = finding.degradation, finding.box
    if known is None:
        return alone
    place = box.place if box is not None else (slice(None), slice(None))
    restored = alone.clone()
    restored[..., *place] = restore_window(
        images[..., *place], known, prior, lambda _: alone[..., *place]
    )
    return restored


def around(finding: Finding, info: Info) -> Box | None:
    """Return what is to be seen for a finding to be undone: a mosaic's surroundings help."""
    box = finding.box
    if box is None:
        return None
    reach = CONTEXT_PX if isinstance(finding.operator, Mosaic) else 0
    left, top = max(box.left - reach, 0), max(box.top - reach, 0)
    right = min(box.left + box.width + reach, info.width)
    bottom = min(box.top + box.height + reach, info.height)
    return Box(left, top, right - left, bottom - top)


def agree(seen: Sequence[Finding]) -> Finding:
    """Return what hides a clip, by what was found in some of its pictures.

    The kind that most pictures show, where they show it; of that, the median strength.

    Raises:
        UsageError: the pictures show different things.
    """

    def kind(finding: Finding) -> tuple[str, Box | None]:
        return type(finding.operator).__name__, finding.box

    usual, count = Counter(map(kind, seen)).most_common(1)[0]
    if 2 * count <= len(seen):
        raise UsageError(
            "what hides it differs from picture to picture; say what with --operator SPEC and "
            "where with --box X,Y,W,H."
        )
    alike = [finding for finding in seen if kind(finding) == usual]
    return sorted(alike, key=_strength)[len(alike) // 2]


def _strength(finding: Finding) -> float:
    match finding.operator:
        case Pixelate(block) | Sample(block):
            return block
        case operator if isinstance(operator, Blur):
            return spread_px(operator)
        case _:
            return 0.0
