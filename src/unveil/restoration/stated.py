"""A blur that the user states, undone as it is stated, else nearly so, else not at all.

A statement may be right about the blur and wrong about its borders, its place, the storage or the
light in which it was done. So an exact inverse must explain the picture and look like a photo;
where it does not, the likeliest photo takes its place, with as much noise as the picture shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from unveil.arrays import Array, array_namespace, constant, to_numpy
from unveil.degradation import Blur, Degradation, Disk, Motion, UnevenPixelate
from unveil.degradation.kernels import spread_px
from unveil.degradation.operators import obfuscate
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import light_of, outline
from unveil.estimation.plausible import STATED_ERROR, Guess, Width, about, guess, reach_px
from unveil.images.box import Box
from unveil.images.light import AS_KEPT, LINEAR, Light
from unveil.linear.masked import CLOSELY, EXACTLY, ROUGHLY, Trust
from unveil.linear.prior import Prior
from unveil.restoration.blurred import (
    BAND_PX,
    LEAST_GAIN_DB,
    TOO_LITTLE,
    Attempt,
    Part,
    around,
    outlined,
    pasted,
    told,
)
from unveil.restoration.checks import (
    MAX_LEVELS,
    MIN_BLOCKS_SHARE,
    MIN_BLOCKS_SHARE_IN_BOX,
    MIN_FOUND_BLOCKS_SHARE,
    MISFIT,
    NO_BLOCKS,
    excess_detail,
    misfit_levels,
    most_misfit,
    of_one_colour,
    why_not,
)
from unveil.restoration.in_context import framed
from unveil.restoration.nearly import Nearly, blur_nearly, mosaic_nearly
from unveil.restoration.refining import REACH_PX, refine

ONE_COLOUR = "where its blocks have one colour"
NEARLY = "nearly, by linear algebra: borders or noise differ"
BY_BLOCKS = "nearly, by the means of its blocks"

MAX_EXACT_LEVELS = 0.6
"""Misfit, in gray levels, of a model that is right but for rounding, which makes 0.3."""

NOISE_OF_MISFIT = 3.5
"""A codec's error that shows nowhere else is about so many times the misfit (docs/log.md)."""

MOST_NOISE_LEVELS = 12.0
LIGHT_ODDS = 1.3
"""Lenses blur light: the values of the file must explain a picture so much better."""

SOFT_STEPS = 10
"""A mask that fades needs a few steps more, as the filter that starts knows none."""

MAX_EXACT_PX, MAX_PX = 500_000, 16_000_000
"""Larger pictures take minutes, or all memory."""


Exact = Callable[[Box | None, Array], tuple[Array, Array | None]]
"""Undoes what is stated, as it is, in a box of images: to restored ones and their expected error.
"""

Undo = Callable[[Array], tuple[Array, Array | None]]
"""The same in a box that is known."""


def undo_checked(
    images: Array, finding: Finding, known: Degradation, mask: np.ndarray | None, exact: Exact,
    prior: Prior,
) -> Attempt:  # fmt: skip
    """Undo what was stated or found, where the picture agrees.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        finding: where it is.
        known: the operator and the storage.
        mask: how much of the obfuscated picture each pixel shows, ``H x W``; None if not told.
        exact: undoes it as it is stated.
        prior: power spectrum of clean photos.
    """
    if not isinstance(known.operator, Blur):
        is_stated = finding.confidence is None
        least = MIN_BLOCKS_SHARE if is_stated else MIN_FOUND_BLOCKS_SHARE
        least = least if finding.box is None else MIN_BLOCKS_SHARE_IN_BOX
        return _undo_mosaic(images, finding.box, known, mask, exact, prior, least)
    height, width = images.shape[-2:]
    whole = Box(0, 0, width, height)
    found = guess(finding, known.operator)
    # A part takes less memory than the picture.
    reach = reach_px(found.blurs if found else about(known.operator))
    margin_px = BAND_PX + max(REACH_PX["blur"], reach)
    place = (finding.box or whole) if mask is None else around(mask > 0)
    near = place.grown(margin_px, margin_px, width, height)
    cut = images[..., *near.place]
    if mask is not None:
        done = undo_stated(cut, known, lambda: [told(mask[near.place])], None, None, prior)
    else:
        box = finding.box and finding.box.within(near)
        parts = partial(_parts, images, finding, near)
        done = undo_stated(cut, known, parts, box, exact, prior, found)
    return pasted(done, images, near)


