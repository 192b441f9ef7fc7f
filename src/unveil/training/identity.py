"""Identity: how much of who it is a restored face keeps, as dlib's network sees it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unveil.networks.dlib_net import HALVING, MEAN, SIDE_PX, STD, published_weights
from unveil.networks.face_net import FaceNet

SQUARE_MIDDLE = (0.51, 0.59)
"""Of the square that dlib aligns faces to, (x, y) in sides of a center crop of LFW: the medians of
60 photos. Faces are not aligned one by one: clean and restored ones lie alike."""

SQUARE_SIDE = 1.05
"""In sides of the crop."""

CHUNK = 16
"""Photos embedded at a time for the mean: memory."""


class FaceDistance(nn.Module):
    """One minus the cosine between the embeddings of restored and clean faces, about the mean.

    The embeddings of all people have much in common, which says nothing of who they are.

    Args:
        clean: photos of many people, ``N x 3 x H x W`` in [0,1], for the mean.

    Raises:
        UnveilError: dlib's weights are missing or damaged.
    """

    mean: Tensor

    def __init__(self, clean: Tensor) -> None:
        super().__init__()
        self.net = FaceNet(published_weights(), HALVING)
        self.requires_grad_(requires_grad=False)
        self.to(clean.device)
        with torch.no_grad():
            found = torch.cat([self._embed(part) for part in torch.split(clean, CHUNK)])
        self.register_buffer("mean", found.mean(dim=0))

    def forward(self, restored: Tensor, clean: Tensor) -> Tensor:
        """Return the distance of each face, ``B`` in [0,2], with gradients for ``restored``."""
        with torch.no_grad():
            wanted = self._embed(clean) - self.mean
        return 1 - F.cosine_similarity(self._embed(restored) - self.mean, wanted)

    def _embed(self, images: Tensor) -> Tensor:
        """Return embeddings of the square where faces lie, ``B x 128``, in float32."""
        with torch.autocast(images.device.type, enabled=False):
            (x, y), side = SQUARE_MIDDLE, SQUARE_SIDE
            square = torch.tensor([[side, 0, 2 * x - 1], [0, side, 2 * y - 1]])
            squares = square.to(images.device).expand(len(images), 2, 3)
            shape = [len(images), 3, SIDE_PX, SIDE_PX]
            grid = F.affine_grid(squares, shape, align_corners=False)
            faces = F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
            mean, std = (
                torch.tensor(values, device=images.device)[:, None, None] for values in (MEAN, STD)
            )
            found: Tensor = self.net((255 * faces - mean) / std)
            return found
