"""Parts of pictures that are restored: what is seen around them, and several of them as one."""

from collections.abc import Sequence

import numpy as np

from unveil.degradation import Degradation, Mosaic, Operator
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.restoration.joint.window import restore_window
from unveil.video.stream.info import Info

CONTEXT_PX = 32
"""Seen of what surrounds a mosaic that is restored."""


def around(box: Box, operator: Operator | None, info: Info) -> Box:
    """Return what is to be seen for a part to be restored: a mosaic's surroundings help."""
    reach = CONTEXT_PX if isinstance(operator, Mosaic) else 0
    return box.grown(reach, reach, info.width, info.height)


def improve(
    obfuscated: Sequence[np.ndarray],
    alone: Sequence[np.ndarray],
    places: Sequence[Box],
    known: Degradation,
    prior: Prior,
) -> list[np.ndarray]:
    """Return pictures that were restored one by one as they are when they learn from each other.

    Args:
        obfuscated: pictures, ``1 x 3 x H x W`` each, in their order.
        alone: the same restored.
        places: of what is hidden in each, all of one size and on one grid.
        known: what hides it.
        prior: power spectrum of clean photos.
    """
    hidden, guess = (
        np.concatenate([image[..., *box.place] for image, box in zip(images, places, strict=True)])
        for images in (obfuscated, alone)
    )
    together = restore_window(hidden, known, prior, lambda _: guess)
    improved = [image.copy() for image in alone]
    for image, box, part in zip(improved, places, together, strict=True):
        image[..., *box.place] = part
    return improved
