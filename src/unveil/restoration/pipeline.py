"""Restore images: find the operator or use the stated one, choose a restorer, undo only that.

One function, :func:`restore`, serves the photo command, the page, the audit and Python; videos
call its steps (:func:`find`, :func:`decide`, :func:`undo`), to decide once for many frames. The
callers differ in how they show the remarks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unveil.arrays import Array, array_namespace
from unveil.config import TILE_PX
from unveil.console import Remark
from unveil.degradation import Degradation, EvenMosaic, Linear, Mosaic, Storage
from unveil.degradation.families import FAMILIES
from unveil.errors import UsageError
from unveil.estimation.check import contradiction
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.report.rows import Row
from unveil.restoration.checks import why_not
from unveil.restoration.choice import FALLBACK, check_undoes, fast_variant, model_for
from unveil.restoration.consistency import make_consistent
from unveil.restoration.in_context import framed, mosaic_in_context
from unveil.restoration.parts import restore_parts
from unveil.restoration.restorers import NetworkRestorer, Restorer

WHITE_ERROR = 0.1
"""Expected absolute error, of values in [0,1], that the map of uncertainty shows as white."""

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
    """

    operator: Linear | None = None
    box: Box | None = None
    model: str | None = None
    consistent: bool = False
    force: bool = False
    is_fast: bool = False
    prior: Path | None = None
    tile_px: int = TILE_PX


@dataclass(frozen=True)
class Restored:
    """A restored image, and how it came about.

    Attributes:
        images: ``1 x 3 x H x W`` in [0,1]; the very input where nothing was undone.
        error: expected absolute error, ``1 x 1 x H x W``; None where the restorer gives none.
        finding: what obfuscated the image, stated or found; None where the restorer is not told.
        restorer: what was used; None for nothing.
        remarks: what to say of it, in order.
    """

    images: Array
    error: Array | None
    finding: Finding | None
    restorer: Restorer | None
    remarks: tuple[Remark, ...]


def restore(images: Array, storage: Storage, request: Request, load: Load) -> Restored:
    """Restore one image.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        storage: how its file kept it.
        request: what the user asks for.
        load: loads restorers by name.

    Raises:
        UsageError: the box is not inside the image; the restorer does not undo the operator.
    """
    finding: Finding | None = None
    remarks: tuple[Remark, ...] = ()
    known, box = assumed(request, storage, load), request.box
    if known is None:
        finding, remarks = find(images, storage, request)
        known, box = finding.degradation, finding.box
    is_found = finding is not None and request.operator is None
    if finding is not None and is_found and request.model is None:
        done, more = restore_parts(images, finding, read_prior(request.prior))
        remarks += more
        if known is None and more:
            restorer = None if done is images else load(FALLBACK)
            return Restored(done, None, finding, restorer, remarks)
        images = done
    restorer, more = decide(known, request, load)
    remarks += more
    if known is None or restorer is None:
        return Restored(images, None, finding, None, remarks)
    restored, error = undo(images, known, box, restorer, request)
    if is_found and box is None and not request.force:
        reason = why_not(restored, images, known, restorer.prior)
        if reason is not None:
            remarks += (Remark(f"not undone: {reason}"),)
            return Restored(images, None, finding, None, remarks)
    return Restored(restored, error, finding, restorer, remarks)


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
        UsageError: the box is not inside the image.
    """
    prior, stated, box = read_prior(request.prior), request.operator, request.box
    if stated is None:
        finding = inspect(images, storage, prior, box)
        return finding, (Remark(f"found: {finding}"),)
    if box is not None:
        box.check_inside(images.shape[-1], images.shape[-2])
    finding = Finding(stated, storage, None, None, box)
    instead = contradiction(images, stated, storage, prior, box)
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
        UsageError: the requested restorer does not undo the operator, or no shipped weights were
            trained on the stated one.
    """
    if degradation is None:
        return None, (Remark("nothing to undo: the input is left as it is"),)
    name, remarks = request.model, []
    if name is None:
        fallback = FALLBACK if request.operator is None else None
        name = model_for(degradation, force=request.force, fallback=fallback)
        if name == FALLBACK:
            beyond = "beyond what the shipped weights were trained on: using the closed form"
            remarks.append(Remark(beyond))
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


def used(finding: Row | None, restorer: Restorer | None) -> Row:
    """Return what was found and used, for the row of a result.

    Args:
        finding: what obfuscated the input; None where the restorer is not told.
        restorer: what was used; None for nothing.
    """
    if restorer is None:
        return {**(finding or {}), "model": None}
    return {**(finding or {}), "model": restorer.name, "runtime": str(restorer.runtime)}


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
        request: whether the result must be consistent, and the size of tiles.

    Returns:
        The restored images, and their expected absolute error, ``B x 1 x H x W``, where the
        restorer gives one.
    """
    # An image of one colour holds nothing to restore: a network would only add its own bias.
    xp = array_namespace(images)
    if bool(xp.all(images == images[..., :1, :1])):
        return images, None
    part = images if box is None else images[..., *box.place]
    if box is not None and isinstance(known.operator, Mosaic):
        restored, error = mosaic_in_context(images, box, known, restorer, request.tile_px)
    else:
        # A part that was blurred by itself is a whole image: its borders were mirrored.
        restored, error = restorer.restore_with_error(part, known, request.tile_px)
    if request.consistent:
        restored = make_consistent(restored, part, known, restorer.prior)
    if box is None:
        return restored, error
    if error is not None:
        error = framed(error, xp.zeros_like(images), box)
    return framed(restored, images, box), error


def draw(
    images: Array, finding: Finding | None, sampler: Restorer, seed: int, tile_px: int
) -> Array:
    """Draw one of the images that a mosaic may have hidden: pixelated, it gives ``images``.

    Raises:
        UsageError: what was found is not a mosaic of the whole image.
    """
    known = finding.degradation if finding and finding.box is None else None
    if known is None or not isinstance(known.operator, EvenMosaic):
        raise UsageError("--samples is for mosaics that cover the whole picture.")
    if not isinstance(sampler, NetworkRestorer):
        raise TypeError(sampler)
    drawn = sampler.draw(images, known, seed, tile_px)
    return make_consistent(drawn, images, known, sampler.prior)


def uncertainty_map(error: Array | None) -> Array:
    """Return the expected absolute error as a gray image, ``1 x 3 x H x W``.

    Raises:
        UsageError: the restorer gives no error.
    """
    if error is None:
        raise UsageError("this model knows no uncertainty; leave --model out, or take `blur`.")
    xp = array_namespace(error)
    return xp.repeat(xp.clip(error / WHITE_ERROR, 0, 1), 3, axis=1)
