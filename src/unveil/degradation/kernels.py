"""The kernels of blurs as float64 tensors that sum to 1: 1-D for each axis, or 2-D."""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.degradation import (
    AnisotropicGaussian,
    Blur,
    BoxBlur,
    Disk,
    GaussianBlur,
    Window,
)
from unveil.degradation.blurs import Planar, Separable


def blur_kernel(operator: Separable, axis: Literal[-2, -1] = -1) -> Tensor:
    """Return the 1-D weights of a blur along an axis, float64 ``(kernel,)``, summing to 1."""
    match operator:
        case GaussianBlur(kernel, sigma):
            distance = torch.arange(kernel, dtype=torch.float64) - kernel // 2
            bell = torch.exp(-0.5 * (distance / sigma) ** 2)
            return bell / bell.sum()
        case BoxBlur(kernel):
            return torch.full((kernel,), 1 / kernel, dtype=torch.float64)
        case Window(across, down) as window:
            weights = torch.tensor((down if axis == -2 else ()) or across, dtype=torch.float64)
            half = F.pad(weights / (2 * weights.sum() - weights[0]), (0, window.kernel // 2))
            half = half[: window.kernel // 2 + 1]
            return torch.cat([half[1:].flip(0), half])


def spread_px(operator: Blur) -> float:
    """Return the standard deviation of a blur's kernel in pixels.

    That along a row; of a planar kernel the root mean square of rows and columns.
    """
    distance = torch.arange(operator.kernel, dtype=torch.float64) - operator.kernel // 2
    if isinstance(operator, Planar):
        window = planar_kernel(operator)
        across = (window.sum(dim=0) + window.sum(dim=1)) / 2
    else:
        across = blur_kernel(operator)
    return math.sqrt(float((across * distance.square()).sum()))


def gaussian_kernel(kernel: int, sigma: float) -> Tensor:
    """Return the 1-D weights of a truncated Gaussian, float64 ``(kernel,)``, summing to 1."""
    return blur_kernel(GaussianBlur(kernel, sigma))


def planar_kernel(operator: Planar) -> Tensor:
    """Return the 2-D weights of a blur, float64 ``(kernel, kernel)``, summing to 1."""
    match operator:
        case Disk(radius):
            edges = torch.arange(operator.kernel + 1, dtype=torch.float64) - operator.kernel / 2
            corner = _quarter_area(edges.abs()[:, None], edges.abs(), radius)
            signed = corner * edges.sign()[:, None] * edges.sign()
            weights = signed.diff(dim=0).diff(dim=1).clamp(min=0)  # of each pixel, the area covered
        case AnisotropicGaussian(sigma_x, sigma_y, angle_degrees):
            distance = torch.arange(operator.kernel, dtype=torch.float64) - operator.kernel // 2
            up, right, angle = -distance[:, None], distance, math.radians(angle_degrees)
            along = (right * math.cos(angle) + up * math.sin(angle)) / sigma_x
            across = (up * math.cos(angle) - right * math.sin(angle)) / sigma_y
            weights = torch.exp(-0.5 * (along.square() + across.square()))
    return weights / weights.sum()


def _quarter_area(height: Tensor, width: Tensor, radius: float) -> Tensor:
    """Return the area of a centred disk inside the rectangle from (0, 0) to (width, height)."""
    height, width = height.clamp(max=radius), width.clamp(max=radius)
    # Up to here the top of the rectangle bounds the area, further out the disk's edge does.
    flat = torch.minimum(width, (radius**2 - height.square()).clamp(min=0).sqrt())
    # The area under a quarter circle from 0 to each end.
    ends = torch.stack([width.expand_as(flat), flat])
    arc = (radius**2 - ends.square()).clamp(min=0).sqrt()
    areas: Tensor = (ends * arc + radius**2 * torch.asin((ends / radius).clamp(max=1))) / 2
    return height * flat + areas[0] - areas[1]
