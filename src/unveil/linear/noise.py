"""How much error a storage leaves in each frequency of a photo."""

import numpy as np
import torch
from torch import Tensor

from unveil.degradation import Storage
from unveil.degradation.codecs import quantisation_tables
from unveil.linear.spectral import OPPONENT, frequencies

ROUNDING_8BIT = 1 / 12 / 255**2
"""Variance of rounding to 256 levels, for values in [0,1]."""

ROUNDING_FLOAT = 1e-13
"""Variance of float32 arithmetic on values in [0,1], a convolution's sums included."""

YCBCR_TO_RGB = ((1.0, 1.0, 1.0), (0.0, -0.344136, 1.772), (1.402, -0.714136, 0.0))
"""Rows: what a change of Y, Cb and Cr does to R, G and B (JFIF)."""


def storage_noise(storage: Storage, spectrum: Tensor) -> Tensor:
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
            return torch.full_like(spectrum, ROUNDING_FLOAT)
        case "8bit":
            return torch.full_like(spectrum, ROUNDING_8BIT)
        case "jpeg":
            # RGB is rounded before and after.
            tables = quantisation_tables(storage.quality or 75)
            return 2 * ROUNDING_8BIT + _codec_noise(tables, spectrum)
        case "h264":
            return 2 * ROUNDING_8BIT + _codec_noise(h264_steps(storage.quality or 0), spectrum)


def h264_steps(crf: int) -> np.ndarray:
    """Return H.264's steps for luma and chroma, ``2 x 8 x 8``, in 8-bit levels.

    One step for all patterns, doubled by every six of the quantiser, which follows the rate factor
    (T. Wiegand et al., "Overview of the H.264/AVC video coding standard", 2003). What is coded is
    what prediction leaves; errors are nearly the same.
    """
    return np.full((2, 8, 8), 0.625 * 2 ** (crf / 6))


def _codec_noise(steps: np.ndarray, spectrum: Tensor) -> Tensor:
    """Return the noise of a codec that quantises 8x8 blocks of Y, Cb and Cr, 4:2:0.

    Each of the 64 patterns of a block has a spectrum of its own: with them the photo's spectrum
    gives the variance of every DCT coefficient, and the coefficients' errors give a spectrum.
    """
    luma_steps, chroma_steps = torch.from_numpy(steps / 255)
    axes, ycbcr = torch.tensor(OPPONENT).double(), torch.tensor(YCBCR_TO_RGB).double()
    # How Y, Cb and Cr follow from opponent colours, and what errors of theirs do to those.
    apart = (axes @ torch.linalg.inv(ycbcr)).T.square()
    back = (axes @ ycbcr.T).square()
    planes = torch.einsum("yo,ohw->yhw", apart, spectrum.double().cpu())
    grids = [frequencies(size) for size in planes.shape[1:]]
    errors = []
    for plane, levels, scale in zip(
        planes, (luma_steps, chroma_steps, chroma_steps), (1, 2, 2), strict=True
    ):
        rows, columns = (_patterns(grid, scale) for grid in grids)
        kept = torch.outer(*(grid <= torch.pi / scale for grid in grids))
        variance = (rows @ (plane * kept) @ columns.T) / plane.numel()
        error = rounding_error(variance, levels)
        errors.append(torch.where(kept, scale**2 * (rows.T @ error @ columns) / 64, plane))
    # Y, Cb and Cr are whole levels too.
    total = torch.stack(errors) + ROUNDING_8BIT
    return torch.einsum("oy,yhw->ohw", back, total).to(spectrum)


def _patterns(grid: Tensor, scale: int) -> Tensor:
    """Return the power of the 8 DCT patterns at each frequency, ``8 x size``; mean 1 over all."""
    pixel, order = torch.arange(8.0, dtype=torch.float64), torch.arange(8.0, dtype=torch.float64)
    basis = torch.cos(torch.pi * order[:, None] * (2 * pixel + 1) / 16) / 2
    basis[0] /= 2**0.5
    waves = torch.exp(-1j * torch.outer(pixel, grid * scale))
    return (basis.to(waves) @ waves).abs().square()


def rounding_error(variance: Tensor, step: Tensor) -> Tensor:
    """Return the mean squared error of rounding Laplacian values to multiples of ``step``.

    DCT coefficients of photos are nearly Laplacian (R. C. Reininger and J. D. Gibson, 1983).
    Between ``step**2 / 12`` (a fine step) and ``variance`` (all is rounded to 0).
    """
    spread = (variance / 2).sqrt()
    a = (step / spread).clamp(1e-2, 100)
    half = torch.exp(-a / 2)
    zero_bin = 2 - half * (2 + a + a.square() / 4)
    others = (a.square() / 4 - a + 2) - half.square() * (a.square() / 4 + a + 2)
    error = spread.square() * (zero_bin + half * others / (1 - half.square()))
    return torch.minimum(error, step.square() / 12)
