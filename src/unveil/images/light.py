"""sRGB's curve: what a file keeps against the light that a lens mixes (IEC 61966-2-1)."""

from collections.abc import Callable
from dataclasses import dataclass

from unveil.arrays import Array, array_namespace

KNEE, SLOPE, OFFSET, POWER = 0.04045, 12.92, 0.055, 2.4


def to_light(images: Array) -> Array:
    """Return the linear light of sRGB values, both in [0,1].

    Examples:
        >>> import numpy as np
        >>> to_light(np.array([0.0, 0.5, 1.0])).round(3).tolist()
        [0.0, 0.214, 1.0]
    """
    xp = array_namespace(images)
    bright = ((xp.clip(images, min=KNEE) + OFFSET) / (1 + OFFSET)) ** POWER
    return xp.where(images <= KNEE, images / SLOPE, bright)


def from_light(light: Array) -> Array:
    """Return the sRGB values of linear light, clipped to [0,1]; inverse of :func:`to_light`."""
    xp = array_namespace(light)
    light = xp.clip(light, min=0, max=1)
    knee = KNEE / SLOPE
    bright = (1 + OFFSET) * xp.clip(light, min=knee) ** (1 / POWER) - OFFSET
    return xp.where(light <= knee, light * SLOPE, bright)


@dataclass(frozen=True)
class Light:
    """In what values a picture was mixed.

    Attributes:
        name: for messages; empty for those of the file.
        of: from the file's values.
        back: to the file's values.
    """

    name: str
    of: Callable[[Array], Array]
    back: Callable[[Array], Array]


def as_is(images: Array) -> Array:
    """Return the values."""
    return images


AS_KEPT = Light("", as_is, as_is)
LINEAR = Light("linear light", to_light, from_light)
