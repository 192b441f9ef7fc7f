"""Blurs in the basis where they are diagonal: the cosines of DCT-I, and decorrelated colours.

A window that is its own mirror image, with borders mirrored at the edge pixel, maps every cosine
``cos(pi j k / (N - 1))`` to a multiple of itself, whatever the image's size. So a blur is one
factor a frequency, exactly, and its 2-D matrix is never built (S. A. Martucci, "Symmetric
convolution and the discrete sine and cosine transforms", 1994).

A slanted window (an ``AnisotropicGaussian`` that is turned) has no such basis:
it is undone on a larger picture that wraps around, whose unknown margin is estimated along.
A slanted line is undone by :mod:`unveil.linear.gradients`.
"""

import functools
import math

import numpy as np

from unveil.arrays import Array, array_namespace, constant
from unveil.degradation import Blur
from unveil.degradation.blurs import Planar
from unveil.degradation.filters import edge_weights, irfft2, mirror, resample, rfft2
from unveil.degradation.kernels import blur_kernel, planar_kernel

OPPONENT = (
    (3**-0.5, 3**-0.5, 3**-0.5),
    (2**-0.5, 0.0, -(2**-0.5)),
    (6**-0.5, -2 * 6**-0.5, 6**-0.5),
)
"""Orthonormal axes of brightness, red-blue and green-magenta, along which photos vary nearly
independently (the principal axes of natural images: D. L. Ruderman et al., 1998)."""


def analyse(images: Array) -> Array:
    """Return the coefficients of RGB ``images`` (``B x 3 x H x W``), same shape and dtype.

    Rows and columns are frequencies from 0 to pi radians a pixel; channels are ``OPPONENT``.
    White noise of variance v in the image has variance v in every coefficient (less at the
    borders, where the basis is orthogonal with half weights).
    """
    height, width = images.shape[-2:]
    return resample(mix(images, np.array(OPPONENT)), basis(height), basis(width))


def analyse_adjoint(coefficients: Array) -> Array:
    """Return the adjoint of :func:`analyse` at ``coefficients``: RGB images."""
    height, width = coefficients.shape[-2:]
    return to_rgb(resample(coefficients, basis(height).T, basis(width).T))


def synthesise(coefficients: Array) -> Array:
    """Return the RGB images of ``coefficients``; the inverse of :func:`analyse`."""
    height, width = coefficients.shape[-2:]
    return to_rgb(resample(coefficients, inverse_basis(height), inverse_basis(width)))


def synthesise_adjoint(images: Array) -> Array:
    """Return the adjoint of :func:`synthesise` at RGB ``images``."""
    height, width = images.shape[-2:]
    rows, columns = inverse_basis(height).T, inverse_basis(width).T
    return resample(to_opponent(images), rows, columns)


def is_slanted(operator: Blur) -> bool:
    """Return whether a blur's kernel differs from its mirror image along a row."""
    return isinstance(operator, Planar) and operator.is_slanted


