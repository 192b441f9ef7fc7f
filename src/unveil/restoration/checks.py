"""Whether what was restored can be believed: it must explain the input, and look like a photo."""

import cv2
import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.degradation import Blur, Degradation, Mosaic, Operator, Storage
from unveil.degradation.operators import block_means, obfuscate, paint
from unveil.images.light import AS_KEPT, Light
from unveil.linear.noise import mean_error
from unveil.linear.prior import Prior
from unveil.linear.spectral import analyse, frequencies, synthesise

MAX_MISFIT_LEVELS, MAX_MISFIT_NOISES = 0.5, 0.55
"""How far the answer, blurred again, may be from the input: levels, and times what is lost."""

MAX_LEVELS = 4.0
"""How far what is undone nearly may be, whatever noise was added."""

MAX_DETAIL = 5.0
"""Power of its detail over that of photos; of 12 blurs that were undone well it is at most 3."""

MAX_BLOCK_LEVELS, MAX_BLOCK_NOISES = 1.0, 1.6
"""How far the pixels of a mosaic's block may be from their mean: levels, and times what is lost."""

MIN_BLOCKS_SHARE, MIN_BLOCKS_SHARE_IN_BOX = 0.7, 0.5
"""Share of its blocks that must have one colour; in a box may lie an ellipse of them."""

MIN_FOUND_BLOCKS_SHARE = 0.95
"""Of a whole picture in which nobody states them: a codec leaves blocks of one colour, too.

Mosaics on the grid of a JPEG have 0.97 or more, smooth pictures without one up to 0.98.
"""

DETAIL = (0.3 * np.pi, 0.8 * np.pi)
"""Radians a pixel: an inverse that is wrong puts its noise there."""

NO_BLOCKS = "its blocks are not of one colour"
MISFIT = "blurred again, it would not be the input"
TOO_MUCH_DETAIL = "it would have more detail than photos have"


def why_not(
    restored: Array, images: Array, undone: Degradation, prior: Prior, light: Light = AS_KEPT
) -> str | None:
    """Return why an undone blur cannot be believed; None if it can, or if it is a mosaic.

    Args:
        restored: ``1 x 3 x H x W`` in [0,1].
        images: what it was restored from, same shape.
        undone: blur and storage.
        prior: power spectrum of clean photos.
        light: in which it was blurred; both pictures hold its values.
    """
    operator = undone.operator
    if not isinstance(operator, Blur):
        return None
    most = most_misfit(undone.storage, prior, restored.shape[-2:])
    if misfit_levels(restored, images, operator, light) > most:
        return MISFIT
    return excess_detail(to_numpy(restored), np.ones(restored.shape[-2:], bool), prior)


def most_misfit(storage: Storage, prior: Prior, size: tuple[int, ...]) -> float:
    """Return how far the right answer, blurred again, may be from the input, in gray levels."""
    return MAX_MISFIT_LEVELS + MAX_MISFIT_NOISES * 255 * mean_error(storage, prior, size)


def misfit_levels(restored: Array, images: Array, operator: Operator, light: Light) -> float:
    """Return how far the answer, blurred again, is from the input, in levels of the file.

    Args:
        restored: ``1 x 3 x H x W`` in [0,1].
        images: what it was restored from, same shape.
        operator: the blur.
        light: in which it was blurred; both pictures hold its values.
    """
    misfit = light.back(obfuscate(restored, operator)) - light.back(images)
    return 255 * float(np.square(to_numpy(misfit)).mean()) ** 0.5


def excess_detail(restored: np.ndarray, mask: np.ndarray, prior: Prior) -> str | None:
    """Return that a part has more detail than photos have; None if it has not.

    Args:
        restored: ``1 x 3 x H x W`` in [0,1].
        mask: the part, ``H x W`` bool.
        prior: power spectrum of clean photos.
    """
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    place = slice(top, top + height), slice(left, left + width)
    part, inside = restored[..., *place], mask[place]
    rows, columns = (frequencies(size) for size in part.shape[-2:])
    radius = np.hypot(rows[:, None], columns)
    band = (radius > DETAIL[0]) & (radius < DETAIL[1])
    detail = to_numpy(synthesise(analyse(part) * band.astype(np.float32)))
    found = np.square(detail.mean(axis=1)[0])[inside].mean()
    # The mean of a plane's squares is that of its coefficients' squares; brightness is 3 ** 0.5
    # times the mean of the colours.
    expected = (prior.at(*part.shape[-2:])[0] * band).mean() / 3
    return TOO_MUCH_DETAIL if float(found) > MAX_DETAIL * float(expected) else None


def of_one_colour(images: Array, mosaic: Degradation, prior: Prior) -> np.ndarray:
    """Return the pixels whose blocks have one colour, as a mosaic's have, ``H x W`` bool.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        mosaic: the mosaic and the storage.
        prior: power spectrum of clean photos.
    """
    operator = mosaic.operator
    if not isinstance(operator, Mosaic):
        raise TypeError(operator)
    planes = to_numpy(images)[0, :, None, None]
    # One by one they take less memory.
    left = sum(np.square(plane - obfuscate(plane, operator)) for plane in planes) / len(planes)
    lost = mean_error(mosaic.storage, prior, left.shape[-2:])
    most = MAX_BLOCK_LEVELS / 255 + MAX_BLOCK_NOISES * lost
    return np.asarray(paint(block_means(left, operator), left, operator)[0, 0] < most**2)
