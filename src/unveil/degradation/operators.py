"""Operators as pure functions on image arrays.

Images are ``B x C x H x W`` floats; results keep shape, dtype and device, and stay in [0,1] up to
rounding. Blurs and mosaics are linear. Storage (8 bits, JPEG) is a separate step:
:mod:`unveil.degradation.degrade`.
"""

from typing import Literal

import cv2
import numpy as np

from unveil.arrays import Array, array_namespace, constant, is_torch_array, to_numpy
from unveil.degradation import (
    Downscale,
    DpPix,
    Median,
    Mosaic,
    Noise,
    Operator,
    Pixelate,
    Poisson,
    Sample,
    Solid,
    Unchanged,
    UnevenPixelate,
)
from unveil.degradation.blurs import Planar, Separable
from unveil.degradation.filters import (
    cubic_interpolation,
    mirror,
    planar,
    resample,
    separable_mirrored,
    take,
)
from unveil.degradation.kernels import blur_kernel, gaussian_kernel, planar_kernel
from unveil.degradation.mosaics import pitch_and_start
from unveil.degradation.randomness import generator


def obfuscate(images: Array, operator: Operator) -> Array:  # noqa: C901  # one case each
    """Apply ``operator`` to ``images``.

    Args:
        images: ``B x C x H x W`` floats in [0,1].
        operator: what to apply. Blurs and mosaics take values of any range, too.

    Returns:
        Images of the same shape, dtype and device.

    Examples:
        >>> from unveil.degradation import Pixelate
        >>> row = np.array([0.0, 0.5, 1.0, 1.0]).reshape(1, 1, 1, 4)
        >>> obfuscate(row, Pixelate(block=2)).flatten().tolist()
        [0.25, 0.25, 1.0, 1.0]
    """
    if isinstance(operator, Separable):
        return _convolve(images, blur_kernel(operator), blur_kernel(operator, -2))
    if isinstance(operator, Planar):
        return planar(mirror(images, operator.kernel // 2), planar_kernel(operator))
    match operator:
        case Pixelate() | UnevenPixelate():
            return _pixelated(images, operator)
        case Sample(block, left, top):
            return sample(images, block, left, top)
        case Median(kernel):
            return median(images, kernel)
        case Downscale(factor):
            return downscale(images, factor)
        case Solid(level):
            return array_namespace(images).full_like(images, level / 255)
        case Noise(std, seed):
            return add_noise(images, std, seed)
        case Poisson(photons, seed):
            return shot_noise(images, photons, seed)
        case DpPix():
            return dp_pix(images, operator)
        case Unchanged():
            return images


def gaussian_blur(images: Array, kernel: int, sigma: float) -> Array:
    """Blur ``images`` (``B x C x H x W``); see :class:`unveil.degradation.GaussianBlur`."""
    return _convolve(images, gaussian_kernel(kernel, sigma))


def _convolve(images: Array, across: np.ndarray, down: np.ndarray | None = None) -> Array:
    """Correlate with a separable kernel in two 1-D passes, borders mirrored.

    Args:
        images: ``B x C x H x W``.
        across: symmetric weights along the rows, ``(K,)``.
        down: the same along the columns (default: ``across``).
    """
    down = across if down is None else down
    if is_torch_array(images) and _is_faster_in_opencv(images):
        return constant(separable_mirrored(to_numpy(images), across, down), images)
    return separable_mirrored(images, across, down)


LARGE_PX = 500_000
"""Above this number of pixels OpenCV blurs in a thirtieth of the time that torch takes."""


def _is_faster_in_opencv(images: Array) -> bool:
    height, width = images.shape[-2:]
    is_plain = images.device.type == "cpu" and images.element_size() == 4
    return is_plain and not images.requires_grad and height * width > LARGE_PX


def pixelate(images: Array, block: int, left: int = 0, top: int = 0) -> Array:
    """Replace every block of ``images`` by its mean; see :class:`unveil.degradation.Pixelate`."""
    return _pixelated(images, Pixelate(block, left, top))


def _pixelated(images: Array, mosaic: Pixelate | UnevenPixelate) -> Array:
    """Replace every block by its mean: an orthogonal projection, idempotent and self-adjoint."""
    return paint(block_means(images, mosaic), images, mosaic)


def block_means(images: Array, mosaic: Mosaic) -> Array:
    """Return the mean of every block of ``images``, ``B x C x rows x columns``.

    Blocks that the edge cuts are means of the pixels that they have.
    """
    counts = np.outer(*(np.bincount(numbers) for numbers in _numbers(mosaic, images)))
    return block_sums(images, mosaic) / constant(counts, images)


def block_sums(images: Array, mosaic: Mosaic) -> Array:
    """Return the sum of every block of ``images``, ``B x C x rows x columns``."""
    numbers = _numbers(mosaic, images)
    even = mosaic.whole if isinstance(mosaic, UnevenPixelate) else mosaic
    if even is None:
        return resample(images, *(np.equal.outer(np.arange(n[-1] + 1), n) for n in numbers))
    xp, block, (height, width) = array_namespace(images), even.block, images.shape[-2:]
    rows, columns = (n[-1] + 1 for n in numbers)
    y, x = -even.top % block, -even.left % block
    shape = (*images.shape[:2], rows * block, columns * block)
    framed = xp.zeros(shape, dtype=images.dtype, device=images.device)
    framed[..., y : y + height, x : x + width] = images
    return xp.sum(xp.reshape(framed, (*shape[:2], rows, block, columns, block)), axis=(3, 5))


def paint(blocks: Array, images: Array, mosaic: Mosaic) -> Array:
    """Enlarge ``blocks`` (``B x C x rows x columns``) to the size of ``images``."""
    rows, columns = _numbers(mosaic, images)
    return take(take(blocks, rows, -2), columns, -1)


def _numbers(mosaic: Mosaic, images: Array) -> tuple[np.ndarray, np.ndarray]:
    """Return which row and which column of blocks each row and column of pixels lies in."""
    height, width = images.shape[-2:]
    return block_numbers(mosaic, -2, height), block_numbers(mosaic, -1, width)


def block_numbers(mosaic: Mosaic, axis: Literal[-2, -1], size: int) -> np.ndarray:
    """Return which block each pixel along an axis lies in by its centre, from 0, ``(size,)``."""
    pitch, start = pitch_and_start(mosaic, axis)
    numbers = np.floor((np.arange(size) + 0.5 - start) / pitch + ON_BORDER).astype(int)
    return numbers - numbers[0]


ON_BORDER = 1e-9
"""Share of a block by which a centre may miss a border that it lies on, by rounding."""


def sample(images: Array, block: int, left: int = 0, top: int = 0) -> Array:
    """Replace every block of ``images`` by its top-left pixel, ``B x C x H x W``.

    See :class:`unveil.degradation.Sample`.
    """
    for axis, start in ((-2, top), (-1, left)):
        first = (np.arange(images.shape[axis]) - start) // block * block + start
        images = take(images, first.clip(min=0), axis)
    return images


def is_sampled(height: int, width: int, operator: Sample) -> np.ndarray:
    """Return which pixels of an image :func:`sample` keeps, bool ``H x W``."""
    rows, columns = (
        (np.arange(size) - start) % operator.block == 0
        for size, start in ((height, operator.top), (width, operator.left))
    )
    rows[0] = columns[0] = True  # the first pixel of a block cut by the edge
    return np.logical_and.outer(rows, columns)


def median(images: Array, kernel: int) -> Array:
    """Median filter of ``images``, ``B x C x H x W``; see :class:`unveil.degradation.Median`.

    OpenCV's takes constant time per pixel (S. Perreault and P. Hebert, "Median filtering in
    constant time", 2007), where sorting every window takes hours for a folder of faces.
    """
    edge = kernel // 2
    framed = np.round(to_numpy(mirror(images, edge)) * 255).astype(np.uint8)
    planes = framed.reshape(-1, *framed.shape[-2:])
    filtered = np.stack([cv2.medianBlur(plane, kernel) for plane in planes]).reshape(framed.shape)
    height, width = images.shape[-2:]
    return constant(filtered[..., edge : edge + height, edge : edge + width] / 255.0, images)


def downscale(images: Array, factor: float) -> Array:
    """Downscale and enlarge ``images``; see :class:`unveil.degradation.Downscale`."""
    sizes = [(size, max(round(size / factor), 1)) for size in images.shape[-2:]]
    shrunk = resample(images, *(_area_means(large, small) for large, small in sizes))
    places = [
        cubic_interpolation((np.arange(large) + 0.5) * small / large - 0.5, small)
        for large, small in sizes
    ]
    return array_namespace(images).clip(resample(shrunk, *places), 0, 1)


def _area_means(size: int, parts: int) -> np.ndarray:
    """Return the matrix from ``size`` pixels to the means of ``parts`` pixels, ``parts x size``.

    A part is the mean of all pixels that it touches, as in PyTorch's adaptive pooling.
    """
    part, pixel = np.arange(parts)[:, None], np.arange(size)
    member = (pixel >= part * size // parts) & (pixel < -((part + 1) * size // -parts))
    return member / member.sum(axis=1, keepdims=True)


def add_noise(images: Array, std: float, seed: int | None) -> Array:
    """Add Gaussian noise, independent per image; see :class:`unveil.degradation.Noise`."""
    noise = generator(seed).standard_normal(tuple(images.shape), dtype=np.float32)
    return array_namespace(images).clip(images + constant(noise * (std / 255), images), 0, 1)


def shot_noise(images: Array, photons: float, seed: int | None) -> Array:
    """Add shot noise, independent per image; see :class:`unveil.degradation.Poisson`."""
    counts = generator(seed).poisson(to_numpy(images).clip(min=0) * photons)
    return array_namespace(images).clip(constant(counts / photons, images), 0, 1)


def dp_pix(images: Array, operator: DpPix) -> Array:
    """Pixelate with Laplacian noise on the means; see :class:`unveil.degradation.DpPix`."""
    mosaic = Pixelate(operator.block)
    means = block_means(images, mosaic)
    scale = operator.pixels / (operator.block**2 * operator.epsilon)
    noise = generator(operator.seed).laplace(scale=scale, size=tuple(means.shape))
    noisy = array_namespace(images).clip(means + constant(noise, images), 0, 1)
    return paint(noisy, images, mosaic)
