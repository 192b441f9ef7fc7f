"""The steps of restoring: what is asked for, what is undone, by what; videos call them, too."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unveil.arrays import Array, array_namespace
from unveil.config import TILE_PX
from unveil.console import Remark
from unveil.degradation import Blur, Degradation, Linear, Mosaic, Storage
from unveil.degradation.families import FAMILIES, family_of
from unveil.errors import UnveilError, UsageError
from unveil.estimation.check import contradiction
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect, storage_seen
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.report.rows import Row
from unveil.restoration.blurred import around
from unveil.restoration.choice import FALLBACK, beyond, check_undoes, fast_variant, model_for
from unveil.restoration.consistency import make_consistent
from unveil.restoration.flow import make_real
from unveil.restoration.in_context import framed, mosaic_in_context
from unveil.restoration.realism import Answer
from unveil.restoration.restorers import NetworkRestorer, Restorer

Load = Callable[[str], Restorer]
"""Loads a restorer by name or folder; callers keep what was loaded."""


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    Attributes:
        operator: what obfuscated the images; None to find out.
        box: the obfuscated part; None to find out.
        model: name or folder of a restorer; None to choose.
        consistent: whether the restored image, obfuscated again, must give the input.
        force: whether to use weights beyond what they were trained on.
        is_fast: whether to prefer fast weights, as videos do.
        prior: file of the power spectrum of photos like these (default: the shipped one).
        tile_px: side of the tiles that large images are restored in.
        mask: how much of the obfuscated picture each pixel shows, ``H x W`` in [0,1]; None for
            what the box says, or all of it.
        realism: from 0, the answer of least error, to 1, one as detailed as a photo.
        seed: of one of several real answers; None for the one nearest to the faithful one.

    Raises:
        UsageError: ``realism`` is not between 0 and 1; a mask that is empty, or without operator,
            or with a box or a model.
    """

    operator: Linear | None = None
    box: Box | None = None
    model: str | None = None
    consistent: bool = False
    force: bool = False
    is_fast: bool = False
    prior: Path | None = None
    tile_px: int = TILE_PX
    mask: np.ndarray | None = None
    realism: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.realism <= 1:
            raise UsageError(f"realism {self.realism:g} must be between 0 and 1.")
        if self.mask is None:
            return
        if self.operator is None or self.box is not None or self.model is not None:
            raise UsageError("a mask needs the operator, and goes with no box and no model.")
        if not (self.mask > 0).any():
            raise UsageError("the mask is black: nothing is said to be hidden.")


def assumed(request: Request, storage: Storage, load: Load) -> Degradation | None:
    """Return what the requested restorer undoes without being told; None where it is told.

    Args:
        request: what the user asks for.
        storage: how the image was kept.
        load: loads restorers by name.
    """
    restorer = load(request.model) if request.model else None
    if isinstance(restorer, NetworkRestorer) and not restorer.needs_degradation:
        return Degradation(restorer.card.task.example.operator, storage)
    return None


def find(images: Array, storage: Storage, request: Request) -> tuple[Finding, tuple[Remark, ...]]:
    """Return what obfuscated an image: what the request states, checked, or what is found.

    The check is cheap, a few percent of a search. It warns and changes nothing.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        storage: how its file kept it.
        request: what the user asks for.

    Raises:
        UsageError: the box is not inside the image, or the mask has another size.
    """
    prior, stated, box = read_prior(request.prior), request.operator, request.box
    if request.mask is not None and request.mask.shape != images.shape[-2:]:
        height, width = request.mask.shape
        size = "x".join(map(str, images.shape[:-3:-1]))
        raise UsageError(f"the mask has {width}x{height} pixels, the picture {size}.")
    if stated is None:
        finding = inspect(images, storage, prior, box)
        return finding, (Remark(f"found: {finding}"),)
    if box is not None:
        box.check_inside(images.shape[-1], images.shape[-2])
    if isinstance(stated, Blur):
        # What is around a blurred part may have been compressed before.
        place = box if request.mask is None else around(request.mask > 0)
        storage = storage_seen(images if place is None else images[..., *place.place], storage)
    finding = Finding(stated, storage, None, None, box)
    # Most of a picture may lie outside a mask.
    is_whole = request.mask is None
    instead = contradiction(images, stated, storage, prior, box) if is_whole else None
    said = Remark(f"stated: {stated}{f', in {box}' if box else ''}, kept as {storage}")
    if instead is None:
        return finding, (said,)
    return finding, (said, Remark(f"stated {stated}, but the image looks like {instead}", True))