def _parts(images: Array, finding: Finding, near: Box) -> list[Part]:
    """Return what may have been blurred: what is told, then what looks so in that place.

    Args:
        images: the picture.
        finding: where.
        near: what of the picture is looked at; so large are the parts.
    """
    place = finding.box or near
    whole = np.zeros((near.height, near.width), bool)
    whole[place.within(near).place] = True
    seen = outline(images, place) if finding.mask is None else finding.mask
    if finding.box is None and bool(seen.all()):
        return [told(whole)]
    return [told(whole), outlined(seen[near.place])]


def _undo_mosaic(
    images: Array, box: Box | None, known: Degradation, mask: np.ndarray | None, exact: Exact,
    prior: Prior, least: float,
) -> Attempt:  # fmt: skip
    """Undo a mosaic where its blocks have one colour, if that is the ``least`` share of them."""
    undo: Undo = partial(exact, box)
    box = box or Box(0, 0, images.shape[-1], images.shape[-2])
    weight = np.zeros(images.shape[-2:], np.float32)
    weight[box.place] = of_one_colour(images[..., *box.place], known, prior)
    if weight[box.place].mean() < (least if mask is None else 0):
        return Attempt(images, reason=NO_BLOCKS)
    if mask is not None:
        weight *= mask
    if isinstance(known.operator, UnevenPixelate):
        return _undo_uneven(images, box, known, weight, prior)
    if weight[box.place].min() == 1:
        restored, error = undo(images)
        return Attempt(restored, error=error)
    done, error = undo_blocks(images, box, known, weight, undo)
    return Attempt(done, error=error, note=ONE_COLOUR, is_plain=False)


def undo_blocks(
    images: Array, box: Box, known: Degradation, weight: np.ndarray, exact: Undo
) -> tuple[Array, Array | None]:
    """Undo the mosaic of some blocks in a box, and return the expected error, too.

    Args:
        images: ``B x 3 x H x W`` in [0,1].
        box: where the blocks are counted from.
        known: the mosaic and the storage.
        weight: how much of each pixel's restored value to take, ``H x W``.
        exact: undoes the mosaic in all of the box.
    """
    part, inside = images[..., *box.place], constant(weight[box.place], images)
    context = framed(part * inside + obfuscate(part, known.operator) * (1 - inside), images, box)
    restored, error = exact(context)
    return images + constant(weight, images) * (restored - images), error


def _undo_uneven(
    images: Array, box: Box, known: Degradation, mask: np.ndarray, prior: Prior
) -> Attempt:
    """Undo a mosaic of any pitch, which only the network for parts knows."""
    seen = to_numpy(images)
    found = refine(seen, mosaic_nearly(seen, told(mask), box, known, prior), "mosaic")
    if found.gain_db < LEAST_GAIN_DB:
        return Attempt(images, reason=TOO_LITTLE)
    restored, error = constant(found.images, images), constant(found.error, images)
    return Attempt(
        restored, found.gain_db, None, error, BY_BLOCKS, is_plain=False, refiner=found.name
    )


