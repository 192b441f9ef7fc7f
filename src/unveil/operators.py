"""The obfuscating operators as pure functions on image tensors.

Images are ``B x 3 x H x W`` floats (any channel count works); results keep shape, dtype and
device, and stay in [0,1] up to rounding. Both operators are linear. How the result is kept
(8-bit, JPEG) is no part of them: see :mod:`unveil.storage`.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.filters import mirror, separable
from unveil.specs import GaussianBlur, Operator, Pixelate


def obfuscate(images: Tensor, operator: Operator) -> Tensor:
    """Apply ``operator`` to ``images``, ``B x C x H x W``."""
    match operator:
        case GaussianBlur(kernel, sigma):
            return gaussian_blur(images, kernel, sigma)
        case Pixelate(block):
            return pixelate(images, block)


def gaussian_kernel(kernel: int, sigma: float) -> Tensor:
    """Return the 1-D weights of the blur, float64 of shape ``(kernel,)``, summing to 1."""
    distance = torch.arange(kernel, dtype=torch.float64) - kernel // 2
    weights = torch.exp(-0.5 * (distance / sigma) ** 2)
    return weights / weights.sum()


def gaussian_blur(images: Tensor, kernel: int, sigma: float) -> Tensor:
    """Blur ``images`` (``B x C x H x W``) as :class:`unveil.specs.GaussianBlur` defines it.

    Two 1-D passes: the 2-D window is their outer product. Images smaller than the window
    are mirrored as often as needed, as SciPy does.
    """
    return separable(mirror(images, kernel // 2), gaussian_kernel(kernel, sigma))


def pixelate(images: Tensor, block: int) -> Tensor:
    """Paint every ``block`` x ``block`` square of ``images`` with its mean.

    ``images`` is ``B x C x H x W``; see :class:`unveil.specs.Pixelate` for partial blocks.
    An orthogonal projection: idempotent and self-adjoint.
    """
    height, width = images.shape[-2:]
    # With ceil_mode a window that overhangs the image divides by the pixels it really has.
    means = F.avg_pool2d(images, block, ceil_mode=True)
    painted = means.repeat_interleave(block, dim=-2).repeat_interleave(block, dim=-1)
    return painted[..., :height, :width]
