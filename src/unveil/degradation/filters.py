"""Filtering of image planes, shared by the operators, the metrics and the closed forms."""

import cv2
import numpy as np

from unveil.arrays import Array, array_namespace, constant, is_torch_array


def separable(images: Array, weights: np.ndarray, down: np.ndarray | None = None) -> Array:
    """Correlate every plane of ``images`` with a separable kernel, without padding.

    Args:
        images: ``B x C x H x W`` floats.
        weights: ``K`` weights along the rows, ``K`` odd; the 2-D kernel is an outer product.
        down: ``K`` weights along the columns (default: ``weights``).

    Returns:
        ``B x C x (H-K+1) x (W-K+1)``, dtype and device of ``images``.
    """
    down = weights if down is None else down
    if is_torch_array(images):
        return _separable_torch(images, weights, down)
    reach = len(weights) // 2
    height, width = images.shape[-2:]
    inner = (..., slice(reach, height - reach), slice(reach, width - reach))
    return _separable_opencv(images, weights, down)[inner]


def separable_mirrored(images: Array, weights: np.ndarray, down: np.ndarray) -> Array:
    """Correlate as :func:`separable` does, with mirrored borders; same shape as ``images``."""
    if is_torch_array(images):
        return _separable_torch(mirror(images, len(weights) // 2), weights, down)
    return _separable_opencv(images, weights, down)


def _separable_torch(images: Array, weights: np.ndarray, down: np.ndarray) -> Array:
    from torch.nn import functional as F

    batch, channels, height, width = images.shape
    planes = batch * channels
    row, column = (
        constant(taps, images).view(1, 1, -1, 1).expand(planes, 1, -1, 1)
        for taps in (weights, down)
    )
    # One group per plane is 15 times as fast on the CPU as a batch of one-channel images.
    passed = F.conv2d(images.reshape(1, planes, height, width), column, groups=planes)
    passed = F.conv2d(passed, row.transpose(2, 3), groups=planes)
    return passed.view(batch, channels, *passed.shape[2:])


def _separable_opencv(images: np.ndarray, weights: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Correlate with mirrored borders, as :func:`mirror` has them."""
    filtered = np.empty(images.shape, images.dtype)  # planes one after another
    for plane, target in zip(_planes(images), _planes(filtered), strict=True):
        cv2.sepFilter2D(plane, -1, weights, down, dst=target, borderType=cv2.BORDER_REFLECT_101)
    return filtered


def _planes(images: np.ndarray) -> np.ndarray:
    return images.reshape(-1, *images.shape[-2:])


def planar(images: Array, weights: np.ndarray) -> Array:
    """Convolve every plane of ``images`` with a 2-D kernel, without padding.

    By Fourier transforms, so that the time does not grow with the kernel.

    Args:
        images: ``B x C x H x W``.
        weights: ``K x K``.

    Returns:
        ``B x C x (H-K+1) x (W-K+1)``, dtype and device of ``images``.
    """
    height, width = images.shape[-2:]
    reach = weights.shape[-1] - 1
    # Lengths of small factors are transformed fastest: 135 takes half the time of 134.
    size = cv2.getOptimalDFTSize(height), cv2.getOptimalDFTSize(width)
    spectrum = rfft2(constant(weights, images), size)
    return irfft2(rfft2(images, size) * spectrum, size)[..., reach:height, reach:width]


def rfft2(planes: Array, size: tuple[int, ...] | None = None) -> Array:
    """Return the Fourier transform of real planes over their last two axes."""
    return array_namespace(planes).fft.rfftn(planes, s=size, axes=(-2, -1))


def irfft2(spectrum: Array, size: tuple[int, ...]) -> Array:
    """Return the real planes, ``size`` pixels each, of a transform by :func:`rfft2`."""
    return array_namespace(spectrum).fft.irfftn(spectrum, s=size, axes=(-2, -1))


def mirror(images: Array, pad: int) -> Array:
    """Pad both axes of ``B x C x H x W`` by ``pad`` pixels per side, mirrored at the edge pixel.

    The edge pixel is not repeated. Images smaller than ``pad`` are mirrored repeatedly, as SciPy
    does.

    Examples:
        >>> mirror(np.array([[[[1, 2, 3]]]]), 2)[0, 0, 2].tolist()
        [3, 2, 1, 2, 3, 2, 1]
    """
    for axis in (-2, -1):
        images = take(images, _mirrored(images.shape[axis], pad), axis)
    return images


def fold(images: Array, pad: int) -> Array:
    """Add what lies in a border of ``pad`` pixels to the pixels that :func:`mirror` has it from.

    The adjoint of :func:`mirror`.

    Examples:
        >>> fold(np.ones((1, 1, 5, 7)), 2)[0, 0].tolist()
        [[10.0, 15.0, 10.0]]
    """
    sizes = (side - 2 * pad for side in images.shape[-2:])
    rows, columns = (np.equal.outer(np.arange(size), _mirrored(size, pad)) for size in sizes)
    return resample(images, rows, columns)


def _mirrored(size: int, pad: int) -> np.ndarray:
    """Return the index of every pixel of a mirrored row, ``(size + 2 pad,)``."""
    period = mirror_period(size)
    index = np.arange(-pad, size + pad) % period
    return np.minimum(index, period - index)


def mirror_period(size: int) -> int:
    """Return after how many pixels a row that is mirrored again and again repeats."""
    return max(2 * (size - 1), 1)


def edge_weights(size: int) -> np.ndarray:
    """Return the share of each pixel in a mirrored row: 1, and a half at both ends.

    The ends are there once in a period, the other pixels twice.
    """
    weights = np.ones(size)
    if size > 1:
        weights[[0, -1]] = 0.5
    return weights


def take(images: Array, index: np.ndarray, axis: int) -> Array:
    """Return the entries of ``images`` at ``index`` along ``axis``."""
    index = constant(index, images, keep_dtype=True)
    return array_namespace(images).take(images, index, axis=axis)


def resample(images: Array, rows: np.ndarray, columns: np.ndarray) -> Array:
    """Resample the planes of ``images`` by a matrix for each axis.

    Args:
        images: ``B x C x H x W``.
        rows: ``H' x H``.
        columns: ``W' x W``.

    Returns:
        ``B x C x H' x W'``.
    """
    return constant(rows, images) @ images @ constant(columns, images).T


def cubic_interpolation(positions: np.ndarray, size: int) -> np.ndarray:
    """Return the matrix of cubic interpolation between ``size`` pixels, ``positions x size``.

    By R. G. Keys' kernel ("Cubic convolution interpolation", 1981) with a = -0.75, as OpenCV and
    PyTorch have it. Beyond the borders the edge pixel is repeated.
    """
    first = np.floor(positions).astype(np.int64)
    matrix = np.zeros((len(positions), size))
    for offset in range(-1, 3):
        weight = keys(np.abs(positions - first - offset))
        np.add.at(matrix, (np.arange(len(positions)), (first + offset).clip(0, size - 1)), weight)
    return matrix


def keys(distance: np.ndarray, a: float = -0.75) -> np.ndarray:
    """Return the weights of Keys' kernel at distances of 0 and more, in pixels."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
