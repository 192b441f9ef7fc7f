"""Whether what was restored can be believed: it must explain the input, and look like a photo."""

import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.degradation import Blur, Degradation
from unveil.degradation.operators import obfuscate
from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import analyse, frequencies

MAX_MISFIT_LEVELS, MAX_MISFIT_NOISES = 2.0, 2.0
"""How far the answer, blurred again, may be from the input, beside what the storage loses."""

MAX_DETAIL = 5.0
"""Power of its detail over that of photos; of 12 blurs that were undone well it is at most 3."""

DETAIL = (0.3 * np.pi, 0.8 * np.pi)
"""Radians a pixel: an inverse that is wrong puts its noise there."""


def why_not(restored: Array, images: Array, undone: Degradation, prior: Prior) -> str | None:
    """Return why an undone blur cannot be believed; None if it can, or if it is a mosaic.

    Args:
        restored: ``1 x 3 x H x W`` in [0,1].
        images: what it was restored from, same shape.
        undone: blur and storage.
        prior: power spectrum of clean photos.
    """
    operator = undone.operator
    if not isinstance(operator, Blur):
        return None
    power = prior.at(*restored.shape[-2:])
    misfit = to_numpy(obfuscate(restored, operator) - images)
    lost = float(storage_noise(undone.storage, power).mean()) ** 0.5
    most = MAX_MISFIT_LEVELS / 255 + MAX_MISFIT_NOISES * lost
    if float(np.square(misfit).mean()) ** 0.5 > most:
        return "blurred again, it would not be the input"
    rows, columns = (frequencies(size) for size in restored.shape[-2:])
    radius = np.hypot(rows[:, None], columns)
    band = (radius > DETAIL[0]) & (radius < DETAIL[1])
    found = np.square(to_numpy(analyse(restored))[0, 0])
    if float(found[band].mean()) > MAX_DETAIL * float(power[0][band].mean()):
        return "it would have more detail than photos have"
    return None
