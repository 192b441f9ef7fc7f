"""Where in a photo a mosaic is: the rectangle in which almost nothing changes inside blocks."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.box import Box
from unveil.estimate.mosaic import FLAT, jumps
from unveil.specs import Mosaic

WINDOW_PX = 25
"""Side of the neighbourhood in which still pixels are counted."""

STILL = 0.6
"""Share of still pixels in a mosaic; photos have them in flat places only."""

STILL_JUMP = 2.5 / 255
LEAST_SIDE_PX = 16


def find_mosaic(image: Tensor) -> Box | None:
    """Return the largest rectangle of ``image`` (``1 x 3 x H x W``) that looks like a mosaic.

    The rectangle is rough: to the grid's line it is cut by :func:`snap`.
    """
    if min(image.shape[-2:]) < LEAST_SIDE_PX:
        return None
    still = torch.stack([_still(image, dim) for dim in (-1, -2)])
    near = F.avg_pool2d(still[None], WINDOW_PX, 1, WINDOW_PX // 2, count_include_pad=False)[0]
    # Flat sky and burnt-out white are still too, but nothing jumps there.
    jumping = torch.stack([jumps(image, dim).max() for dim in (-1, -2)]).min() > STILL_JUMP
    mask = (near.amin(dim=0) > STILL).numpy().astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2 or not jumping:
        return None
    left, top, width, height, _ = max(stats[1:].tolist(), key=lambda found: found[4])
    if min(width, height) < LEAST_SIDE_PX:
        return None
    return Box(left, top, width, height)


def snap(image: Tensor, rough: Box, operator: Mosaic, jump: float) -> Box:
    """Return ``rough`` with its edges moved to the grid, as far as whole blocks are flat.

    Args:
        image: ``1 x 3 x H x W``, the whole picture.
        rough: where the mosaic is, within some pixels.
        operator: the mosaic, its grid counted from the corner of ``rough``.
        jump: a typical jump from block to block, in [0,1].
    """
    block = operator.block
    top, left = (rough.top + operator.top) % block, (rough.left + operator.left) % block
    grid = image[..., top:, left:]
    span = F.max_pool2d(grid, block) + F.max_pool2d(-grid, block)
    flat = (span[0].amax(dim=0) <= max(STILL_JUMP, FLAT * jump)).numpy().astype(np.uint8)
    first = max((rough.top - top) // block - 1, 0), max((rough.left - left) // block - 1, 0)
    last = (rough.top + rough.height - top) // block, (rough.left + rough.width - left) // block
    flat = flat[first[0] : last[0] + 1, first[1] : last[1] + 1]
    _, _, stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    if len(stats) < 2:
        return rough
    x, y, width, height, _ = max(stats[1:].tolist(), key=lambda found: found[4])
    return Box(
        left + (first[1] + x) * block, top + (first[0] + y) * block, width * block, height * block
    )


def _still(image: Tensor, dim: int) -> Tensor:
    moved = (jumps(image, dim) <= STILL_JUMP).float()
    return F.pad(moved, (0, 1) if dim == -1 else (0, 0, 0, 1))