def grid(operator: Blur, height: int, width: int) -> tuple[int, int]:
    """Return at how many frequencies, from 0 to pi along rows and columns, a blur is undone.

    Those of the image, or of one with a margin where the window is slanted.
    """
    if not is_slanted(operator):
        return height, width
    beyond = 2 * (operator.kernel // 2)
    return (height + beyond + 1) // 2 + 1, (width + beyond + 1) // 2 + 1


def transfer(operator: Blur, height: int, width: int) -> np.ndarray:
    """Return what a blur multiplies each coefficient of an image by, float32 ``D x H x W``.

    ``D`` is 1, or 2 for a slanted window: where row and column frequency have the same sign, and
    where they have not.
    """
    distance = np.arange(operator.kernel) - operator.kernel // 2
    rows, columns = (np.outer(frequencies(size), distance) for size in (height, width))
    if not isinstance(operator, Planar):
        down = np.cos(rows) @ blur_kernel(operator, -2)
        return np.outer(down, np.cos(columns) @ blur_kernel(operator)).astype(np.float32)[None]
    window = planar_kernel(operator)
    even = np.cos(rows) @ window @ np.cos(columns).T
    if not is_slanted(operator):
        return even.astype(np.float32)[None]
    odd = np.sin(rows) @ window @ np.sin(columns).T
    return np.stack([even - odd, even + odd]).astype(np.float32)


def apply(operator: Blur, gains: np.ndarray, images: Array) -> Array:
    """Multiply the coefficients of RGB ``images`` (``B x 3 x H x W``) by ``gains``.

    Args:
        operator: the blur that the images went through.
        gains: ``D x 3 x H' x W'`` at the frequencies of :func:`grid`, as :func:`transfer` has them.
        images: any float type.
    """
    if not is_slanted(operator):
        return synthesise(constant(gains[0], images) * analyse(images))
    return to_rgb(_apply_slanted(operator, gains, to_opponent(images)))


MARGIN_ROUNDS = 4
"""After so many the margin changes little; the most that is left to gain is 0.3 dB."""


def _apply_slanted(operator: Blur, gains: np.ndarray, planes: Array) -> Array:
    """Filter planes by Fourier transforms of a picture with a margin, which wraps around.

    What lies in the margin follows from the estimate, mirrored and blurred; towards the borders the
    planes fade into that, because what they show there is partly blurred from beyond. (Unknown
    borders as missing data: S. J. Reeves, "Fast image restoration without boundary artifacts",
    2005.)
    """
    reach, size = operator.kernel // 2, planes.shape[-2:]
    blur = constant(whole(transfer(operator, *gains.shape[-2:])), planes)
    filter_gains = constant(whole(gains), planes)
    inside = (..., slice(reach, reach + size[0]), slice(reach, reach + size[1]))
    known = constant(np.outer(*(_fade(side, reach) for side in size)), planes)
    estimate = planes
    for _ in range(MARGIN_ROUNDS):
        seen = _filtered(_extended(estimate, reach, gains.shape[-2:]), blur)
        seen[inside] += known * (planes - seen[inside])
        estimate = _filtered(seen, filter_gains)[inside]
    return estimate


def whole(gains: np.ndarray) -> np.ndarray:
    """Return gains, ``D x ... x H x W``, at the frequencies of ``rfft2``: rows of both signs."""
    return np.concatenate([gains[0], gains[-1][..., -2:0:-1, :]], axis=-2)


def _filtered(planes: Array, gains: Array) -> Array:
    return irfft2(rfft2(planes) * gains, planes.shape[-2:])


def _extended(planes: Array, reach: int, grid: tuple[int, ...]) -> Array:
    """Return planes with a mirrored margin, as large as gains on ``grid`` are for."""
    rows, columns = (2 * (size - 1) for size in grid)
    return mirror(planes, reach + 1)[..., 1 : rows + 1, 1 : columns + 1]


def _fade(size: int, reach: int) -> np.ndarray:
    """Return weights that rise from the borders and are 1 from ``reach`` pixels inside on."""
    place = np.arange(size)
    return np.minimum(place + 1, size - place).clip(max=reach) / reach


def to_opponent(images: Array) -> Array:
    """Return RGB ``images`` (``B x 3 x H x W``) along the axes of ``OPPONENT``."""
    return mix(images, np.array(OPPONENT))


def to_rgb(images: Array) -> Array:
    """Return the RGB images of what :func:`to_opponent` gave."""
    return mix(images, np.array(OPPONENT).T)


def mix(images: Array, matrix: np.ndarray) -> Array:
    """Multiply the channels of ``images`` (``B x C x H x W``) by a ``C x C`` matrix."""
    xp, (batch, channels) = array_namespace(images), images.shape[:2]
    mixed = constant(matrix, images) @ xp.reshape(images, (batch, channels, -1))
    return xp.reshape(mixed, images.shape)


def frequencies(size: int) -> np.ndarray:
    """Return the frequencies of ``size`` pixels in radians a pixel, float64, 0 to pi."""
    return math.pi * np.arange(size) / max(size - 1, 1)


@functools.lru_cache(maxsize=8)
def basis(size: int) -> np.ndarray:
    """Return the matrix from ``size`` pixels to their coefficients, float32; do not change it."""
    root = np.sqrt(edge_weights(size))
    return (_orthogonal(size, root) * root).astype(np.float32)


@functools.lru_cache(maxsize=8)
def inverse_basis(size: int) -> np.ndarray:
    """Return the matrix from coefficients to ``size`` pixels, float32; do not change it."""
    root = np.sqrt(edge_weights(size))
    return (_orthogonal(size, root) / root[:, None]).astype(np.float32)


def _orthogonal(size: int, root: np.ndarray) -> np.ndarray:
    cosines = np.cos(np.outer(frequencies(size), np.arange(size)))
    return root[:, None] * cosines * root * math.sqrt(2 / max(size - 1, 1)) if size > 1 else cosines
