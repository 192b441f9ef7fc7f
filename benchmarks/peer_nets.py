"""Networks of the peers, as in their papers, to be trained here like unveil's."""

import torch
from torch import Tensor, nn


class DnCnn(nn.Module):
    """DnCNN, 17 layers of 64 (K. Zhang et al., "Beyond a Gaussian Denoiser", 2017)."""

    def __init__(self, width: int = 64, depth: int = 17) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.ReLU(inplace=True)]
        for _ in range(depth - 2):
            conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, obfuscated: Tensor) -> Tensor:
        """Map ``B x 3 x H x W`` to the same."""
        restored: Tensor = obfuscated + self.body(obfuscated).float()
        return restored


class _LayerNorm2d(nn.LayerNorm):
    """Normalise over the channels of each pixel."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _NafBlock(nn.Module):
    """The block of NAFNet: gated convolutions and simplified channel attention."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = _LayerNorm2d(width), _LayerNorm2d(width)
        self.expand = nn.Conv2d(width, 2 * width, 1)
        self.depthwise = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.attention = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, width, 1))
        self.contract = nn.Conv2d(width, width, 1)
        self.feed = nn.Conv2d(width, 2 * width, 1)
        self.forward_out = nn.Conv2d(width, width, 1)
        self.beta = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.depthwise(self.expand(self.norm1(x))).chunk(2, dim=1)
        gated = first * second
        x = x + self.beta * self.contract(gated * self.attention(gated))
        first, second = self.feed(self.norm2(x)).chunk(2, dim=1)
        fed: Tensor = x + self.gamma * self.forward_out(first * second)
        return fed


class NafNet(nn.Module):
    """NAFNet, width 32 (L. Chen et al., "Simple Baselines for Image Restoration", 2022).

    Blocks as in the authors' GoPro model: 1, 1, 1 and 28 down, 1 in the middle, 1 each up.
    """

    def __init__(
        self, width: int = 32, down: tuple[int, ...] = (1, 1, 1, 28), middle: int = 1
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        self.encoders, self.downs = nn.ModuleList(), nn.ModuleList()
        self.decoders, self.ups = nn.ModuleList(), nn.ModuleList()
        for blocks in down:
            self.encoders.append(nn.Sequential(*(_NafBlock(width) for _ in range(blocks))))
            self.downs.append(nn.Conv2d(width, 2 * width, 2, 2))
            width *= 2
        self.middle = nn.Sequential(*(_NafBlock(width) for _ in range(middle)))
        for _ in down:
            up = nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2))
            self.ups.append(up)
            width //= 2
            self.decoders.append(_NafBlock(width))

    def forward(self, obfuscated: Tensor) -> Tensor:
        """Map ``B x 3 x H x W`` to the same; sides are multiples of 16."""
        x = self.stem(obfuscated)
        skipped = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            x = encoder(x)
            skipped.append(x)
            x = down(x)
        x = self.middle(x)
        for decoder, up in zip(self.decoders, self.ups, strict=True):
            x = decoder(up(x) + skipped.pop())
        restored: Tensor = obfuscated + self.last(x).float()
        return restored
