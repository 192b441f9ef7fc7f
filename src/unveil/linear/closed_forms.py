"""Restorers in closed form: linear algebra that knows the operator, and no network.

Each maps obfuscated RGB images of any size to restored ones, given the degradation and, where
it needs one, the power spectrum of clean photos (:class:`unveil.linear.prior.Prior`).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from unveil.degradation import Blur, Degradation
from unveil.linear import CLOSED_FORMS
from unveil.linear.blur import lmmse_blur, lmmse_blur_error, richardson_lucy, tikhonov
from unveil.linear.mosaic import bicubic, lanczos, lmmse_mosaic, lmmse_mosaic_error
from unveil.linear.prior import Prior


def lmmse(obfuscated: Tensor, degradation: Degradation, prior: Prior) -> Tensor:
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
        return float(lmmse_blur_error(operator, storage, prior).sqrt())
    return float(lmmse_mosaic_error(operator, storage, prior).sqrt())


ClosedForm = Callable[[Tensor, Degradation, Prior], Tensor]
_FUNCTIONS: dict[str, ClosedForm] = dict(
    zip(CLOSED_FORMS, (lmmse, tikhonov, richardson_lucy, bicubic, lanczos), strict=True)
)


def restore_closed_form(
    name: str, prior: Prior, obfuscated: Tensor, degradation: Degradation
) -> Tensor:
    """Restore with the closed form ``name`` and clip to [0,1], in float32 whatever autocast says.

    Raises:
        UsageError: the restorer does not undo this operator.
    """
    # In bf16 the frequencies that a filter raises most would be lost.
    with torch.autocast(obfuscated.device.type, enabled=False):
        return _FUNCTIONS[name](obfuscated, degradation, prior).clamp(0, 1)
