"""What is known of a degradation, as planes that a network can read beside the image."""

import math

import torch
from torch import Tensor

from unveil.degradation import AnisotropicGaussian, Blur, Degradation, Mosaic, Sample, Storage
from unveil.degradation.kernels import spread_px

CONDITIONS = 5


def conditions(degradation: Degradation, height: int, width: int) -> Tensor:
    """Return the known parameters as ``CONDITIONS x H x W`` planes of order 1.

    ======  ====================================================================
    blur    strength, how much of its bell the window cuts, storage, and of two widths how far
            they differ along the rows and along the rising diagonal (0, 0 for one width)
    mosaic  size, whether sampled, storage, column and row inside the block
    ======  ====================================================================
    """
    operator, severity = degradation.linear, _severity(degradation.storage)
    if isinstance(operator, Blur):
        constant = [*_blur_numbers(operator), severity]
        places = _slant(operator)[:, None, None].expand(-1, height, width)
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
        case "h264":  # the networks know none; about as coarse as the JPEG of that number
            return (storage.quality or 0) / 30


def _blur_numbers(operator: Blur) -> list[float]:
    std_px = max(spread_px(operator), 0.1)
    return [math.log2(std_px) / 2 - 0.5, operator.kernel / (8 * std_px)]


def _slant(operator: Blur) -> Tensor:
    """Return half the logarithm of the widths' ratio, as a vector at twice the angle."""
    if not isinstance(operator, AnisotropicGaussian):
        return torch.zeros(2)
    half = math.log(operator.sigma_x / operator.sigma_y) / 2
    turn = math.radians(2 * operator.angle_degrees)
    return half * torch.tensor([math.cos(turn), math.sin(turn)])


def _places(operator: Mosaic, height: int, width: int) -> Tensor:
    """Return each pixel's column and row inside its block, from -1 to 1."""
    starts = ((operator.top, height), (operator.left, width))
    rows, columns = (
        ((torch.arange(size) - start) % operator.block * 2 + 1) / operator.block - 1
        for start, size in starts
    )
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"))
