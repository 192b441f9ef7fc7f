"""A mosaic in a part of an image, restored with what is around it.

The surroundings, put through the same mosaic, are context for the restorer.
"""

import math

from unveil.arrays import Array, array_namespace
from unveil.degradation import Degradation, Mosaic
from unveil.degradation.mosaics import moved
from unveil.degradation.operators import obfuscate
from unveil.images.box import Box
from unveil.restoration.paste import paste
from unveil.restoration.restorers import Restorer

CONTEXT_PX, CONTEXT_BLOCKS = 128, 8
"""What is farther from the part than both changes it by less than half a level of 255."""

ALIGNED_PX = 64
"""Networks are tied to grids of 8 or 16 pixels, which are counted from the picture's corner."""


def mosaic_in_context(
    images: Array, box: Box, known: Degradation, restorer: Restorer, tile_px: int
) -> tuple[Array, Array | None]:
    """Restore a mosaic inside a clean image; return the part in ``box``, and its expected error.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        box: the part.
        known: the mosaic, its grid counted from the corner of the box, and the storage.
        restorer: what undoes it.
        tile_px: side of the tiles that large images are restored in.
    """
    operator = known.operator
    if not isinstance(operator, Mosaic):
        raise TypeError(operator)
    near = _near(box, operator, *images.shape[-2:])
    images, box = images[..., *near.place], box.within(near)
    grid = moved(operator, box.left, box.top)
    context = framed(images[..., *box.place], obfuscate(images, grid), box)
    restored, error = restorer.restore_with_error(
        context, Degradation(grid, known.storage), tile_px
    )
    part = paste(images, restored, box, round(max(operator.across, operator.down)))[..., *box.place]
    return part, None if error is None else error[..., *box.place]


def _near(box: Box, operator: Mosaic, height: int, width: int) -> Box:
    """Return the part of a picture that the restored part depends on."""
    margin_px = max(CONTEXT_PX, math.ceil(CONTEXT_BLOCKS * max(operator.across, operator.down)))
    near = box.grown(margin_px, margin_px, width, height)
    return near.grown(near.left % ALIGNED_PX, near.top % ALIGNED_PX, width, height)


def framed(part: Array, whole: Array, box: Box) -> Array:
    """Return the first channels of ``whole``, as many as ``part`` has, with ``part`` in ``box``."""
    images = array_namespace(whole).asarray(whole[:, : part.shape[1]], copy=True)
    images[..., *box.place] = part
    return images
