"""Operators as pure functions on image tensors.

Images are ``B x C x H x W`` floats; results keep shape, dtype and device, and stay in [0,1] up to
rounding. Blurs and mosaics are linear. Storage (8 bits, JPEG) is a separate step:
:mod:`unveil.degradation.degrade`.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.degradation import (
    Downscale,
    DpPix,
    Median,
    Noise,
    Operator,
    Pixelate,
    Poisson,
    Sample,
    Solid,
    Unchanged,
)
from unveil.degradation.blurs import Planar, Separable
from unveil.degradation.filters import mirror, planar, separable
from unveil.degradation.kernels import blur_kernel, gaussian_kernel, planar_kernel


def obfuscate(images: Tensor, operator: Operator) -> Tensor:  # noqa: C901  # one case each
    """Apply ``operator`` to ``images``.

    Args:
        images: ``B x C x H x W`` floats in [0,1].
        operator: what to apply. Blurs and mosaics take values of any range, too.

    Returns:
        Images of the same shape, dtype and device.

    Examples:
        >>> import torch
        >>> from unveil.degradation import Pixelate
        >>> row = torch.tensor([0.0, 0.5, 1.0, 1.0]).view(1, 1, 1, 4)
        >>> obfuscate(row, Pixelate(block=2)).flatten().tolist()
        [0.25, 0.25, 1.0, 1.0]
    """
    if isinstance(operator, Separable):
        return _convolve(images, blur_kernel(operator), blur_kernel(operator, -2))
    if isinstance(operator, Planar):
        return planar(mirror(images, operator.kernel // 2), planar_kernel(operator))
    match operator:
        case Pixelate(block, left, top):
            return pixelate(images, block, left, top)
        case Sample(block, left, top):
            return sample(images, block, left, top)
        case Median(kernel):
            return median(images, kernel)
        case Downscale(factor):
            return downscale(images, factor)
        case Solid(level):
            return torch.full_like(images, level / 255)
        case Noise(std, seed):
            return add_noise(images, std, seed)
        case Poisson(photons, seed):
            return shot_noise(images, photons, seed)
        case DpPix():
            return dp_pix(images, operator)
        case Unchanged():
            return images


def gaussian_blur(images: Tensor, kernel: int, sigma: float) -> Tensor:
    """Blur ``images`` (``B x C x H x W``); see :class:`unveil.degradation.GaussianBlur`."""
    return _convolve(images, gaussian_kernel(kernel, sigma))


def _convolve(images: Tensor, across: Tensor, down: Tensor | None = None) -> Tensor:
    """Correlate with a separable kernel in two 1-D passes, borders mirrored.

    Args:
        images: ``B x C x H x W``.
        across: symmetric weights along the rows, ``(K,)``.
        down: the same along the columns (default: ``across``).
    """
    is_plain = images.device.type == "cpu" and images.dtype == torch.float32
    if is_plain and not images.requires_grad and images[0, 0].numel() > LARGE_PX:
        return _convolve_large(images, across, across if down is None else down)
    return separable(mirror(images, len(across) // 2), across, down)


LARGE_PX = 500_000
"""Above this number of pixels OpenCV blurs, in a thirtieth of the time that torch takes."""


def _convolve_large(images: Tensor, across: Tensor, down: Tensor) -> Tensor:
    rows, columns = across.numpy(), down.numpy()
    planes = images.detach().flatten(0, 1).numpy()
    border = cv2.BORDER_REFLECT_101
    done = [cv2.sepFilter2D(plane, -1, rows, columns, borderType=border) for plane in planes]
    return torch.from_numpy(np.stack(done)).view_as(images)


def pixelate(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Replace every block of ``images`` by its mean, ``B x C x H x W``.

    See :class:`unveil.degradation.Pixelate` for the grid and for blocks cut by the edge. The map
    is an orthogonal projection: idempotent and self-adjoint.
    """
    return paint(block_means(images, block, left, top), images, block, left, top)