def undo_stated(
    images: Array, known: Degradation, parts: Callable[[], Sequence[Part]], box: Box | None,
    exact: Exact | None, prior: Prior, found: Guess | None = None,
) -> Attempt:  # fmt: skip
    """Undo a stated blur of a picture or a part of it.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        known: the blur and the storage.
        parts: gives what may have been blurred, the likeliest first, where the exact inverse will
            not do; the first that explains the picture is taken, unless that explains it better.
        box: the part that the exact inverse undoes; None for all of the picture.
        exact: undoes the blur with mirrored borders; None where that is not the case.
        prior: power spectrum of clean photos.
        found: of a blur that nobody states; then nothing is undone that is not explained.
    """
    if not isinstance(known.operator, Blur):
        raise TypeError(known)
    lit = found.light if found else None
    is_optical = isinstance(known.operator, Disk | Motion)
    done = Attempt(images, reason=MISFIT)
    if exact is not None:
        way = partial(_exactly, images, known, box, exact, prior)
        done = way(lit) if lit else _in_some_light(way, is_optical=is_optical)
        if done.reason is None and box is None:
            return done
    if found is None and box is None and exact is not None:
        lit = light_of(images, spread_px(known.operator))
    tried = parts()
    for part in tried:
        is_last = part is tried[-1] and (found is None or found.has_edge)
        way = partial(_nearly, images, known, part, prior, found, is_last=is_last)
        other = way(lit or AS_KEPT)
        if is_optical and not lit:
            light = way(LINEAR)
            is_worse = light.misfit_levels > LIGHT_ODDS * other.misfit_levels
            other = other if light.reason or (is_worse and not other.reason) else light
        if other.reason is None and (done.reason or other.misfit_levels < done.misfit_levels):
            return other
        if done.reason is None:
            return done
    return other


def _in_some_light(way: Callable[[Light], Attempt], *, is_optical: bool) -> Attempt:
    """Return what came of it in the light that explains the picture best.

    Lenses mix light, most programs the values of a file.
    """
    first = way(AS_KEPT)
    if first.reason is None and not is_optical:
        return first
    other = way(LINEAR)
    is_better = first.reason is not None or other.misfit_levels < first.misfit_levels
    return other if other.reason is None and is_better else first


def _exactly(
    images: Array, known: Degradation, box: Box | None, exact: Exact, prior: Prior, light: Light
) -> Attempt:
    """Return what the stated inverse makes of a picture in some light."""
    undone = partial(_by_inverse, known, box, exact, prior, light)
    done, error, reason, misfit = undone(images)
    if reason:
        return Attempt(images, reason=reason)
    is_plain, again = light == AS_KEPT, partial(_by_inverse_again, undone)
    return Attempt(done, None, None, error, _words(light), misfit, is_plain=is_plain, again=again)


Inverse = tuple[Array, Array | None, str | None, float]
"""Restored images, their expected error, why they do not agree, and the misfit in gray levels."""


def _by_inverse(
    known: Degradation, box: Box | None, exact: Exact, prior: Prior, light: Light, images: Array
) -> Inverse:
    """Undo a blur just as it is stated, in some light."""
    place = (...,) if box is None else (..., *box.place)
    view = light.of(images)
    restored, error = exact(box, view)
    part, was = restored[place], view[place]
    done = light.back(restored) if box is None else _within(images, light.back(restored), box)
    misfit = misfit_levels(part, was, known.operator, light)
    return done, error, why_not(part, was, known, prior, light), misfit


def _by_inverse_again(undone: Callable[[Array], Inverse], images: Array) -> tuple[Array, bool]:
    done, _, reason, _ = undone(images)
    return done, reason is None


def _words(light: Light) -> str:
    return f"in {light.name}" if light.name else ""


def _within(images: Array, restored: Array, box: Box) -> Array:
    """Return the images, in the box the restored ones."""
    done = images + 0
    done[..., *box.place] = restored[..., *box.place]
    return done


def _nearly(
    images: Array, known: Degradation, part: Part, prior: Prior, found: Guess | None, light: Light,
    *, is_last: bool,
) -> Attempt:  # fmt: skip
    """Return the likeliest photo, if it explains the picture and looks like one.

    What is the last to be tried need not be explained better than noise would let it. What is
    found, not stated, is not known exactly, however well it explains the picture.
    """
    if part.mask.sum() > MAX_PX:
        return Attempt(images, reason="too large")
    view = to_numpy(light.of(images))
    nearly, solve, is_best = _likeliest(view, known, part, prior, found)
    misfit_levels = _in_file(nearly.misfit, view, light)
    most = most_misfit(known.storage, prior, part.mask.shape)
    if nearly.misfit_levels > MAX_LEVELS or (not is_last and misfit_levels > most):
        return Attempt(images, reason=MISFIT)
    if reason := excess_detail(nearly.images, part.mask > 0, prior):
        return Attempt(images, reason=reason)

    answered = partial(_answered, light, is_best)
    again = partial(_nearly_again, solve, answered, light, part.mask > 0, prior)
    done, gain_db, error, refiner = answered(images, nearly)
    if gain_db < LEAST_GAIN_DB:
        return Attempt(images, reason=TOO_LITTLE)
    note = ", ".join(filter(None, (NEARLY, _words(light))))
    granted = replace(nearly.granted, light=light, error=error) if nearly.granted else None
    return Attempt(
        done, gain_db, None, error, note, misfit_levels, is_plain=False, again=again,
        granted=granted, refiner=refiner,
    )  # fmt: skip