def decide(
    degradation: Degradation | None, request: Request, load: Load
) -> tuple[Restorer | None, tuple[Remark, ...]]:
    """Choose the restorer of a degradation; None where there is nothing to undo.

    Args:
        degradation: what to undo; None for nothing.
        request: what the user asks for.
        load: loads restorers by name.

    Raises:
        UsageError: the requested restorer does not undo the operator.
    """
    if degradation is None:
        return None, (Remark("nothing to undo: the input is left as it is"),)
    name, remarks = request.model, []
    if name is None:
        name = model_for(degradation, force=request.force, fallback=FALLBACK)
        if name == FALLBACK:
            text = f"{beyond(degradation)}: using the closed form"
            is_warning = request.operator is not None and family_of(degradation.linear) is not None
            remarks.append(Remark(text, is_warning))
        name = fast_variant(name) if request.is_fast else name
    restorer = load(name)
    if isinstance(restorer, NetworkRestorer) and restorer.needs_degradation:
        check_undoes(restorer.name, restorer.card, degradation.linear)
    undone = described(degradation, restorer)
    remarks.append(Remark(f"undoing {undone} with {restorer.name} on {restorer.runtime}"))
    if request.model is None and isinstance(restorer, NetworkRestorer):
        card = restorer.card
        if not card.task.covers(degradation):
            text = f"{restorer.name} was not trained on {degradation}, but on {card.trained_on}"
            remarks.append(Remark(text))
    return restorer, tuple(remarks)


def used(finding: Row | None, restorer: Restorer | None, refiners: Sequence[str] = ()) -> Row:
    """Return what was found and used, for the row of a result.

    Args:
        finding: what obfuscated the input; None where the restorer is not told.
        restorer: what was used; None for nothing.
        refiners: names of the networks that corrected what it undid nearly.
    """
    if restorer is None:
        return {**(finding or {}), "model": None}
    names = ", ".join([restorer.name, *refiners])
    return {**(finding or {}), "model": names, "runtime": str(restorer.runtime)}


def described(degradation: Degradation, restorer: Restorer) -> str:
    """Return what is undone, in words: a network that is not told undoes all of its family."""
    if isinstance(restorer, NetworkRestorer) and not restorer.needs_degradation:
        family = FAMILIES.get(restorer.card.operator)
        return family.description if family else str(degradation)
    return str(degradation)


def undo(
    images: Array, known: Degradation, box: Box | None, restorer: Restorer, request: Request
) -> tuple[Array, Array | None]:
    """Restore the obfuscated part of images, and leave the rest as it is, bit for bit.

    Args:
        images: ``B x 3 x H x W`` in [0,1].
        known: what obfuscated them.
        box: the obfuscated part; None for all of it.
        restorer: what undoes it.
        request: whether the result must be consistent, how real, and the size of tiles.

    Returns:
        The restored images, and the expected absolute error of the faithful ones, ``B x 1 x H x
        W``, where the restorer gives one.

    Raises:
        UsageError: realism is asked for, and what is undone is neither blur nor mosaic.
    """
    restored, error = undo_faithfully(known, restorer, request.tile_px, box, images)
    return finished(images, restored, error, known, box, restorer, request), error


def undo_faithfully(
    known: Degradation, restorer: Restorer, tile_px: int, box: Box | None, images: Array
) -> tuple[Array, Array | None]:
    """Return the answer of least error to :func:`undo`, and that error as it is expected.

    Args:
        known: what obfuscated the images.
        restorer: what undoes it.
        tile_px: side of the tiles that large images are restored in.
        box: the obfuscated part; None for all of it.
        images: ``B x 3 x H x W`` in [0,1].

    Raises:
        UnveilError: the answer is not finite.
    """
    # An image of one colour holds nothing to restore: a network would only add its own bias.
    xp = array_namespace(images)
    if bool(xp.all(images == images[..., :1, :1])):
        return images, None
    part = images if box is None else images[..., *box.place]
    if box is not None and isinstance(known.operator, Mosaic):
        restored, error = mosaic_in_context(images, box, known, restorer, tile_px)
    else:
        # A part that was blurred by itself is a whole image: its borders were mirrored.
        restored, error = restorer.restore_with_error(part, known, tile_px)
    if not math.isfinite(float(xp.sum(restored))):
        raise UnveilError(f"{restorer.name}: its answer is no number; train the weights again.")
    if box is None:
        return restored, error
    if error is not None:
        shape = (len(images), 1, *images.shape[-2:])
        nowhere = xp.zeros(shape, dtype=images.dtype, device=images.device)
        error = framed(error, nowhere, box)
    return framed(restored, images, box), error


def finished(
    images: Array, restored: Array, error: Array | None, known: Degradation, box: Box | None,
    restorer: Restorer, request: Request,
) -> Array:  # fmt: skip
    """Return what was restored as real and as consistent as the request wants it.

    Args:
        images: what was restored, ``B x 3 x H x W``.
        restored: the answer of least error, same shape.
        error: its expected absolute error; None where the restorer gives none.
        known: what was undone.
        box: where; None for all of it.
        restorer: what undid it.
        request: how real, and whether it must be consistent.

    Raises:
        UsageError: realism is asked for, and what is undone is neither blur nor mosaic.
    """
    if restored is images or not (request.realism or request.consistent):
        return restored
    place = (...,) if box is None else (..., *box.place)
    part, done = images[place], restored[place]
    if request.realism:
        expected = None if error is None else error[place]
        answer = Answer(done, expected, part, known, box is not None)
        done = make_real(answer, restorer.prior, request.realism, request.seed)
    if request.consistent:
        done = make_consistent(done, part, known, restorer.prior)
    return done if box is None else framed(done, images, box)