def block_means(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Return the mean of every block, ``B x C x rows x columns``; ``images`` as in `pixelate`."""
    before = (-left % block, 0, -top % block, 0)
    ones = torch.ones_like(images[:1, :1])
    # ceil_mode averages only the pixels that a block at the far edges has. At the near edges the
    # padding adds zeros; pooling ones tells how much of each block is image.
    means, held = (
        F.avg_pool2d(F.pad(plane, before), block, ceil_mode=True) for plane in (images, ones)
    )
    return means / held


def paint(blocks: Tensor, images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Enlarge ``blocks`` (``B x C x rows x columns``) to the size of ``images``."""
    height, width = images.shape[-2:]
    y, x = -top % block, -left % block
    painted = blocks.repeat_interleave(block, dim=-2).repeat_interleave(block, dim=-1)
    return painted[..., y : y + height, x : x + width]


def sample(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Replace every block of ``images`` by its top-left pixel, ``B x C x H x W``.

    See :class:`unveil.degradation.Sample`.
    """
    for dim, start in ((-2, top), (-1, left)):
        pixel = torch.arange(images.shape[dim], device=images.device)
        first = torch.div(pixel - start, block, rounding_mode="floor") * block + start
        images = images.index_select(dim, first.clamp(min=0))
    return images


def is_sampled(images: Tensor, block: int, left: int = 0, top: int = 0) -> Tensor:
    """Return which pixels of ``images`` :func:`sample` keeps, bool ``H x W``."""
    height, width = images.shape[-2:]
    rows, columns = (
        (torch.arange(size, device=images.device) - start) % block == 0
        for size, start in ((height, top), (width, left))
    )
    rows[0] = columns[0] = True  # the first pixel of a block cut by the edge
    return rows[:, None] & columns


def median(images: Tensor, kernel: int) -> Tensor:
    """Median filter of ``images``, ``B x C x H x W``; see :class:`unveil.degradation.Median`.

    OpenCV's takes constant time per pixel (S. Perreault and P. Hebert, "Median filtering in
    constant time", 2007), where sorting every window takes hours for a folder of faces.
    """
    framed = (mirror(images, kernel // 2) * 255).round().byte()
    planes = (cv2.medianBlur(plane, kernel) for plane in framed.flatten(0, 1).cpu().numpy())
    edge, (height, width) = kernel // 2, images.shape[-2:]
    inner = np.stack([plane[edge : edge + height, edge : edge + width] for plane in planes])
    return torch.from_numpy(inner).to(images).view_as(images) / 255


def downscale(images: Tensor, factor: float) -> Tensor:
    """Downscale and enlarge ``images``; see :class:`unveil.degradation.Downscale`."""
    size = images.shape[-2:]
    small = (max(round(size[0] / factor), 1), max(round(size[1] / factor), 1))
    shrunk = F.adaptive_avg_pool2d(images, small)
    return F.interpolate(shrunk, size=size, mode="bicubic", align_corners=False).clamp(0, 1)


def add_noise(images: Tensor, std: float, seed: int) -> Tensor:
    """Add Gaussian noise, independent per image; see :class:`unveil.degradation.Noise`."""
    generator = torch.Generator(images.device).manual_seed(seed)
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return (images + noise.to(images.dtype) * (std / 255)).clamp(0, 1)


def shot_noise(images: Tensor, photons: float, seed: int) -> Tensor:
    """Add shot noise, independent per image; see :class:`unveil.degradation.Poisson`."""
    generator = torch.Generator(images.device).manual_seed(seed)
    counts = torch.poisson(images.clamp(min=0) * photons, generator=generator)
    return (counts / photons).clamp(0, 1)


def dp_pix(images: Tensor, operator: DpPix) -> Tensor:
    """Pixelate with Laplacian noise on the means; see :class:`unveil.degradation.DpPix`."""
    means = block_means(images, operator.block)
    scale = operator.pixels / (operator.block**2 * operator.epsilon)
    generator = torch.Generator(images.device).manual_seed(operator.seed)
    uniform = torch.rand(means.shape, generator=generator, device=images.device) - 0.5
    # The inverse of the Laplacian's cumulative distribution function.
    noise = -scale * uniform.sign() * (1 - 2 * uniform.abs()).clamp(min=1e-12).log()
    return paint((means + noise.to(means.dtype)).clamp(0, 1), images, operator.block)
