"""The obfuscating operators as pure functions on image tensors.

Images are ``B x 3 x H x W`` floats (any channel count works); results keep shape, dtype and
device, and stay in [0,1] up to rounding. All operators are linear and separable. How the result
is kept (8-bit, JPEG) is no part of them: see :mod:`unveil.storage`.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.filters import mirror, separable
from unveil.specs import Blur, BoxBlur, GaussianBlur, Operator, Pixelate, Sample


def obfuscate(images: Tensor, operator: Operator) -> Tensor:
    """Apply ``operator`` to ``images``, ``B x C x H x W``."""
    match operator:
        case GaussianBlur(kernel, sigma):
            return gaussian_blur(images, kernel, sigma)
        case BoxBlur(kernel):
            return box_blur(images, kernel)
        case Pixelate(block, left, top):
            return pixelate(images, block, left, top)
        case Sample(block, left, top):
            return sample(images, block, left, top)


def blur_kernel(operator: Blur) -> Tensor:
    """Return the 1-D weights of a blur, float64 of shape ``(kernel,)``, summing to 1."""
    match operator:
        case GaussianBlur(kernel, sigma):
            return gaussian_kernel(kernel, sigma)
        case BoxBlur(kernel):
            return torch.full((kernel,), 1 / kernel, dtype=torch.float64)


def gaussian_kernel(kernel: int, sigma: float) -> Tensor:
    """Return the weights of a truncated Gaussian, float64 of shape ``(kernel,)``, summing to 1."""
    distance = torch.arange(kernel, dtype=torch.float64) - kernel // 2
    weights = torch.exp(-0.5 * (distance / sigma) ** 2)
    return weights / weights.sum()


def gaussian_blur(images: Tensor, kernel: int, sigma: float) -> Tensor:
    """Blur ``images`` (``B x C x H x W``) as :class:`unveil.specs.GaussianBlur` defines it."""
    return _convolve(images, gaussian_kernel(kernel, sigma))


def box_blur(images: Tensor, kernel: int) -> Tensor:
    """Blur ``images`` (``B x C x H x W``) as :class:`unveil.specs.BoxBlur` defines it."""
    return _convolve(images, blur_kernel(BoxBlur(kernel)))


def _convolve(images: Tensor, weights: Tensor) -> Tensor:
    """Correlate along both axes with symmetric ``weights``, borders mirrored.

    Two 1-D passes: the 2-D window is their outer product. Images smaller than the window
    are mirrored as often as needed, as SciPy does.
    """
    return separable(mirror(images, len(weights) // 2), weights)


def pixelate(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Paint every ``block`` x ``block`` square of ``images`` with its mean.

    ``images`` is ``B x C x H x W``; see :class:`unveil.specs.Pixelate` for the grid and cut
    blocks. An orthogonal projection: idempotent and self-adjoint.
    """
    return paint(block_means(images, block, left, top), images, block, left, top)


def block_means(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Return the mean of every block of ``images``, ``B x C x rows x columns`` of blocks."""
    before = (-left % block, 0, -top % block, 0)
    ones = torch.ones_like(images[:1, :1])
    # With ceil_mode a window that overhangs the image divides by the pixels it really has; on
    # the near side it holds zeros, which the second pooling counts.
    means, held = (
        F.avg_pool2d(F.pad(plane, before), block, ceil_mode=True) for plane in (images, ones)
    )
    return means / held


def paint(blocks: Tensor, images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Return an image as large as ``images`` in which every pixel has its block's value."""
    height, width = images.shape[-2:]
    y, x = -top % block, -left % block
    painted = blocks.repeat_interleave(block, dim=-2).repeat_interleave(block, dim=-1)
    return painted[..., y : y + height, x : x + width]


def sample(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Paint every ``block`` x ``block`` square of ``images`` with the first pixel it has.

    ``images`` is ``B x C x H x W``; see :class:`unveil.specs.Sample`.
    """
    for dim, start in ((-2, top), (-1, left)):
        pixel = torch.arange(images.shape[dim], device=images.device)
        first = torch.div(pixel - start, block, rounding_mode="floor") * block + start
        images = images.index_select(dim, first.clamp(min=0))
    return images


def is_sampled(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Return which pixels :func:`sample` paints their block with, bool ``H x W``."""
    height, width = images.shape[-2:]
    rows, columns = (
        (torch.arange(size, device=images.device) - start) % block == 0
        for size, start in ((height, top), (width, left))
    )
    rows[0] = columns[0] = True  # the first pixel that a cut block has
    return rows[:, None] & columns
