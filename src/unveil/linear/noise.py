"""How much error a storage leaves in each frequency of a photo."""

import numpy as np

from unveil.degradation import Storage
from unveil.degradation.codecs import quantisation_tables
from unveil.linear.prior import Prior
from unveil.linear.spectral import OPPONENT, frequencies

ROUNDING_8BIT = 1 / 12 / 255**2
"""Variance of rounding to 256 levels, for values in [0,1]."""

ROUNDING_FLOAT = 1e-13
"""Variance of float32 arithmetic on values in [0,1], a convolution's sums included."""

MAX_MEAN_PX = 1024
"""Side in pixels up to which the frequencies of a photo are averaged."""

YCBCR_TO_RGB = ((1.0, 1.0, 1.0), (0.0, -0.344136, 1.772), (1.402, -0.714136, 0.0))
"""Rows: what a change of Y, Cb and Cr does to R, G and B (JFIF)."""


def storage_noise(storage: Storage, spectrum: np.ndarray) -> np.ndarray:
    """Return the mean square of the error that ``storage`` leaves in each coefficient.

    Args:
        storage: how the photo is kept.
        spectrum: ``3 x H x W``, mean square of the coefficients (those of
            :func:`unveil.linear.spectral.analyse`) of what is stored.

    Returns:
        ``3 x H x W``. Rounding is white. JPEG's error depends on what it meets: a frequency
        weaker than its quantisation step is dropped, and the error is the signal itself.
    """
    match storage.kind:
        case "float":
            return _white(ROUNDING_FLOAT, spectrum)
        case "8bit":
            return _white(ROUNDING_8BIT, spectrum)
        case "jpeg":
            # RGB is rounded before and after.
            tables = quantisation_tables(storage.quality or 75)
            return 2 * ROUNDING_8BIT + _codec_noise(tables, spectrum)
        case "h264":
            return 2 * ROUNDING_8BIT + _codec_noise(h264_steps(storage.quality or 0), spectrum)


def _white(variance: float, spectrum: np.ndarray) -> np.ndarray:
    """Return the same for every coefficient; it takes no memory, and is not to be changed."""
    return np.broadcast_to(spectrum.dtype.type(variance), spectrum.shape)


def mean_error(storage: Storage, prior: Prior, size: tuple[int, ...]) -> float:
    """Return the root mean squared error that ``storage`` is expected to leave in photos of a size.

    Args:
        storage: how the photo is kept.
        prior: power spectrum of clean photos.
        size: height and width.
    """
    # Of more frequencies the mean is the same to a thousandth.
    height, width = (min(side, MAX_MEAN_PX) for side in size)
    return float(storage_noise(storage, prior.at(height, width)).mean()) ** 0.5


def h264_steps(crf: int) -> np.ndarray:
    """Return H.264's steps for luma and chroma, ``2 x 8 x 8``, in 8-bit levels.

    One step for all patterns, doubled by every six of the quantiser, which follows the rate factor
    (T. Wiegand et al., "Overview of the H.264/AVC video coding standard", 2003). What is coded is
    what prediction leaves; errors are nearly the same.
    """
    return np.full((2, 8, 8), 0.625 * 2 ** (crf / 6))


def _codec_noise(steps: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """Return the noise of a codec that quantises 8x8 blocks of Y, Cb and Cr, 4:2:0.

    Each of the 64 patterns of a block has a spectrum of its own: with them the photo's spectrum
    gives the variance of every DCT coefficient, and the coefficients' errors give a spectrum.
    """
    luma_steps, chroma_steps = steps / 255
    axes, ycbcr = np.array(OPPONENT), np.array(YCBCR_TO_RGB)
    # How Y, Cb and Cr follow from opponent colours, and what errors of theirs do to those.
    apart = (axes @ np.linalg.inv(ycbcr)).T ** 2
    back = (axes @ ycbcr.T) ** 2
    planes = np.tensordot(apart, spectrum.astype(np.float64), 1)
    grids = [frequencies(size) for size in planes.shape[1:]]
    errors = []
    for plane, levels, scale in zip(
        planes, (luma_steps, chroma_steps, chroma_steps), (1, 2, 2), strict=True
    ):
        rows, columns = (_patterns(grid, scale) for grid in grids)
        kept = np.logical_and.outer(*(grid <= np.pi / scale for grid in grids))
        variance = (rows @ (plane * kept) @ columns.T) / plane.size
        error = rounding_error(variance, levels)
        errors.append(np.where(kept, scale**2 * (rows.T @ error @ columns) / 64, plane))
    # Y, Cb and Cr are whole levels too.
    total = np.stack(errors) + ROUNDING_8BIT
    return np.tensordot(back, total, 1).astype(spectrum.dtype)


def _patterns(grid: np.ndarray, scale: int) -> np.ndarray:
    """Return the power of the 8 DCT patterns at each frequency, ``8 x size``; mean 1 over all."""
    pixel, order = np.arange(8.0), np.arange(8.0)
    basis = np.cos(np.pi * order[:, None] * (2 * pixel + 1) / 16) / 2
    basis[0] /= 2**0.5
    waves = np.exp(-1j * np.outer(pixel, grid * scale))
    return np.abs(basis @ waves) ** 2


def rounding_error(variance: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the mean squared error of rounding Laplacian values to multiples of ``step``.

    DCT coefficients of photos are nearly Laplacian (R. C. Reininger and J. D. Gibson, 1983).
    Between ``step**2 / 12`` (a fine step) and ``variance`` (all is rounded to 0).
    """
    spread = np.sqrt(variance / 2)
    a = (step / spread).clip(1e-2, 100)
    half = np.exp(-a / 2)
    zero_bin = 2 - half * (2 + a + a**2 / 4)
    others = (a**2 / 4 - a + 2) - half**2 * (a**2 / 4 + a + 2)
    error = spread**2 * (zero_bin + half * others / (1 - half**2))
    return np.minimum(error, step**2 / 12)
