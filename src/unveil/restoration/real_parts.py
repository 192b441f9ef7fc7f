"""From faithful to real where a blur was undone nearly: in a part, or as it is known roughly.

The robust estimate (:mod:`unveil.linear.masked`) takes for granted which blurs it may have been and
how much noise there is. From these follows what it is expected to miss of each frequency, and as
much is made up, inside the part. What is real must explain the input as well as the faithful
answer did, but for what the storage may lose.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from unveil.arrays import Array, constant, to_numpy
from unveil.degradation import Blur, Degradation, Storage, Unchanged
from unveil.degradation.operators import obfuscate
from unveil.images.box import Box
from unveil.images.light import Light
from unveil.linear.prior import Prior
from unveil.linear.uncertain import Plausible, lost_share
from unveil.restoration.checks import most_misfit
from unveil.restoration.in_context import framed
from unveil.restoration.realism import FADE_PX, Answer, add_detail, contrast

MEASURED_SHARE = 0.5
"""Of the part's inner radius: how slowly it fades where its power is measured.

Steep rims have power of their own at all frequencies.
"""

MIN_SHARE = 0.33
"""Detail that shows when it is blurred again is made fainter, down to this share of it."""

ROUNDING = 0.05
"""Gray levels by which a misfit may be over its limit."""


@dataclass(frozen=True)
class Granted:
    """What was taken for granted of a blur that was undone nearly.

    Attributes:
        blurs: what may have blurred the part, each with its share.
        noise_levels: least noise, in gray levels.
        storage: how the picture was kept.
        light: in which it was blurred.
        mask: how much of the blurred picture each pixel shows, ``H x W`` in [0,1].
        weight: how much of the answer each pixel took, ``H x W`` in [0,1].
        error: expected absolute error of the answer, ``1 x 1 x H x W``; None for that of linear
            algebra.
    """

    blurs: Plausible
    noise_levels: float
    storage: Storage
    light: Light
    mask: np.ndarray
    weight: np.ndarray
    error: Array | None = None

    @property
    def blur(self) -> Blur:
        """Return the likeliest of the blurs."""
        blurs = [(share, blur) for share, blur in self.blurs if not isinstance(blur, Unchanged)]
        return max(blurs, key=lambda one: one[0])[1]


def add_likely_detail(
    restored: Array, images: Array, part: Granted, prior: Prior, amount: float,
    seed: int | None = None,
) -> Array | None:  # fmt: skip
    """Return the picture with a part between the faithful answer and one as detailed as a photo.

    Args:
        restored: the faithful answer, ``1 x 3 x H x W`` in [0,1].
        images: what it was restored from, same shape.
        part: what was undone.
        prior: power spectrum of clean photos.
        amount: from 0, the faithful answer itself, to 1, all detail.
        seed: of one of several answers; None for the one nearest to the faithful one.

    Returns:
        Same shape, with as much detail as does not show when it is blurred again; None where the
        picture, blurred again, would not be about the input.
    """
    inside = part.weight * part.mask
    if not inside.any():
        return None
    box = Box(*cv2.boundingRect((inside > 0).astype(np.uint8)))
    depth = _depth(inside > 0)
    faded = inside * np.minimum(depth / FADE_PX, 1)
    shown = _measured(depth[box.place]) if not inside[box.place].all() else None
    known, place = Degradation(part.blur, part.storage), (..., *box.place)
    error = None if part.error is None else part.error[place]
    answer = Answer(restored[place], error, images[place], known, shown=shown)
    answer = replace(answer, lost=_lost(part, prior, box))
    # Of photos of more contrast the blur leaves more above the noise.
    own = Prior(prior.power * np.float32(contrast(answer, prior)))
    answer = replace(answer, lost=_lost(part, own, box))
    detailed = framed(add_detail(answer, own, amount, seed), restored, box)
    detail = constant(faded, restored) * (detailed - restored)
    before, after = (_misfit_levels(restored + one, images, part) for one in (0 * detail, detail))
    most = most_misfit(part.storage, prior, (box.height, box.width))
    # What shows of detail adds to the misfit by squares.
    excess = max(after**2 - before**2, most**2) ** 0.5
    if most < MIN_SHARE * excess:
        return None
    real = restored + (most / excess) * detail
    return real if _misfit_levels(real, images, part) <= np.hypot(before, most) + ROUNDING else None


def _lost(part: Granted, prior: Prior, box: Box) -> np.ndarray:
    """Return the share of each frequency's power that was missed in a box, ``3 x H x W``."""
    size = box.height, box.width
    return lost_share(part.blurs, part.storage, part.noise_levels, prior, *size)


def _depth(inside: np.ndarray) -> np.ndarray:
    """Return how deep each pixel lies inside, ``H x W`` in pixels; a picture's border is no rim."""
    return cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)


def _measured(depth: np.ndarray) -> np.ndarray:
    """Return weights that rise slowly from the rim, ``H x W`` in [0,1]."""
    rise = np.minimum(depth / (MEASURED_SHARE * depth.max()), 1)
    return np.asarray((1 - np.cos(np.pi * rise)) / 2)


def _misfit_levels(restored: Array, images: Array, part: Granted) -> float:
    """Return how far an answer, blurred again, is from the input inside a part, in gray levels."""
    light, mask = part.light, constant(part.mask, restored)
    clear = light.of(restored)
    again = light.back(mask * obfuscate(clear, part.blur) + (1 - mask) * clear)
    missed = to_numpy(again - images)[..., part.weight > 0]
    return 255 * float(np.square(missed).mean()) ** 0.5
