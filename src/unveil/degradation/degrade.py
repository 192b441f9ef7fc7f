"""Degradation of image arrays: the operator, then the storage.

Storage decides the result more than the network does: in ``float`` the paper's blur has an almost
exact inverse (74 dB), in ``8bit`` it does not. It is therefore a named step in every training,
evaluation and result row.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from unveil.arrays import Array, array_namespace, constant, to_numpy
from unveil.degradation import Degradation, Operator, Storage
from unveil.degradation.codecs import h264_round_trip, jpeg_round_trip
from unveil.degradation.operators import obfuscate


def degrade(clean: Array, degradation: Degradation) -> Array:
    """Apply an operator and a storage.

    Args:
        clean: ``B x 3 x H x W`` in [0,1].
        degradation: the operator and the storage.

    Returns:
        The degraded images in [0,1]: same shape, dtype and device.

    Raises:
        UnveilError: H.264 is wanted and not installed, or the codec refuses the size.

    Examples:
        >>> from unveil.degradation import Degradation, Pixelate, Storage
        >>> clean = np.broadcast_to([0.0, 0.501], (1, 3, 1, 2))
        >>> degrade(clean, Degradation(Pixelate(2), Storage("8bit")))[0, 0] * 255
        array([[64., 64.]])
    """
    return store(obfuscate(clean, degradation.operator), degradation.storage)


def changes_nothing(operator: Operator) -> bool:
    """Return whether an operator leaves a picture of 8 bits as it is, tried on one of noise.

    Examples:
        >>> from unveil.degradation import Pixelate
        >>> changes_nothing(Pixelate(1)), changes_nothing(Pixelate(2))
        (True, False)
    """
    levels = np.random.default_rng(0).integers(0, 256, (1, 3, 24, 24))
    return np.array_equal(to_uint8(obfuscate(levels / 255, operator)), levels)


CODEC_THREADS = 4
"""Images coded at a time: H.264's calls mostly wait for threads of their own."""


def store(images: Array, storage: Storage) -> Array:
    """Return ``images`` (``B x 3 x H x W`` in [0,1]) after a round trip through ``storage``.

    Raises:
        UnveilError: H.264 is wanted and not installed, or the codec refuses the size.
    """
    match storage.kind:
        case "float":
            return images
        case "8bit":
            return _rounded(images) / 255
        case "jpeg":
            return _each(images, lambda pixels: jpeg_round_trip(pixels, storage.quality or 75))
        case "h264":
            return _each(images, lambda pixels: h264_round_trip(pixels, storage.quality or 0))


def to_uint8(images: Array) -> Array:
    """Round [0,1] values of any shape to uint8 levels; values outside are clipped."""
    xp = array_namespace(images)
    return xp.astype(_rounded(images), xp.uint8)


def _rounded(images: Array) -> Array:
    """Return the 8-bit levels of [0,1] values, 0 to 255, in their dtype."""
    xp = array_namespace(images)
    return xp.clip(xp.round(images * 255), 0, 255)


def _each(images: Array, round_trip: Callable[[np.ndarray], np.ndarray]) -> Array:
    """Apply a codec of ``H x W x 3`` uint8 pixels to each image of ``B x 3 x H x W``."""
    pixels = to_numpy(to_uint8(images)).transpose(0, 2, 3, 1)
    with ThreadPoolExecutor(CODEC_THREADS) as pool:
        decoded = np.stack(list(pool.map(round_trip, pixels)))
    return constant(decoded.transpose(0, 3, 1, 2), images) / 255
