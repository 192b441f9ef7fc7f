"""A mosaic in a part of an image, restored with what is around it.

The surroundings, put through the same mosaic, are context for the restorer.
"""

from unveil.arrays import Array, array_namespace
from unveil.degradation import Degradation, Mosaic
from unveil.degradation.mosaics import moved
from unveil.degradation.operators import obfuscate
from unveil.images.box import Box
from unveil.restoration.paste import paste
from unveil.restoration.restorers import Restorer


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
    grid = moved(operator, box.left, box.top)
    context = framed(images[..., *box.place], obfuscate(images, grid), box)
    restored, error = restorer.restore_with_error(
        context, Degradation(grid, known.storage), tile_px
    )
    part = paste(images, restored, box, round(max(operator.across, operator.down)))[..., *box.place]
    return part, None if error is None else error[..., *box.place]


def framed(part: Array, whole: Array, box: Box) -> Array:
    """Return the first channels of ``whole``, as many as ``part`` has, with ``part`` in ``box``."""
    images = array_namespace(whole).asarray(whole[:, : part.shape[1]], copy=True)
    images[..., *box.place] = part
    return images
