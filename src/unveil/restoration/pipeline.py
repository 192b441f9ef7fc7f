"""Restore images: find the operator or use the stated one, choose a restorer, undo only that.

One function, :func:`restore`, serves the photo command, the page, the audit and Python; videos
call its steps (:mod:`unveil.restoration.steps`), to decide once for many frames. The
callers differ in how they show the remarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

from unveil.arrays import Array, array_namespace
from unveil.console import Remark
from unveil.degradation import Blur, Storage
from unveil.errors import UsageError
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import roughly, storage_seen
from unveil.linear.prior import read_prior
from unveil.restoration.blurred import Attempt
from unveil.restoration.choice import FALLBACK
from unveil.restoration.parts import restore_part, restore_parts, said_of
from unveil.restoration.real_parts import Granted, add_likely_detail
from unveil.restoration.realism import LABEL
from unveil.restoration.restorers import Restorer
from unveil.restoration.stated import undo_checked
from unveil.restoration.steps import (
    Load,
    Request,
    assumed,
    decide,
    find,
    finished,
    undo,
    undo_faithfully,
)

WHITE_ERROR = 0.1
"""Expected absolute error, of values in [0,1], that the map of uncertainty shows as white."""

NOT_DRAWN = "--samples is for a blur or mosaic that is undone: --operator SPEC."
NO_DETAIL = "no detail is made up: nothing is undone, or a mosaic is undone nearly"
NOT_REAL = "no detail is made up: blurred again, the picture would not be the input"


@dataclass(frozen=True)
class Restored:
    """A restored image, and how it came about.

    Attributes:
        images: ``1 x 3 x H x W`` in [0,1]; the very input where nothing was undone.
        error: expected absolute error, ``1 x 1 x H x W``; None where the restorer gives none.
        finding: what obfuscated the image, stated or found; None where the restorer is not told.
        restorer: what was used; None for nothing.
        remarks: what to say of it, in order.
        label: what its file must say of it; None where no detail was made up.
        is_plain: whether the operator was undone just as it is known.
        granted: what was taken for granted where it was not, and in parts that are known roughly.
        base: what made up detail is added to: the answer where something was undone nearly,
            the input where it was undone plainly; None for the input.
        refiners: names of the networks that corrected what was undone nearly.
    """

    images: Array
    error: Array | None
    finding: Finding | None
    restorer: Restorer | None
    remarks: tuple[Remark, ...]
    label: str | None = None
    is_plain: bool = True
    granted: tuple[Granted, ...] = ()
    base: Array | None = None
    refiners: tuple[str, ...] = ()


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
    given, finding = images, None
    remarks: tuple[Remark, ...] = ()
    parts: tuple[Attempt, ...] = ()
    known, box = assumed(request, storage, load), request.box
    if known is None:
        finding, remarks = find(images, storage, request)
        finding = _as_kept(images, storage, finding) if request.operator is None else finding
        known, box = finding.degradation, finding.box
    is_found = finding is not None and request.operator is None
    if finding is not None and is_found and request.model is None:
        done, more, parts = restore_parts(images, finding, read_prior(request.prior))
        remarks += more
        if known is None and more:
            restorer = None if done is images else load(FALLBACK)
            answer = Restored(done, None, finding, restorer, remarks, is_plain=False, base=done)
            return _as_real(given, _with(answer, parts), request)
        images = done
    restorer, more = decide(known, request, load)
    remarks += more
    if known is None or restorer is None:
        return Restored(images, None, finding, None, remarks)
    if finding is None or request.model is not None or request.force:
        restored, error = undo(images, known, box, restorer, request)
        return _as_real(given, Restored(restored, error, finding, restorer, remarks), request)
    exact = partial(undo_faithfully, known, restorer, request.tile_px)
    done = undo_checked(images, finding, known, request.mask, exact, restorer.prior)
    if done.reason is not None and is_found and isinstance(known.operator, Blur):
        nearly = restore_part(images, roughly(finding), restorer.prior)
        remarks += (said_of(nearly, finding),) if nearly.reason is None else ()
        done = replace(nearly, is_plain=False) if nearly.reason is None else done
    if done.reason is not None:
        hint = "" if is_found else "; --force undoes it all the same"
        remarks += (Remark(f"not undone: {done.reason}{hint}", not is_found),)
        restorer = None if images is given else load(FALLBACK)
        return Restored(images, None, finding, restorer, remarks)
    remarks += (Remark(f"undone {done.note}"),) if done.note else ()
    restored = done.images
    if done.is_plain:
        restored = finished(images, restored, done.error, known, box, restorer, request)
    elif request.consistent:
        remarks += (Remark("not made consistent: it was not undone as it is known", True),)
    is_network = done.is_plain or done.gain_db is None
    used = restorer if is_network else load(FALLBACK)
    base = images if done.is_plain else restored
    answer = Restored(restored, None, finding, used, remarks, is_plain=done.is_plain, base=base)
    return _as_real(given, _with(answer, (*parts, done)), request)


def _with(answer: Restored, attempts: Sequence[Attempt]) -> Restored:
    """Return what was restored with what is known of each attempt: errors, networks, the rest."""
    errors = [one.error for one in attempts if one.error is not None]
    error = None
    if errors and len(errors) == len(attempts):
        xp = array_namespace(answer.images)
        error = reduce(xp.maximum, errors)
    granted = tuple(one.granted for one in attempts if one.granted)
    refiners = tuple(dict.fromkeys(one.refiner for one in attempts if one.refiner))
    return replace(answer, error=error, granted=granted, refiners=refiners)


def _as_real(images: Array, done: Restored, request: Request) -> Restored:
    """Return what was restored with the detail of what was undone nearly, and what to say of it."""
    if not request.realism:
        return done
    real, remarks = _filled(images, done.images, done, request)
    is_labelled = done.is_plain or real is not done.images
    remarks += (Remark(LABEL if is_labelled else NO_DETAIL),) if is_labelled or not remarks else ()
    label = LABEL if is_labelled else None
    return replace(done, images=real, label=label, remarks=(*done.remarks, *remarks))


def _filled(
    images: Array, real: Array, done: Restored, request: Request
) -> tuple[Array, tuple[Remark, ...]]:
    """Return a picture with detail made up where something was undone nearly, and what to say.

    Args:
        images: what was restored.
        real: the picture without that detail.
        done: what was undone.
        request: how real, and the seed.
    """
    prior, remarks = read_prior(request.prior), list[Remark]()
    for part in done.granted:
        more = add_likely_detail(real, images, part, prior, request.realism, request.seed)
        real = real if more is None else more
        remarks += [Remark(NOT_REAL)] if more is None else []
    return real, tuple(remarks)


def _as_kept(images: Array, storage: Storage, finding: Finding) -> Finding:
    """Return a finding whose parts are kept as their pixels show: around may be an older JPEG."""
    others = tuple(_as_kept(images, storage, other) for other in finding.others)
    if finding.box is None:
        return replace(finding, others=others)
    seen = storage_seen(images[..., *finding.box.place], storage)
    return replace(finding, storage=seen, others=others)


def draw(images: Array, done: Restored, request: Request, seed: int) -> Array:
    """Draw one of the real pictures that obfuscated ``images`` may have hidden.

    Args:
        images: what was restored.
        done: how.
        request: what the user asked for; as real as it says, or all.
        seed: of the drawn detail.

    Raises:
        UsageError: nothing was undone, or no detail can be made up.
    """
    finding, base = done.finding, images if done.base is None else done.base
    if done.restorer is None or finding is None:
        raise UsageError(NOT_DRAWN)
    drawn, known = replace(request, realism=request.realism or 1.0, seed=seed), finding.degradation
    if done.is_plain and known is not None:
        base, _ = undo(base, known, finding.box, done.restorer, drawn)
    real, _ = _filled(images, base, done, drawn)
    if real is images or real is done.base:
        raise UsageError(NOT_DRAWN)
    return real


def uncertainty_map(error: Array | None) -> Array:
    """Return the expected absolute error as a gray image, ``1 x 3 x H x W``.

    Raises:
        UsageError: the restorer gives no error.
    """
    if error is None:
        raise UsageError("no uncertainty is known here: linear algebra, or a model without it.")
    xp = array_namespace(error)
    return xp.repeat(xp.clip(error / WHITE_ERROR, 0, 1), 3, axis=1)
