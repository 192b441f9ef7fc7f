"""The segmenter: where a picture is hidden, by what kind, and how strongly.

A U-Net (O. Ronneberger et al., 2015) whose stem reads squares of 4 x 4 pixels as one cell, so that
all convolutions run at a quarter of the size. Beside the pixels it reads their detail (what a
small box blur takes away) and the logarithm of the detail's local size at three scales: a blur
shows in how these fall. One number more says whether anything is hidden in the whole picture.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unveil.networks.blocks import ResidualBlock, pad_to_multiple

CELL_PX = 4
DETAIL_GAIN = 8
SCALES = 3
MIN_DETAIL = 2e-3
"""Detail below half a gray level counts as none."""

WIDTHS = (64, 96, 128, 160)
BLOCKS = (2, 3, 3, 2)


class Answer(NamedTuple):
    """What the segmenter says.

    Attributes:
        kinds: logits of the kinds in each cell, ``B x K x H/4 x W/4``.
        strength: expected logarithm of the width in pixels, ``B x 1 x H/4 x W/4``.
        spread: logarithm of its standard error, the same shape.
        hidden: logit that anything is hidden, ``B``.
    """

    kinds: Tensor
    strength: Tensor
    spread: Tensor
    hidden: Tensor


class Segmenter(nn.Module):
    """Maps ``B x 3 x H x W`` in [0,1] to an :class:`Answer`.

    Args:
        kinds: number of kinds, the clean one first.
        widths: channels of each scale.
        blocks: residual blocks of each scale.
    """

    def __init__(
        self, kinds: int, widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS
    ) -> None:
        super().__init__()
        self.stride_px = CELL_PX * 2 ** (len(widths) - 1)
        self.head = nn.Conv2d(6 * CELL_PX**2 + SCALES, widths[0], 3, padding=1)
        self.before = nn.ModuleList(_blocks(w, n) for w, n in zip(widths, blocks, strict=True))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(widths))
        self.after = nn.ModuleList(_blocks(w, 1) for w in widths[:-1])
        self.tail = nn.Conv2d(widths[0], kinds + 2, 1)
        self.whole = nn.Sequential(
            nn.Linear(2 * widths[-1] + 2 * kinds, 64), nn.ReLU(), nn.Linear(64, 1)
        )

    def forward(self, images: Tensor) -> Answer:
        """Return the answer; cells beyond the picture's border are cut off."""
        rows, columns = ((side + CELL_PX - 1) // CELL_PX for side in images.shape[-2:])
        return self.answer(cells_of(pad_to_multiple(images, self.stride_px)), rows, columns)

    def answer(self, cells: Tensor, rows: int, columns: int) -> Answer:
        """Return the answer for the first ``rows`` and ``columns`` of cells."""
        x = self.head(cells.contiguous(memory_format=torch.channels_last))
        skipped = []
        for blocks, down in zip(self.before[:-1], self.down, strict=True):
            skipped.append(x := blocks(x))
            x = down(x)
        x = deepest = self.before[-1](x)
        for blocks, up in zip(reversed(self.after), reversed(self.up), strict=True):
            x = blocks(up(x) + skipped.pop())
        found = self.tail(x)[..., :rows, :columns].float()
        kinds, strength, spread = found.split((found.shape[1] - 2, 1, 1), dim=1)
        odds = kinds.log_softmax(1)
        summary = torch.cat(
            [
                *(deepest.float().amax((2, 3)), deepest.float().mean((2, 3))),
                *(odds.amax((2, 3)), odds.exp().mean((2, 3))),
            ],
            dim=1,
        )
        return Answer(kinds, strength, spread, self.whole(summary)[:, 0].float())


def cells_of(images: Tensor) -> Tensor:
    """Return what the network reads of each cell: pixels, detail, log of the detail's size.

    Args:
        images: ``B x 3 x H x W`` in [0,1], sides divisible by ``CELL_PX``.

    Returns:
        ``B x (6 CELL_PX**2 + SCALES) x H/4 x W/4``.
    """
    detail = images - _smooth(images)
    sizes, level = [], images
    for scale in range(SCALES):
        size = (level - _smooth(level)).abs().mean(1, keepdim=True)
        pool = CELL_PX >> scale
        sizes.append((F.avg_pool2d(size, pool) + MIN_DETAIL).log() * 0.5 + 2)
        level = F.avg_pool2d(level, 2)
    pixels = torch.cat([2 * images - 1, DETAIL_GAIN * detail], 1)
    return torch.cat([F.pixel_unshuffle(pixels, CELL_PX), *sizes], 1)


def _smooth(images: Tensor) -> Tensor:
    """Return the means of 3 x 3 pixels; sums of slices take a quarter of a pooling's time."""
    x = F.pad(images, (1, 1, 1, 1), "replicate")
    rows = x[:, :, :-2] + x[:, :, 1:-1] + x[:, :, 2:]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9


def _blocks(width: int, count: int) -> nn.Sequential:
    """Return residual blocks that start as the identity."""
    blocks = [ResidualBlock(width, F.relu) for _ in range(count)]
    for block in blocks:
        nn.init.zeros_(block.second.weight)
        nn.init.zeros_(block.second.bias)  # type: ignore[arg-type]  # it has a bias
    return nn.Sequential(*blocks)
