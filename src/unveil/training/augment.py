"""Random shifts and reflections of training photos."""

import torch
from torch import Tensor


def augment(images: Tensor, seed: int, step: int, *, flip: bool, shift_px: int) -> Tensor:
    """Return images that are randomly shifted and mirrored, each with its own draw.

    Args:
        images: ``B x C x H x W``, with a margin of ``shift_px`` pixels on each side.
        seed: seed of the run.
        step: step of the run. The draw is a function of seed and step, so that a checkpoint needs
            no random state.
        flip: whether to mirror each image with probability 1/2.
        shift_px: largest shift in each direction; the result is smaller by this on each side.
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
