"""What is known of a degradation, as planes that a network can read beside the image."""

import math

import torch
from torch import Tensor

from unveil.operators import blur_kernel
from unveil.specs import Blur, Degradation, Mosaic, Sample, Storage

CONDITIONS = 5


def conditions(degradation: Degradation, height: int, width: int) -> Tensor:
    """Return the known parameters as ``CONDITIONS x H x W`` planes of order 1.

    ======  ====================================================================
    blur    strength, how much of its bell the window cuts, storage, 0, 0
    mosaic  size, whether sampled, storage, column and row inside the block
    ======  ====================================================================
    """
    operator, severity = degradation.linear, _severity(degradation.storage)
    if isinstance(operator, Blur):
        constant, places = [*_blur_numbers(operator), severity], torch.zeros(2, height, width)
    else:
        constant = [math.log2(operator.block) / 4, float(isinstance(operator, Sample)), severity]
        places = _places(operator, height, width)
    return torch.cat([torch.tensor(constant)[:, None, None].expand(-1, height, width), places])


def _severity(storage: Storage) -> float:
    """Return 0 for 8 bits, up to 1 for the coarsest JPEG that the networks know (quality 50)."""
    match storage.kind:
        case "float":
            return -0.5
        case "8bit":
            return 0.0
        case "jpeg":
            return 0.2 + 0.8 * (100 - (storage.quality or 75)) / 50


def _blur_numbers(operator: Blur) -> list[float]:
    kernel = blur_kernel(operator)
    distance = torch.arange(len(kernel), dtype=torch.float64) - len(kernel) // 2
    std_px = max(math.sqrt(float((kernel * distance.square()).sum())), 0.1)
    return [math.log2(std_px) / 2 - 0.5, operator.kernel / (8 * std_px)]


def _places(operator: Mosaic, height: int, width: int) -> Tensor:
    """Return each pixel's column and row inside its block, from -1 to 1."""
    starts = ((operator.top, height), (operator.left, width))
    rows, columns = (
        ((torch.arange(size) - start) % operator.block * 2 + 1) / operator.block - 1
        for start, size in starts
    )
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"))
