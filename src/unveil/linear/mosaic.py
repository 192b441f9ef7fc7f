"""Closed-form interpolation of mosaics: smooth pictures from blocks, any size and grid."""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from unveil.arrays import Array, constant, to_numpy
from unveil.degradation import Degradation, Mosaic, Sample, Storage
from unveil.degradation.filters import cubic_interpolation, resample
from unveil.degradation.mosaics import pitch_and_start
from unveil.degradation.operators import block_means, block_numbers
from unveil.errors import UsageError
from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import basis, to_opponent, to_rgb

Axis = Literal[-2, -1]
AXES: tuple[Axis, Axis] = (-2, -1)


def lmmse_mosaic(obfuscated: Array, operator: Mosaic, storage: Storage, prior: Prior) -> Array:
    """Return the linear estimate of least mean squared error, rows and columns in turn.

    ``B x 3 x H x W`` in, the same out, not clipped. Photos are taken as stationary and separable
    (their covariance is a row's times a column's), which makes it two small matrices a colour.
    """
    blocks = to_opponent(block_means(obfuscated, operator))
    height, width = obfuscated.shape[-2:]
    noise = _relative_noise(operator, storage, prior.power)
    rows = _interpolators(operator, -2, _correlation(prior, -2, height), noise)
    columns = _interpolators(operator, -1, _correlation(prior, -1, width), noise)
    return to_rgb(constant(rows, blocks) @ blocks @ constant(columns, blocks).mT)


def lmmse_mosaic_error(operator: Mosaic, storage: Storage, prior: Prior) -> float:
    """Return the mean squared error that :func:`lmmse_mosaic` is to be expected to make."""
    power = prior.power
    noise = _relative_noise(operator, storage, power)
    explained = np.ones(len(power))
    for axis in AXES:
        size = power.shape[axis]
        correlation = np.stack([*_correlation(prior, axis, size)])
        shrunk = shrink_matrix(operator, axis, size) @ correlation
        found = _interpolators(operator, axis, correlation, noise)
        # The trace of C A' (A C A' + noise)^-1 A C, of a correlation C of trace ``size``.
        explained = explained * (found.mT * shrunk).sum(axis=(1, 2)) / size
    return float((power.mean(axis=(1, 2), dtype=np.float64) * (1 - explained)).mean())


def lmmse_mosaic_lost(
    operator: Mosaic, storage: Storage, prior: Prior, height: int, width: int
) -> np.ndarray:
    """Return the share of each frequency's power that :func:`lmmse_mosaic` misses, ``3 x H x W``.

    In the mean over the places of a block: what a mosaic keeps of a frequency depends on them.
    """
    noise = _relative_noise(operator, storage, prior.power)
    kept = []
    for axis, size in zip(AXES, (height, width), strict=True):
        correlation = np.stack([*_correlation(prior, axis, size)])
        cosines = basis(size).astype(np.float64)
        shrunk = shrink_matrix(operator, axis, size) @ correlation
        found = _interpolators(operator, axis, correlation, noise)
        explained = ((cosines @ found) * (shrunk @ cosines.T).mT).sum(axis=2)
        kept.append(explained / ((cosines @ correlation) * cosines).sum(axis=2))
    rows, columns = kept
    return np.asarray((1 - rows[:, :, None] * columns[:, None, :]).clip(0, 1))


def _correlation(prior: Prior, axis: int, size: int) -> Iterator[np.ndarray]:
    """Yield the correlations of the pixels of a row or column in each colour, ``size x size``."""
    covariance = prior.autocovariance(axis, size)
    for near in covariance / covariance[:, :1]:
        both = np.concatenate([near[:0:-1], near])
        yield np.ascontiguousarray(sliding_window_view(both, size)[::-1])


