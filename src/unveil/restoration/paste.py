"""Putting a restored rectangle back into its photo, without a seam."""

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.images.box import Box


def paste(picture: Tensor, restored: Tensor, box: Box, reach_px: int) -> Tensor:
    """Return ``picture`` with ``restored`` in ``box``, its rim adapted to what surrounds it.

    Around the box the truth is known, and so is what the restored picture got wrong there. That
    error is carried on into the box and fades out within about ``reach_px``.

    Args:
        picture: ``1 x 3 x H x W``, clean outside the box.
        restored: same shape, restored everywhere.
        box: what to replace.
        reach_px: how far the surroundings say something; a mosaic's block.
    """
    outside = torch.ones_like(picture[:, :1])
    outside[..., *box.place] = 0
    weights = _bell(reach_px).to(picture)
    error = _smooth((picture - restored) * outside, weights)
    known = _smooth(outside, weights)
    carried = error / (known + FADE)
    adapted = (restored + carried).clamp(0, 1)
    return torch.where(outside.bool(), picture, adapted)


FADE = 0.05
"""Share of known neighbours at which their error counts half."""


def _bell(reach_px: int) -> Tensor:
    distance = torch.arange(-2 * reach_px, 2 * reach_px + 1, dtype=torch.float32)
    return torch.exp(-0.5 * (distance / max(reach_px / 2, 1)) ** 2)


def _smooth(images: Tensor, weights: Tensor) -> Tensor:
    weights = weights / weights.sum()
    planes = images.flatten(0, 1)[:, None]
    pad = len(weights) // 2
    planes = F.conv2d(F.pad(planes, (pad, pad, 0, 0), "replicate"), weights.view(1, 1, 1, -1))
    planes = F.conv2d(F.pad(planes, (0, 0, pad, pad), "replicate"), weights.view(1, 1, -1, 1))
    return planes[:, 0].view_as(images)
