"""Blurs in the basis where they are diagonal: the cosines of DCT-I, and decorrelated colours.

A symmetric window with borders mirrored at the edge pixel maps every cosine
``cos(pi j k / (N - 1))`` to a multiple of itself, whatever the image's size. So a blur is one
factor a frequency, exactly, and its 2-D matrix is never built (S. A. Martucci, "Symmetric
convolution and the discrete sine and cosine transforms", 1994).
"""

import functools
import math

import torch
from torch import Tensor

from unveil.operators import blur_kernel
from unveil.specs import Blur

OPPONENT = (
    (3**-0.5, 3**-0.5, 3**-0.5),
    (2**-0.5, 0.0, -(2**-0.5)),
    (6**-0.5, -2 * 6**-0.5, 6**-0.5),
)
"""Orthonormal axes of brightness, red-blue and green-magenta, along which photos vary nearly
independently (the principal axes of natural images: D. L. Ruderman et al., 1998)."""


def analyse(images: Tensor) -> Tensor:
    """Return the coefficients of RGB ``images`` (``B x 3 x H x W``), same shape, float32.

    Rows and columns are frequencies from 0 to pi radians a pixel; channels are ``OPPONENT``.
    White noise of variance v in the image has variance v in every coefficient (less at the
    borders, where the basis is orthogonal with half weights).
    """
    rows, columns = (basis(size).to(images) for size in images.shape[-2:])
    return rows @ to_opponent(images) @ columns.mT


def synthesise(coefficients: Tensor) -> Tensor:
    """Return the RGB images of ``coefficients``; the inverse of :func:`analyse`."""
    rows, columns = (inverse_basis(size).to(coefficients) for size in coefficients.shape[-2:])
    return to_rgb(rows @ coefficients @ columns.mT)


def transfer(operator: Blur, height: int, width: int) -> Tensor:
    """Return what a blur multiplies each coefficient of an image by, float32 ``H x W``."""
    distance = torch.arange(operator.kernel, dtype=torch.float64) - operator.kernel // 2
    rows, columns = (
        torch.cos(frequencies(size)[:, None] * distance) @ weights
        for size, weights in ((height, blur_kernel(operator, -2)), (width, blur_kernel(operator)))
    )
    return torch.outer(rows, columns).float()


def to_opponent(images: Tensor) -> Tensor:
    """Return RGB ``images`` (``B x 3 x H x W``) along the axes of ``OPPONENT``."""
    return (images.new_tensor(OPPONENT) @ images.flatten(2)).view_as(images)


def to_rgb(images: Tensor) -> Tensor:
    """Return the RGB images of what :func:`to_opponent` gave."""
    return (images.new_tensor(OPPONENT).T @ images.flatten(2)).view_as(images)


def frequencies(size: int) -> Tensor:
    """Return the frequencies of ``size`` pixels in radians a pixel, float64, 0 to pi."""
    return math.pi * torch.arange(size, dtype=torch.float64) / max(size - 1, 1)


@functools.cache
def _half_weights(size: int) -> Tensor:
    """Return the weights under which DCT-I is orthogonal: a half at both ends."""
    weights = torch.ones(size, dtype=torch.float64)
    if size > 1:
        weights[0] = weights[-1] = 0.5
    return weights


def _orthogonal(size: int) -> Tensor:
    root = _half_weights(size).sqrt()
    cosines = torch.cos(torch.outer(frequencies(size), torch.arange(size, dtype=torch.float64)))
    return root[:, None] * cosines * root * math.sqrt(2 / max(size - 1, 1)) if size > 1 else cosines


@functools.lru_cache(maxsize=8)
def basis(size: int) -> Tensor:
    """Return the matrix from ``size`` pixels to their coefficients, float32."""
    return (_orthogonal(size) * _half_weights(size).sqrt()).float()


@functools.lru_cache(maxsize=8)
def inverse_basis(size: int) -> Tensor:
    """Return the matrix from coefficients to ``size`` pixels, float32."""
    return (_orthogonal(size) / _half_weights(size).sqrt()[:, None]).float()
