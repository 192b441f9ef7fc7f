"""A blur in a part of a picture, undone by the likeliest photo; the rest stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from unveil.arrays import Array, constant, to_numpy
from unveil.images.box import Box
from unveil.linear.masked import ROUGHLY, Estimate, Seen, Trust, estimate_masked
from unveil.linear.prior import Prior
from unveil.linear.uncertain import Plausible
from unveil.restoration.in_context import framed
from unveil.restoration.real_parts import Granted

BAND_PX = 6
"""At the rim of a part it is not known what was blurred: masks are off by a cell or two."""

NEAR_PX, MAX_UNUSUAL = 9, 3.0
"""Where the misfit about a pixel is so many times that of most, the mask is wrong there."""

LEAST_GAIN_DB = 0.1
"""A restored part must be expected to be nearer to the photo by this; most gain thrice as much."""

LEAST_WHOLE_GAIN_DB = 0.3
"""Nothing sharp is beside a whole picture: a soft one is taken for a blurred one more often."""

TOO_LITTLE = "too little to gain"


@dataclass(frozen=True)
class Attempt:
    """What came of a part.

    Attributes:
        images: with the part restored; the very input where it was not.
        gain_db: by how much it is expected to be nearer to the photo; None where that is not known.
        reason: why it was left alone; None where it was restored.
        error: expected absolute error, ``1 x 1 x H x W``; None where the restorer gives none.
        note: what else to say of how it was done.
        misfit_levels: how far the answer, blurred again, is from the picture.
        is_plain: whether the operator was undone just as it is known, by its restorer.
        again: undoes another picture of this size in the same way, and returns whether that one
            agrees, too; None where it was left alone.
        granted: what was taken for granted where it was undone by the likeliest photo.
        refiner: name of the network that corrected that; empty for none.
    """

    images: Array
    gain_db: float | None = None
    reason: str | None = None
    error: Array | None = None
    note: str = ""
    misfit_levels: float = 0.0
    is_plain: bool = True
    again: "Again | None" = None
    granted: Granted | None = None
    refiner: str = ""


Again = Callable[[Array], tuple[Array, bool]]


@dataclass(frozen=True)
class Part:
    """What is said of each pixel of a picture.

    Attributes:
        mask: how much of the blurred picture it shows, float32 ``H x W``.
        known: whether it is known that it does, ``H x W`` bool.
        weight: how much of its restored value to take, float32 ``H x W``.
        is_sure: whether mask and weight are exact; else where the picture contradicts is left out.
    """

    mask: np.ndarray
    known: np.ndarray
    weight: np.ndarray
    is_sure: bool = True


def pasted(part: Attempt, images: Array, box: Box) -> Attempt:
    """Return what came of a box of a picture as what came of the picture.

    Args:
        part: of the box.
        images: the picture, ``1 x 3 x H x W``.
        box: where the part was cut out.
    """
    if part.reason is not None:
        return replace(part, images=images)
    size = images.shape[-2:]
    if part.images.shape[-2:] == size:
        return part
    error = None if part.error is None else constant(_laid(part.error, box, size), images)
    granted = part.granted
    if granted is not None:
        mask, weight = (_laid(one, box, size) for one in (granted.mask, granted.weight))
        granted = replace(granted, mask=mask, weight=weight, error=error)
    again = None if part.again is None else partial(_again, part.again, box)
    restored = framed(part.images, images, box)
    return replace(part, images=restored, error=error, granted=granted, again=again)


def _laid(part: Array, box: Box, size: tuple[int, ...]) -> np.ndarray:
    """Return a part with zeros around it; where nothing is written they take no memory."""
    part = to_numpy(part)
    whole = np.zeros((*part.shape[:-2], *size), part.dtype)
    whole[..., *box.place] = part
    return whole


def _again(again: Again, box: Box, images: Array) -> tuple[Array, bool]:
    """Undo a box of another picture in the same way, and return whether it agrees, too."""
    done, agrees = again(images[..., *box.place])
    return framed(done, images, box), agrees


def told(mask: np.ndarray) -> Part:
    """Return the part of a mask, ``H x W`` in [0,1], that is exact."""
    mask = mask.astype(np.float32)
    return Part(mask, np.ones(mask.shape, bool), (mask > 0).astype(np.float32))


def outlined(mask: np.ndarray) -> Part:
    """Return the part of a mask, ``H x W`` bool, whose rim is not exact."""
    inside = _eroded(mask)
    known = inside | _eroded(~mask)
    return Part(mask.astype(np.float32), known, _softened(inside), is_sure=False)


def around(mask: np.ndarray) -> Box:
    """Return the box around the pixels of a mask, ``H x W`` bool."""
    return Box(*cv2.boundingRect(mask.astype(np.uint8)))


def seen_through(images: np.ndarray, mask: np.ndarray, known: np.ndarray, margin_px: int) -> Box:
    """Return the part of a picture that a blurred part of it depends on.

    Args:
        images: ``1 x 3 x H x W``.
        mask: how much of the blurred picture each pixel shows, ``H x W``.
        known: ``H x W`` bool; beside the mask lie pixels of which nothing is known.
        margin_px: how far the blur reaches.
    """
    height, width = images.shape[-2:]
    return around((mask > 0) | ~known).grown(margin_px, margin_px, width, height)


def undo_blur(
    seen: Seen, blurs: Plausible, margin_px: int, prior: Prior, trust: Trust = ROUGHLY
) -> Estimate:
    """Return the whole picture with its blurred part undone.

    Args:
        seen: the picture.
        blurs: what may have blurred the part.
        margin_px: how far the widest of them reaches.
        prior: power spectrum of clean photos.
        trust: how far the model is believed.
    """
    place = seen_through(seen.images, seen.mask, seen.known, margin_px).place
    near = Seen(seen.images[..., *place], seen.mask[place], seen.known[place], seen.storage)
    found = estimate_masked(near, blurs, margin_px, prior, trust)
    restored = seen.images.copy()
    restored[..., *place] = found.images.clip(0, 1)
    misfit = np.zeros(seen.mask.shape)
    misfit[place] = found.misfit
    return replace(found, images=restored, misfit=misfit)


def _eroded(mask: np.ndarray) -> np.ndarray:
    """Return a mask without its rim; the picture's border is none."""
    side = 2 * BAND_PX + 1
    framed = np.pad(mask.astype(np.uint8), BAND_PX, mode="edge")
    worn = cv2.erode(framed, np.ones((side, side), np.uint8))
    return np.asarray(worn[BAND_PX:-BAND_PX, BAND_PX:-BAND_PX], bool)


def _softened(mask: np.ndarray) -> np.ndarray:
    """Return weights that rise from 0 to 1 across the rim of a mask, float32."""
    framed = np.pad(mask.astype(np.float32), BAND_PX, mode="edge")
    return np.asarray(
        cv2.blur(framed, (BAND_PX + 1, BAND_PX + 1))[BAND_PX:-BAND_PX, BAND_PX:-BAND_PX]
    )


def explained(misfit: np.ndarray) -> np.ndarray:
    """Return weights, 0 where a part was hardly blurred as it is said to be, float32 ``H x W``.

    Args:
        misfit: what an answer leaves unexplained, ``H x W``; 0 where nothing counts.
    """
    near = np.sqrt(cv2.blur(np.square(misfit).astype(np.float32), (NEAR_PX, NEAR_PX)).clip(min=0))
    usual = np.median(near[misfit > 0]) if (misfit > 0).any() else 0.0
    fits = (near <= MAX_UNUSUAL * usual).astype(np.float32)
    return np.asarray(cv2.blur(fits, (BAND_PX + 1, BAND_PX + 1)))
