"""Image quality, one value per image: average late, name the convention.

All functions take ``restored`` and ``clean`` as ``B x 3 x H x W`` floats in [0,1] and return
``B`` float32 values. They compute in float32 whatever autocast says: SSIM inside a bf16
autocast came out at 0.72 for a true 0.96.

Identical images: PSNR is ``inf`` (so is a mean that holds one), both SSIMs are 1.
"""

import math
from collections.abc import Callable

import numpy as np

from unveil.arrays import Array, array_namespace, full_precision
from unveil.degradation.filters import mirror, separable
from unveil.degradation.kernels import gaussian_kernel
from unveil.errors import UsageError

Metric = Callable[[Array, Array], Array]
"""Maps restored and clean images, ``B x 3 x H x W`` in [0,1], to ``B`` values."""

PAPER_WINDOW_PX = 7


def psnr(restored: Array, clean: Array) -> Array:
    """Return the peak signal-to-noise ratio in dB over all pixels and channels of an RGB image.

    ``10 log10(1 / MSE)``, peak 1. Identical images give ``inf``.
    """
    check_pair(restored, clean)
    xp = array_namespace(restored, clean)
    difference = xp.astype(restored, xp.float32) - xp.astype(clean, xp.float32)
    error = xp.mean(xp.square(difference), axis=(1, 2, 3))
    with np.errstate(divide="ignore"):  # identical images
        return -10 * xp.log10(error)


def ssim(restored: Array, clean: Array) -> Array:
    """Return the standard structural similarity (Wang et al., IEEE TIP 2004).

    11x11 Gaussian window with sigma 1.5, population covariance, K1 0.01 and K2 0.03, range
    [0,1]; the mean over all pixels, with mirrored borders, and over the RGB channels. These are
    torchmetrics' settings; scikit-image with the same window leaves out a border of 5 pixels.
    """
    x, y = mirror(restored, 5), mirror(clean, 5)
    return _ssim(x, y, gaussian_kernel(11, 1.5), data_range=1.0, unbiased=False)


def ssim_deck(restored: Array, clean: Array) -> Array:
    """Return the structural similarity as the paper reports it.

    scikit-image's default (7x7 uniform window, sample covariance, mean over the positions
    where the window fits) on images mapped to [-1,1] with data_range 2. Not comparable with
    :func:`ssim`: the shift of the range changes the luminance term.
    """
    window = np.full(PAPER_WINDOW_PX, 1 / PAPER_WINDOW_PX)
    return _ssim(restored * 2 - 1, clean * 2 - 1, window, data_range=2.0, unbiased=True)


def colour_shift(restored: Array, clean: Array) -> Array:
    """Return the difference of the mean colours in levels of 255, root mean square over RGB.

    Its square is a part of the mean squared error, so that an error is either of the mean colour
    or of what remains: :func:`psnr_of_matched_colours`.
    """
    check_pair(restored, clean)
    xp = array_namespace(restored, clean)
    difference = xp.astype(restored, xp.float32) - xp.astype(clean, xp.float32)
    shift: Array = 255 * xp.sqrt(xp.mean(xp.square(xp.mean(difference, axis=(2, 3))), axis=1))
    return shift


def psnr_of_matched_colours(psnr_db: float, shift: float) -> float:
    """Return the PSNR in dB that an image has once its mean colour is the clean one's.

    Args:
        psnr_db: its PSNR.
        shift: its :func:`colour_shift`, in levels of 255.
    """
    error = 10 ** (-psnr_db / 10) - (shift / 255) ** 2
    return -10 * math.log10(error) if error > 0 else math.inf


METRICS = {"psnr": psnr, "ssim": ssim, "ssim_deck": ssim_deck}

LOWER_IS_BETTER = frozenset({"vgg_relu2_2", "lpips", "nlpd", "colour_shift"})
"""The study's metrics that are distances."""


def _ssim(x: Array, y: Array, window: np.ndarray, data_range: float, *, unbiased: bool) -> Array:
    check_pair(x, y, least_px=len(window))
    xp, batch = array_namespace(x, y), len(x)
    with full_precision(x):
        x, y = xp.astype(x, xp.float32), xp.astype(y, xp.float32)
        means = separable(xp.concat([x, y, x * x, y * y, x * y]), window)
        mean_x, mean_y, mean_xx, mean_yy, mean_xy = (
            means[part * batch : (part + 1) * batch] for part in range(5)
        )
        pixels = len(window) ** 2
        scale = pixels / (pixels - 1) if unbiased else 1.0
        var_x = scale * (mean_xx - mean_x * mean_x)
        var_y = scale * (mean_yy - mean_y * mean_y)
        covariance = scale * (mean_xy - mean_x * mean_y)
        c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
        similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
            (mean_x * mean_x + mean_y * mean_y + c1) * (var_x + var_y + c2)
        )
        return xp.mean(similarity, axis=(1, 2, 3))


def check_pair(x: Array, y: Array, least_px: int = 1) -> None:
    """Check what a metric is given.

    Raises:
        UsageError: the shapes differ or are not ``B x 3 x H x W``, or a side is under ``least_px``.
    """
    if x.shape != y.shape or x.ndim != 4:
        raise UsageError(
            "metrics compare two B x 3 x H x W arrays of one shape, "
            f"not {tuple(x.shape)} and {tuple(y.shape)}."
        )
    if min(x.shape[-2:]) < least_px:
        raise UsageError(
            f"this metric needs images of at least {least_px}x{least_px} pixels, "
            f"not {x.shape[-1]}x{x.shape[-2]}."
        )
