"""Training photos made into more: moved and mirrored, drawn by seed and step alone."""

import torch
from torch import Tensor


def augment(images: Tensor, seed: int, step: int, *, flip: bool, shift_px: int) -> Tensor:
    """Return photos moved by up to ``shift_px`` pixels each way, every other one mirrored.

    Args:
        images: ``B x C x H x W`` with ``shift_px`` pixels on each side to move within.
        seed: of the run.
        step: of the run; the same step draws the same, so that a checkpoint needs no state.
        flip: whether to mirror.
        shift_px: how far to move; the result is so much smaller on each side.
    """
    generator = torch.Generator().manual_seed((seed << 20) + step)
    if flip:
        chosen = torch.rand(len(images), generator=generator) < 0.5
        chosen = chosen.to(images.device)[:, None, None, None]
        images = torch.where(chosen, images.flip(-1), images)
    if shift_px:
        starts = torch.randint(2 * shift_px + 1, (len(images), 2), generator=generator).tolist()
        height, width = (side - 2 * shift_px for side in images.shape[-2:])
        pairs = zip(images, starts, strict=True)
        images = torch.stack([im[:, y : y + height, x : x + width] for im, (y, x) in pairs])
    return images
