"""Large images in small pieces, with the same result as in one piece."""

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from unveil.config import TILE_PX
from unveil.console import progress


def apply_tiled(
    function: Callable[[Tensor], Tensor],
    images: Tensor,
    *,
    stride_px: int,
    reach_px: int,
    tile_px: int = TILE_PX,
) -> Tensor:
    """Apply ``function`` to overlapping tiles of ``images`` and put their cores together.

    Args:
        function: maps ``B x C x H x W`` to ``B x D x H x W``; it must be local, as a
            convolutional network without global pooling is.
        images: ``B x C x H x W``.
        stride_px: the grid that ``function`` is tied to (a network's total stride, a mosaic's
            block); tiles start on it.
        reach_px: how far an input pixel can be from an output pixel it changes. Every tile
            carries that much context, so no seam can be seen: results differ from the
            untiled ones by rounding only.
        tile_px: side of a tile's core, at least ``stride_px``.
    """
    height, width = images.shape[-2:]
    core_px = max(tile_px // stride_px, 1) * stride_px
    margin_px = -(-reach_px // stride_px) * stride_px
    if height <= core_px + margin_px and width <= core_px + margin_px:
        return function(images)
    cores = list(itertools.product(_cores(height, core_px), _cores(width, core_px)))
    result = torch.empty(0)
    for (top, bottom), (left, right) in progress(cores, len(cores), "tiles"):
        y, x = max(top - margin_px, 0), max(left - margin_px, 0)
        done = function(images[..., y : bottom + margin_px, x : right + margin_px])
        if not result.numel():
            result = done.new_empty(*done.shape[:2], height, width)
        result[..., top:bottom, left:right] = done[..., top - y : bottom - y, left - x : right - x]
    return result


def _cores(size_px: int, core_px: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size_px, core_px):
        yield start, min(start + core_px, size_px)
