"""Blurs in the basis where they are diagonal: the cosines of DCT-I, and decorrelated colours.

A window that is its own mirror image, with borders mirrored at the edge pixel, maps every cosine
``cos(pi j k / (N - 1))`` to a multiple of itself, whatever the image's size. So a blur is one
factor a frequency, exactly, and its 2-D matrix is never built (S. A. Martucci, "Symmetric
convolution and the discrete sine and cosine transforms", 1994).

A slanted window (an ``AnisotropicGaussian`` that is turned) has no such basis:
it is undone on a larger picture that wraps around, whose unknown margin is estimated along.
"""

import functools
import math

import torch
from torch import Tensor

from unveil.degradation import Blur
from unveil.degradation.blurs import Planar
from unveil.degradation.filters import mirror
from unveil.degradation.kernels import blur_kernel, planar_kernel

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


def transfer(operator: Blur, height: int, width: int) -> Tensor:
    """Return what a blur multiplies each coefficient of an image by, float32 ``D x H x W``.

    ``D`` is 1, or 2 for a slanted window: where row and column frequency have the same sign, and
    where they have not.
    """
    distance = torch.arange(operator.kernel, dtype=torch.float64) - operator.kernel // 2
    rows, columns = (frequencies(size)[:, None] * distance for size in (height, width))
    if not isinstance(operator, Planar):
        down, across = rows.cos() @ blur_kernel(operator, -2), columns.cos() @ blur_kernel(operator)
        return torch.outer(down, across).float()[None]
    window = planar_kernel(operator)
    even = rows.cos() @ window @ columns.cos().T
    if not is_slanted(operator):
        return even.float()[None]
    odd = rows.sin() @ window @ columns.sin().T
    return torch.stack([even - odd, even + odd]).float()


def apply(operator: Blur, gains: Tensor, images: Tensor) -> Tensor:
    """Multiply the coefficients of RGB ``images`` (``B x 3 x H x W``) by ``gains``.

    Args:
        operator: the blur that the images went through.
        gains: ``D x 3 x H' x W'`` at the frequencies of :func:`grid`, as :func:`transfer` has them.
        images: any float type.
    """
    if not is_slanted(operator):
        return synthesise(gains[0] * analyse(images))
    return to_rgb(_apply_slanted(operator, gains, to_opponent(images)))


MARGIN_ROUNDS = 4
"""After so many the margin changes little; the most that is left to gain is 0.3 dB."""


def _apply_slanted(operator: Blur, gains: Tensor, planes: Tensor) -> Tensor:
    """Filter planes by Fourier transforms of a picture with a margin, which wraps around.

    What lies in the margin follows from the estimate, mirrored and blurred; towards the borders the
    planes fade into that, because what they show there is partly blurred from beyond. (Unknown
    borders as missing data: S. J. Reeves, "Fast image restoration without boundary artifacts",
    2005.)
    """
    reach, size = operator.kernel // 2, planes.shape[-2:]
    blur = _whole(transfer(operator, *gains.shape[-2:])).to(planes)
    gains = _whole(gains).to(planes)
    inside = (..., slice(reach, reach + size[0]), slice(reach, reach + size[1]))
    known = torch.outer(*(_fade(side, reach) for side in size)).to(planes)
    estimate = planes
    for _ in range(MARGIN_ROUNDS):
        seen = _filtered(_extended(estimate, reach, gains), blur)
        seen[inside] += known * (planes - seen[inside])
        estimate = _filtered(seen, gains)[inside]
    return estimate


def _whole(gains: Tensor) -> Tensor:
    """Return gains at the frequencies of ``torch.fft.rfft2``, row frequencies of both signs."""
    return torch.cat([gains[0], gains[1][..., 1:-1, :].flip(-2)], dim=-2)


def _filtered(images: Tensor, gains: Tensor) -> Tensor:
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(images) * gains, s=images.shape[-2:])
    return filtered


def _extended(planes: Tensor, reach: int, gains: Tensor) -> Tensor:
    """Return planes with a mirrored margin, as large as ``gains`` are for."""
    rows, columns = gains.shape[-2], 2 * (gains.shape[-1] - 1)
    return mirror(planes, reach + 1)[..., 1 : rows + 1, 1 : columns + 1]


def _fade(size: int, reach: int) -> Tensor:
    """Return weights that rise from the borders and are 1 from ``reach`` pixels inside on."""
    place = torch.arange(size)
    return torch.minimum(place + 1, size - place).clamp(max=reach) / reach


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
@torch.inference_mode(mode=False)
def _half_weights(size: int) -> Tensor:
    """Return the weights under which DCT-I is orthogonal: a half at both ends."""
    weights = torch.ones(size, dtype=torch.float64)
    if size > 1:
        weights[0] = weights[-1] = 0.5
    return weights


def _orthogonal(grid: Tensor, root: Tensor) -> Tensor:
    size = len(grid)
    cosines = torch.cos(torch.outer(grid, torch.arange(size, dtype=torch.float64)))
    return root[:, None] * cosines * root * math.sqrt(2 / max(size - 1, 1)) if size > 1 else cosines


@functools.lru_cache(maxsize=8)
@torch.inference_mode(mode=False)  # kept, and so not to be of use without gradients only
def basis(size: int) -> Tensor:
    """Return the matrix from ``size`` pixels to their coefficients, float32."""
    root = _half_weights(size).sqrt()
    return (_orthogonal(frequencies(size), root) * root).float()


@functools.lru_cache(maxsize=8)
@torch.inference_mode(mode=False)
def inverse_basis(size: int) -> Tensor:
    """Return the matrix from coefficients to ``size`` pixels, float32."""
    root = _half_weights(size).sqrt()
    return (_orthogonal(frequencies(size), root) / root[:, None]).float()
