"""The normalised Laplacian pyramid distance: how far apart an early stage of vision sees images.

V. Laparra, J. Ballé, A. Berardino, E. P. Simoncelli, "Perceptual image quality assessment using a
normalized Laplacian pyramid", 2016. Each level of a Laplacian pyramid is divided by the amplitude
around each pixel, as the retina and the thalamus adapt to contrast; what is left is compared.
"""

import functools

import numpy as np

from unveil.arrays import Array, array_namespace, constant, full_precision
from unveil.degradation.filters import resample
from unveil.images.pixels import LUMA
from unveil.metrics.quality import check_pair

LOW_PASS = (0.05, 0.25, 0.4, 0.25, 0.05)
"""Burt and Adelson's filter along each axis (1983)."""

AMPLITUDES = (0.0248, 0.0185, 0.0179, 0.0191, 0.0220, 0.2782)
"""What is added to the amplitude around a pixel, by level: the paper's fit to photos."""

ACROSS = (
    {1: 0.1493, -1: 0.1460, -2: 0.0072},
    {1: 0.1986, -1: 0.1846},
    {1: 0.2138, -1: 0.2243},
    {1: 0.2503, -1: 0.2616},
    {1: 0.2598, -1: 0.2552},
    {1: 0.2215, -1: 0.0717},
)
"""Weights of a pixel's neighbours in its row, by level: pixels to the right of it to weight."""

DOWN: tuple[dict[int, float], ...] = (
    {1: 0.1011, -1: 0.1015},
    {1: 0.0757, -1: 0.0837},
    {1: 0.0477, -1: 0.0467},
    *({}, {}, {}),
)
"""The same of a pixel's neighbours in its column, pixels below it to weight."""

LEVELS = len(AMPLITUDES)
LEAST_PX = 2 ** (LEVELS - 1)
"""Smallest side: that of an image with one pixel at the coarsest level."""


def nlpd(restored: Array, clean: Array) -> Array:
    """Return the normalised Laplacian pyramid distance of each pair; 0 for identical images.

    On the luma of the images as they are shown, as in the authors' code for pictures in [0,1];
    colour does not count. The mean over six levels of the root mean squared difference.

    Args:
        restored: ``B x 3 x H x W`` in [0,1], at least 32x32 pixels.
        clean: of the same shape.

    Returns:
        ``B`` float32.

    Raises:
        UsageError: other shapes, or smaller images.

    Examples:
        >>> clean = np.zeros((1, 3, 32, 32), np.float32)
        >>> clean[..., 16:] = 1
        >>> bool(nlpd(0.8 * clean, clean) < nlpd(0.2 * clean, clean))
        True
    """
    check_pair(restored, clean, least_px=LEAST_PX)
    xp = array_namespace(restored, clean)
    with full_precision(clean):
        both = [pyramid(_luma(images)) for images in (restored, clean)]
        levels = [
            xp.sqrt(xp.mean(xp.square(x - y), axis=(1, 2, 3))) for x, y in zip(*both, strict=True)
        ]
        return sum(levels) / LEVELS


def pyramid(planes: Array) -> list[Array]:
    """Return the levels of the normalised Laplacian pyramid, finest first.

    Args:
        planes: ``B x C x H x W``.
    """
    levels = []
    for level in range(LEVELS):
        height, width = planes.shape[-2:]
        coarser = planes
        if level < LEVELS - 1:
            coarser = resample(planes, _shrinking(height), _shrinking(width))
            planes = planes - resample(coarser, _growing(height), _growing(width))
        levels.append(_normalised(planes, level))
        planes = coarser
    return levels


def _normalised(planes: Array, level: int) -> Array:
    height, width = planes.shape[-2:]
    amplitude = abs(planes)
    down = constant(_neighbours(height, level, is_row=False), planes)
    across = constant(_neighbours(width, level, is_row=True), planes)
    around = down @ amplitude + amplitude @ across.T
    return planes / (AMPLITUDES[level] + around)


def _luma(images: Array) -> Array:
    xp = array_namespace(images)
    weights = constant(np.array(LUMA, np.float32).reshape(3, 1, 1), images)
    return xp.sum(xp.astype(images, xp.float32) * weights, axis=1, keepdims=True)


@functools.lru_cache(maxsize=32)
def _shrinking(size: int) -> np.ndarray:
    """Return the matrix that smooths a row and keeps every second pixel of it.

    Beyond its ends the row is mirrored, the edge pixel with it.
    """
    matrix = np.zeros(((size + 1) // 2, size))
    for row, middle in enumerate(range(0, size, 2)):
        for offset, weight in enumerate(LOW_PASS, start=middle - len(LOW_PASS) // 2):
            place = offset % (2 * size)
            matrix[row, min(place, 2 * size - 1 - place)] += weight
    return matrix.astype(np.float32)


@functools.lru_cache(maxsize=32)
def _growing(size: int) -> np.ndarray:
    """Return the matrix back to ``size`` pixels; beyond its ends the shrunk row is repeated."""
    shrunk = (size + 1) // 2
    matrix = np.zeros((size, shrunk))
    for column in range(-1, shrunk + 1):
        for place, weight in enumerate(LOW_PASS, start=2 * column - len(LOW_PASS) // 2):
            if 0 <= place < size:
                matrix[place, min(max(column, 0), shrunk - 1)] += 2 * weight
    return matrix.astype(np.float32)


@functools.lru_cache(maxsize=32)
def _neighbours(size: int, level: int, *, is_row: bool) -> np.ndarray:
    """Return the matrix of the weighted sum over a pixel's neighbours along one axis."""
    weights = (ACROSS if is_row else DOWN)[level]
    return sum(
        (weight * np.eye(size, k=offset) for offset, weight in weights.items()),
        start=np.zeros((size, size)),
    ).astype(np.float32)
