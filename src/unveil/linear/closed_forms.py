"""Restorers in closed form: linear algebra that knows the operator, and no network.

Each maps obfuscated RGB images of any size to restored ones, given the degradation and, where
it needs one, the power spectrum of clean photos (:class:`unveil.linear.prior.Prior`).
"""

import math
from collections.abc import Callable

import numpy as np

from unveil.arrays import Array, clip_own, full_precision
from unveil.degradation import Blur, Degradation
from unveil.linear import CLOSED_FORMS
from unveil.linear.blur import (
    lmmse_blur,
    lmmse_blur_error,
    lmmse_blur_lost,
    richardson_lucy,
    tikhonov,
)
from unveil.linear.mosaic import (
    bicubic,
    lanczos,
    lmmse_mosaic,
    lmmse_mosaic_error,
    lmmse_mosaic_lost,
)
from unveil.linear.prior import Prior


def lmmse(obfuscated: Array, degradation: Degradation, prior: Prior) -> Array:
    """Return the linear estimate of least mean squared error, ``B x 3 x H x W``, not clipped.

    Args:
        obfuscated: ``B x 3 x H x W`` in [0,1], any size.
        degradation: what happened to it; every blur, mosaic and storage is covered.
        prior: power spectrum of clean photos.

    Raises:
        UsageError: the operator is neither a blur nor a mosaic.
    """
    operator, storage = degradation.linear, degradation.storage
    if isinstance(operator, Blur):
        return lmmse_blur(obfuscated, operator, storage, prior)
    return lmmse_mosaic(obfuscated, operator, storage, prior)


def expected_error(degradation: Degradation, prior: Prior) -> float:
    """Return the root mean squared error that :func:`lmmse` is to be expected to make of [0,1]."""
    operator, storage = degradation.linear, degradation.storage
    if isinstance(operator, Blur):
        return math.sqrt(lmmse_blur_error(operator, storage, prior))
    return math.sqrt(lmmse_mosaic_error(operator, storage, prior))


def lost_share(degradation: Degradation, prior: Prior, height: int, width: int) -> np.ndarray:
    """Return which share of each frequency's power :func:`lmmse` is expected to miss.

    Args:
        degradation: what happened to the images.
        prior: power spectrum of clean photos.
        height: of the images.
        width: of the images.

    Returns:
        ``3 x H x W`` in [0,1], at the frequencies of :func:`.spectral.analyse`: 0 where all is
        known, 1 where nothing is.
    """
    operator, storage = degradation.linear, degradation.storage
    if isinstance(operator, Blur):
        return lmmse_blur_lost(operator, storage, prior, height, width)
    return lmmse_mosaic_lost(operator, storage, prior, height, width)


ClosedForm = Callable[[Array, Degradation, Prior], Array]
_FUNCTIONS: dict[str, ClosedForm] = dict(
    zip(CLOSED_FORMS, (lmmse, tikhonov, richardson_lucy, bicubic, lanczos), strict=True)
)


def restore_closed_form(
    name: str, prior: Prior, obfuscated: Array, degradation: Degradation
) -> Array:
    """Restore with the closed form ``name`` and clip to [0,1], in float32 whatever autocast says.

    Raises:
        UsageError: the restorer does not undo this operator.
    """
    with full_precision(obfuscated):
        restored = _FUNCTIONS[name](obfuscated, degradation, prior)
        return clip_own(restored, 0, 1)
