"""Building blocks of several networks."""

from collections.abc import Callable

from torch import Tensor, nn


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
        >>> import torch
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