def _relative_noise(operator: Mosaic, storage: Storage, power: np.ndarray) -> np.ndarray:
    """Return the variance of a block's storage noise, relative to that of a pixel, ``(3,)``."""
    noise = storage_noise(storage, power)[:, 0, 0] / (operator.across * operator.down)
    return noise / power.mean(axis=(1, 2), dtype=np.float64) + 1e-6


def _interpolators(
    operator: Mosaic, axis: Axis, correlations: Iterable[np.ndarray], noise: np.ndarray
) -> np.ndarray:
    """Return ``C A' (A C A' + noise)^-1`` along one axis, ``3 x size x blocks``.

    Args:
        operator: the mosaic.
        axis: -2 for the blocks of a column, -1 for those of a row.
        correlations: ``C`` of the pixels of a line in each colour, ``size x size``, one by one.
        noise: variance of a block's noise, relative to that of a pixel, ``(3,)``.
    """
    found = []
    for correlation, share in zip(correlations, noise, strict=True):
        shrink = shrink_matrix(operator, axis, len(correlation))
        shrunk = shrink @ correlation
        found.append(np.linalg.solve(shrunk @ shrink.T + share * np.eye(len(shrink)), shrunk))
    return np.stack(found).mT


def shrink_matrix(operator: Mosaic, axis: Axis, size: int) -> np.ndarray:
    """Return what takes pixels along an axis to their blocks, float64 ``blocks x size``."""
    block = block_numbers(operator, axis, size)
    member = np.equal.outer(np.arange(block[-1] + 1), block)
    if isinstance(operator, Sample):
        member = np.equal.outer(member.argmax(axis=1), np.arange(size))
    return member / member.sum(axis=1, keepdims=True)


def bicubic(obfuscated: Array, degradation: Degradation, prior: Prior) -> Array:
    """Return the bicubic interpolation of the blocks; ``prior`` is not used.

    Raises:
        UsageError: the operator is no mosaic.
    """
    operator = _mosaic_of(degradation, "bicubic")
    blocks = block_means(obfuscated, operator)
    rows, columns = (
        cubic_interpolation(_positions(operator, axis, obfuscated.shape[axis]), blocks.shape[axis])
        for axis in AXES
    )
    return resample(blocks, rows, columns)


def lanczos(obfuscated: Array, degradation: Degradation, prior: Prior) -> Array:
    """Return Pillow's Lanczos interpolation of the blocks; ``prior`` is not used.

    Raises:
        UsageError: the operator is no mosaic.
    """
    operator = _mosaic_of(degradation, "lanczos")
    blocks = to_numpy(block_means(obfuscated, operator))
    height, width = obfuscated.shape[-2:]
    top, left = (
        float(_positions(operator, axis, 1)[0]) + 0.5 - 0.5 / pitch_and_start(operator, axis)[0] + 1
        for axis in AXES
    )
    # Pillow wants the part to scale inside its image: one more block on every side.
    part = (left, top, left + width / operator.across, top + height / operator.down)
    framed = np.pad(blocks, ((0, 0), (0, 0), (1, 1), (1, 1)), "edge").astype(np.float32)
    smooth = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS, part))
        for plane in framed.reshape(-1, *framed.shape[-2:])
    ]
    return constant(np.stack(smooth).reshape(obfuscated.shape), obfuscated)


def _positions(operator: Mosaic, axis: Axis, size: int) -> np.ndarray:
    """Return where each pixel lies between the places that blocks speak for, in blocks."""
    pitch, start = pitch_and_start(operator, axis)
    # A block that the edge cuts comes before the first that begins.
    pixel = np.arange(size) - start + (pitch if start > 0.5 else 0)
    centre = 0.0 if isinstance(operator, Sample) else (pitch - 1) / 2
    return (pixel - centre) / pitch


def _mosaic_of(degradation: Degradation, name: str) -> Mosaic:
    operator = degradation.operator
    if not isinstance(operator, Mosaic):
        raise UsageError(f"{name} undoes mosaics, not {operator}; take lmmse or tikhonov.")
    return operator
