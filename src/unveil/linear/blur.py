"""Closed-form deblurring, one factor a frequency: any size, in colour, true at the borders."""

from collections.abc import Callable

import numpy as np

from unveil.arrays import Array, array_namespace
from unveil.degradation import Blur, Degradation, Motion, Storage
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.linear.gradients import estimate_by_gradients
from unveil.linear.noise import ROUNDING_8BIT, storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import apply, frequencies, grid, is_slanted, transfer

RICHARDSON_LUCY_ITERATIONS = 30


def lmmse_blur(obfuscated: Array, operator: Blur, storage: Storage, prior: Prior) -> Array:
    """Return the linear estimate of least mean squared error (the Wiener filter).

    ``B x 3 x H x W`` in, the same out, not clipped. Wiener, "Extrapolation, Interpolation, and
    Smoothing of Stationary Time Series", 1949.
    """
    return lmmse_filter(operator, storage, prior, *obfuscated.shape[-2:])(obfuscated)


def lmmse_filter(
    operator: Blur, storage: Storage, prior: Prior, height: int, width: int
) -> Callable[[Array], Array]:
    """Return what maps images of this size, ``B x 3 x H x W``, to their estimates."""
    if not _is_slanted_line(operator):
        gains = lmmse_gains(operator, storage, prior, height, width)
        return lambda images: apply(operator, gains, images)
    power = prior.at(height, width)
    passed = (transfer(operator, height, width)[:, None] ** 2).mean(axis=0)
    noise = storage_noise(storage, power * passed).clip(min=ROUNDING_8BIT)
    return lambda images: estimate_by_gradients(images, operator, 1 / power, noise)


def _is_slanted_line(operator: Blur) -> bool:
    """Return whether a guess at what lies beyond the borders would spoil the whole picture.

    A line passes fine detail across it, so that its inverse carries the guess's errors far in; a
    Gaussian of two widths passes none.
    """
    return isinstance(operator, Motion) and operator.is_slanted


def lmmse_gains(
    operator: Blur, storage: Storage, prior: Prior, height: int, width: int
) -> np.ndarray:
    """Return what the filter multiplies coefficients by, for :func:`.spectral.apply`."""
    size = grid(operator, height, width)
    power, passed, noise = _spectra(operator, storage, prior, *size)
    gains = np.empty(np.broadcast_shapes(power.shape, passed.shape), np.float32)
    through = passed[:, 0]
    for number, (strong, loud) in enumerate(zip(power, noise, strict=True)):  # all are much memory
        gains[:, number] = strong * through / (through**2 * strong + loud)
    return gains


def lmmse_blur_error(operator: Blur, storage: Storage, prior: Prior) -> float:
    """Return the mean squared error that :func:`lmmse_blur` is to be expected to make."""
    power, passed, noise = _spectra(operator, storage, prior, *prior.power.shape[-2:])
    return float((power * noise / (passed**2 * power + noise)).mean())


def lmmse_blur_lost(
    operator: Blur, storage: Storage, prior: Prior, height: int, width: int
) -> np.ndarray:
    """Return the share of each frequency's power that :func:`lmmse_blur` misses, ``3 x H x W``."""
    power, passed, noise = _spectra(operator, storage, prior, height, width)
    return np.asarray((noise / (passed**2 * power + noise)).mean(axis=0))


def _spectra(
    operator: Blur, storage: Storage, prior: Prior, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return photos' power, the blur's transfer (``D x 1 x H x W``) and the storage's noise."""
    power = prior.at(height, width)
    passed = transfer(operator, height, width)[:, None]
    noise = storage_noise(storage, power * (passed**2).mean(axis=0))
    # A slanted window's borders are an estimate, never as exact as a float.
    return power, passed, noise.clip(min=ROUNDING_8BIT) if is_slanted(operator) else noise


def tikhonov(obfuscated: Array, degradation: Degradation, prior: Prior) -> Array:
    """Return the estimate that trades fidelity for a small Laplacian; not clipped.

    Minimises ``|A x - y|^2 + weight |laplacian x|^2``, as scikit-image's ``wiener`` does, with
    the weight that is best on average for photos of this ``prior``.

    Raises:
        UsageError: the operator is no blur.
    """
    operator = _blur_of(degradation, "tikhonov")
    height, width = grid(operator, *obfuscated.shape[-2:])
    power, passed, noise = _spectra(operator, degradation.storage, prior, height, width)
    roughness = laplacian_transfer(height, width) ** 2
    gains = [passed / (passed**2 + weight * roughness) for weight in _WEIGHTS]
    errors = [(power * (1 - gain * passed) ** 2 + noise * gain**2).sum() for gain in gains]
    best = int(np.argmin(errors))
    if _is_slanted_line(operator):
        roughness = _WEIGHTS[best] * laplacian_transfer(*obfuscated.shape[-2:])[None] ** 2
        return estimate_by_gradients(obfuscated, operator, roughness, np.ones_like(roughness))
    return apply(operator, gains[best], obfuscated)


_WEIGHTS = tuple(10 ** (-exponent / 4) for exponent in range(4, 41))


def laplacian_transfer(height: int, width: int) -> np.ndarray:
    """Return what the 5-point Laplacian multiplies each coefficient by, ``H x W``."""
    rows, columns = (2 - 2 * np.cos(frequencies(size)) for size in (height, width))
    return np.add.outer(rows, columns).astype(np.float32)


def richardson_lucy(obfuscated: Array, degradation: Degradation, prior: Prior) -> Array:
    """Return Richardson and Lucy's estimate after 30 iterations; ``prior`` is not used.

    W. H. Richardson, 1972; L. B. Lucy, 1974. It knows no noise: more iterations sharpen the
    rounding of 8 bits into grain.

    Raises:
        UsageError: the operator is no blur.
    """
    operator = _blur_of(degradation, "richardson-lucy")
    observed = estimate = array_namespace(obfuscated).clip(obfuscated, min=MIN_LEVEL)
    for _ in range(RICHARDSON_LUCY_ITERATIONS):
        estimate = estimate * obfuscate(observed / obfuscate(estimate, operator), operator)
    return estimate


MIN_LEVEL = 1e-4
"""Keeps divisions finite in black areas; a fortieth of an 8-bit level."""


def _blur_of(degradation: Degradation, name: str) -> Blur:
    operator = degradation.operator
    if not isinstance(operator, Blur):
        raise UsageError(f"{name} undoes blurs, not {operator}; take lmmse, bicubic or lanczos.")
    return operator
