"""The adjoints of blurs and mosaics: what carries differences back to the pixels they come from."""

import numpy as np

from unveil.arrays import Array, array_namespace, constant
from unveil.degradation import Linear, Pixelate, Sample, UnevenPixelate
from unveil.degradation.blurs import Planar
from unveil.degradation.filters import edge_weights, fold, planar
from unveil.degradation.kernels import planar_kernel
from unveil.degradation.operators import block_sums, is_sampled, obfuscate, paint


def adjoint(images: Array, operator: Linear) -> Array:
    """Return what the adjoint of ``operator`` makes of ``images``.

    ``sum(obfuscate(x) * y) = sum(x * adjoint(y))``, borders included.

    Args:
        images: ``B x C x H x W`` floats of any range.
        operator: a blur or a mosaic.

    Returns:
        Images of the same shape, dtype and device.
    """
    height, width = images.shape[-2:]
    match operator:
        case Pixelate() | UnevenPixelate():
            return obfuscate(images, operator)  # an orthogonal projection
        case Sample():
            sums = paint(block_sums(images, operator), images, operator)
            return sums * constant(is_sampled(height, width, operator), images)
    if isinstance(operator, Planar) and operator.is_slanted:
        return _slanted(images, operator)
    # In the mirrored picture, whose edge pixels count half, an even kernel is its own adjoint.
    weights = constant(np.outer(edge_weights(height), edge_weights(width)), images)
    return weights * obfuscate(images / weights, operator)


def _slanted(images: Array, operator: Planar) -> Array:
    reach, (height, width) = operator.kernel // 2, images.shape[-2:]
    shape = (*images.shape[:2], height + 4 * reach, width + 4 * reach)
    framed = array_namespace(images).zeros(shape, dtype=images.dtype, device=images.device)
    framed[..., 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width] = images
    return fold(planar(framed, planar_kernel(operator)), reach)
