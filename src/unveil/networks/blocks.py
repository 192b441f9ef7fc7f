"""What several networks share: residual blocks, padding, and a degradation as planes."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from unveil.degradation import AnisotropicGaussian, Blur, Degradation, Mosaic, Sample, Storage
from unveil.degradation.kernels import spread_px

CONDITIONS = 5
"""Number of planes."""

MIN_STD_PX = 0.1
"""Standard deviation that a sharper blur counts as."""


class ResidualBlock(nn.Module):
    """``x + second(activation(first(x)))``: two 3x3 convolutions beside an identity.

    There is no batch normalisation, for the reason given in :mod:`unveil.networks.cae`. Networks
    start their blocks near the identity instead, each in its own way.

    Args:
        width: channels of input and output.
        activation: between the convolutions.
    """

    def __init__(self, width: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Map ``B x width x H x W`` to the same shape."""
        change: Tensor = self.second(self.activation(self.first(x)))
        return x + change


def pad_to_multiple(images: Tensor, multiple: int, least: int = 1) -> Tensor:
    """Repeat the last row and column until both sides are multiples of ``multiple``.

    Args:
        images: ``B x C x H x W``.
        multiple: in pixels.
        least: smallest number of multiples of each side.

    Examples:
        >>> pad_to_multiple(torch.zeros(1, 3, 9, 16), 8).shape
        torch.Size([1, 3, 16, 16])
    """
    # Not -(-side // multiple): the ONNX exporter truncates where Python rounds down.
    height, width = (
        max((side + multiple - 1) // multiple, least) * multiple for side in images.shape[-2:]
    )
    if (height, width) == images.shape[-2:]:
        return images
    missing = (0, width - images.shape[-1], 0, height - images.shape[-2])
    return nn.functional.pad(images, missing, "replicate")


def conditions(degradation: Degradation, height: int, width: int) -> Tensor:
    """Return the parameters of a degradation as ``CONDITIONS x H x W`` planes of order 1.

    ======  ====================================================================
    blur    strength, kernel width per standard deviation, coarseness of the storage, and the
            anisotropy as a vector at twice its angle (0, 0 where the blur is isotropic)
    mosaic  block size, whether sampled, coarseness of the storage, column and row in the block
    ======  ====================================================================

    Raises:
        UsageError: the operator is not linear.

    Examples:
        >>> from unveil.degradation import Pixelate
        >>> conditions(Degradation(Pixelate(4), Storage("jpeg", 50)), 6, 7)[:3, 0, 0]
        tensor([0.5000, 0.0000, 1.0000])
    """
    operator, coarseness = degradation.linear, _coarseness(degradation.storage)
    if isinstance(operator, Blur):
        constant = [*_blur_conditions(operator), coarseness]
        varying = _anisotropy(operator)[:, None, None].expand(-1, height, width)
    else:
        constant = [math.log2(operator.block) / 4, float(isinstance(operator, Sample)), coarseness]
        varying = _block_coordinates(operator, height, width)
    return torch.cat([torch.tensor(constant)[:, None, None].expand(-1, height, width), varying])


def _coarseness(storage: Storage) -> float:
    """Return how coarsely a storage quantises: 0 for 8 bits, 1 for JPEG of quality 50.

    Quality 50 is the coarsest JPEG that the shipped weights were trained on.
    """
    match storage.kind:
        case "float":
            return -0.5
        case "8bit":
            return 0.0
        case "jpeg":
            return 0.2 + 0.8 * (100 - (storage.quality or 75)) / 50
        case "h264":  # no weights were trained on it; about as coarse as that JPEG
            return (storage.quality or 0) / 30


def _blur_conditions(operator: Blur) -> list[float]:
    std_px = max(spread_px(operator), MIN_STD_PX)
    return [math.log2(std_px) / 2 - 0.5, operator.kernel / (8 * std_px)]


def _anisotropy(operator: Blur) -> Tensor:
    """Return half the logarithm of the widths' ratio, as a vector at twice the angle.

    Twice the angle, because a blur turned by 180 degrees is the same blur.
    """
    if not isinstance(operator, AnisotropicGaussian):
        return torch.zeros(2)
    half = math.log(operator.sigma_x / operator.sigma_y) / 2
    turn = math.radians(2 * operator.angle_degrees)
    return half * torch.tensor([math.cos(turn), math.sin(turn)])


def _block_coordinates(operator: Mosaic, height: int, width: int) -> Tensor:
    """Return each pixel's column and row in its block, from -1 to 1, ``2 x H x W``."""
    starts = ((operator.top, height), (operator.left, width))
    rows, columns = (
        ((torch.arange(size) - start) % operator.block * 2 + 1) / operator.block - 1
        for start, size in starts
    )
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"))
