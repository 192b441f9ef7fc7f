"""Putting a restored rectangle back into its photo, without a seam."""

import numpy as np

from unveil.arrays import Array, array_namespace
from unveil.degradation.filters import separable, take
from unveil.images.box import Box


def paste(picture: Array, restored: Array, box: Box, reach_px: int) -> Array:
    """Return ``picture`` with ``restored`` in ``box``, its rim adapted to what surrounds it.

    Around the box the truth is known, and so is what the restored picture got wrong there. That
    error is carried on into the box and fades out within about ``reach_px``.

    Args:
        picture: ``1 x 3 x H x W``, clean outside the box.
        restored: same shape, restored everywhere.
        box: what to replace.
        reach_px: how far the surroundings say something; a mosaic's block.
    """
    xp = array_namespace(picture)
    outside = xp.ones_like(picture[:, :1])
    outside[..., *box.place] = 0
    error = _smooth((picture - restored) * outside, reach_px)
    carried = error / (_smooth(outside, reach_px) + FADE)
    adapted = xp.clip(restored + carried, 0, 1)
    return xp.where(outside > 0, picture, adapted)


FADE = 0.05
"""Share of known neighbours at which their error counts half."""


def _smooth(images: Array, reach_px: int) -> Array:
    """Return ``images`` blurred by a Gaussian; beyond the borders the edge pixel is repeated."""
    pad = 2 * reach_px
    bell = np.exp(-0.5 * (np.arange(-pad, pad + 1) / max(reach_px / 2, 1)) ** 2)
    for axis in (-2, -1):
        size = images.shape[axis]
        images = take(images, np.arange(-pad, size + pad).clip(0, size - 1), axis)
    return separable(images, bell / bell.sum())
