"""How much fine detail images have, against the clean ones; whether it is the right one or not.

Restorers of least squared error answer with the mean of what may have been there, and the mean of
many pictures is smooth: they score well and look soft. That shows here. So do edges that were
never there, those of a mosaic's own blocks among them.
"""

import math

import numpy as np

from unveil.arrays import Array, array_namespace, constant, full_precision
from unveil.errors import UsageError
from unveil.linear.spectral import analyse, frequencies
from unveil.metrics.quality import check_pair

FINE = math.pi / 8
"""What a mosaic of 8 pixels leaves of the frequencies, in radians a pixel.

Of finer waves the study's blur keeps less than two fifths of the power.
"""


def detail(restored: Array, clean: Array, cutoff: float = FINE) -> Array:
    """Return the power of the restored images above a frequency, over that of the clean ones.

    1: as much detail as there was; less: too soft; more: noise or invention. It does not compare
    what the detail shows: only beside a distance does it say something.

    Args:
        restored: ``B x 3 x H x W`` in [0,1].
        clean: of the same shape.
        cutoff: in radians a pixel, 0 to pi. A grid of blocks of b pixels holds the frequencies up
            to pi / b along each axis; those above it along either axis count.

    Returns:
        ``B`` float32; ``inf`` where only the clean image has no such detail, NaN where neither has.

    Raises:
        UsageError: other shapes, or a cutoff outside of 0 to pi.

    Examples:
        >>> clean = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
        >>> detail(0.5 + (clean - 0.5) / 2, clean).round(2).tolist()
        [0.25]
    """
    check_pair(restored, clean)
    if not 0 <= cutoff <= math.pi:
        raise UsageError(f"a cutoff is from 0 to pi radians a pixel, not {cutoff:g}.")
    with full_precision(clean), np.errstate(divide="ignore", invalid="ignore"):
        return _power_above(cutoff, restored) / _power_above(cutoff, clean)


def _power_above(cutoff: float, images: Array) -> Array:
    xp, (height, width) = array_namespace(images), images.shape[-2:]
    above = np.logical_or.outer(frequencies(height) > cutoff, frequencies(width) > cutoff)
    coefficients = constant(above, images) * analyse(xp.astype(images, xp.float32))
    return xp.sum(xp.square(coefficients), axis=(1, 2, 3))