Answered = tuple[Array, float, Array | None, str]
"""Restored images, the gain in dB, their expected error, and what refined them."""


def _answered(light: Light, is_best: bool, images: Array, found: Nearly) -> Answered:
    """Return what the likeliest photo makes of images; refined, unless that is the best it gets."""
    done = light.back(found.images)
    if is_best:
        return _where(found.changes, constant(done, images), images), found.gain_db, None, ""
    refined = refine(to_numpy(images), replace(found, images=done), "blur")
    restored, error = constant(refined.images, images), constant(refined.error, images)
    return restored, refined.gain_db, error, refined.name


def _nearly_again(
    solve: Callable[[np.ndarray], Nearly], answered: Callable[[Array, Nearly], Answered],
    light: Light, mask: np.ndarray, prior: Prior, images: Array,
) -> tuple[Array, bool]:  # fmt: skip
    """Undo another picture in the same way, and return whether it agrees, too."""
    found = solve(to_numpy(light.of(images)))
    is_photo = not excess_detail(found.images, mask, prior)
    return answered(images, found)[0], is_photo and found.misfit_levels <= MAX_LEVELS


def _where(changes: np.ndarray, restored: Array, images: Array) -> Array:
    """Return the restored images where they change, else the very values of the others."""
    xp = array_namespace(images)
    return xp.where(constant(changes, images) > 0, restored, images)


def _in_file(misfit: np.ndarray, view: np.ndarray, light: Light) -> float:
    """Return the root mean square of a misfit in the levels of the file, where there is any."""
    step = 1 / 255
    slope = np.mean((light.back(view + step) - light.back(view)) / step, axis=(0, 1))
    counts = misfit > 0
    return float(np.square(misfit * slope)[counts].mean()) ** 0.5 if counts.any() else 0.0


def _likeliest(
    view: np.ndarray, known: Degradation, part: Part, prior: Prior, guess: Guess | None
) -> tuple[Nearly, Callable[[np.ndarray], Nearly], bool]:
    """Return the picture with the least noise that explains it, and what undid it.

    Last comes whether no network betters it: what is left is but rounding, or the mask fades
    (docs/log.md).
    """
    operator = known.operator
    if not isinstance(operator, Blur):
        raise TypeError(operator)
    width, misfit = Width(spread_px(operator), STATED_ERROR), 0.0
    undo = partial(blur_nearly, hidden=part, storage=known.storage, width=width, prior=prior)
    is_rounded = known.storage.kind in ("float", "8bit")
    if is_rounded and guess is None and (part.mask > 0).sum() <= MAX_EXACT_PX:
        margin_px = operator.kernel // 2
        solve = partial(undo, blurs=[(1.0, operator)], margin_px=margin_px, trust=EXACTLY)
        found = solve(view)
        misfit = found.misfit_levels
        if misfit <= MAX_EXACT_LEVELS and not excess_detail(found.images, part.mask > 0, prior):
            return found, solve, True
    is_soft = bool(((part.mask > 0) & (part.mask < 1)).any())
    noise = min(max(NOISE_OF_MISFIT * misfit, ROUGHLY.noise_levels), MOST_NOISE_LEVELS)
    steps = CLOSELY.steps if guess and guess.has_edge else SOFT_STEPS if is_soft else ROUGHLY.steps
    trust, blurs = Trust(noise, steps), guess.blurs if guess else about(operator)
    solve = partial(undo, blurs=blurs, margin_px=reach_px(blurs), trust=trust)
    return solve(view), solve, is_soft
