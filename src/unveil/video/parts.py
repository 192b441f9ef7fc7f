"""Restoration of a part of the frame: the context around it, and joint restoration of several."""

from collections.abc import Sequence

import numpy as np

from unveil.degradation import Degradation, Mosaic, Operator
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.restoration.joint.window import restore_window
from unveil.video.stream.info import Info

CONTEXT_PX = 32
"""Width of the context around a mosaic that the restorer reads."""


def around(box: Box, operator: Operator | None, info: Info) -> Box:
    """Return the box that the restorer reads for ``box``: a mosaic's with context around it."""
    margin_px = CONTEXT_PX if isinstance(operator, Mosaic) else 0
    return box.grown(margin_px, margin_px, info.width, info.height)


def improve(
    obfuscated: Sequence[np.ndarray],
    alone: Sequence[np.ndarray],
    places: Sequence[Box],
    known: Degradation,
    prior: Prior,
) -> list[np.ndarray]:
    """Return pictures that were restored one by one as they are when they learn from each other.

    Args:
        obfuscated: frames, ``1 x 3 x H x W`` each, in display order.
        alone: the same frames, each restored by itself: the initial estimate.
        places: box of the obfuscated part in each frame, of equal size and grid alignment.
        known: the degradation.
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
