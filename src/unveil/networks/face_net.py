"""dlib's face recognition network in torch, to be trained further."""

from collections.abc import Collection, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.ModuleList):
    """Two 3x3 convolutions and a shortcut; ``halving`` the planes, or not."""

    def __init__(self, narrow: int, wide: int, *, halving: bool) -> None:
        stride, pad = (2, 0) if halving else (1, 1)
        first = nn.Conv2d(narrow, wide, 3, stride, pad)
        super().__init__([first, nn.Conv2d(wide, wide, 3, 1, 1)])
        self.halving = halving

    def forward(self, x: Tensor) -> Tensor:
        """Map ``B x narrow x H x W`` to ``B x wide x H x W``, or to half of ``H`` and ``W``."""
        refined = self[1](F.relu(self[0](x)))
        if self.halving:
            x = F.avg_pool2d(x, 2, 2)
            rows, columns = (x.shape[at] - refined.shape[at] for at in (2, 3))
            refined = F.pad(refined, (0, columns, 0, rows))
            x = F.pad(x, (0, 0, 0, 0, 0, refined.shape[1] - x.shape[1]))
        return F.relu(refined + x)


class FaceNet(nn.Module):
    """The network of :mod:`unveil.networks.dlib_net`, with the names of its weights there.

    Args:
        weights: by name; their shapes are the network's.
        halving: numbers of the blocks that halve the planes.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], halving: Collection[int]) -> None:
        super().__init__()
        stem, head = weights["stem.weight"], weights["head.weight"]
        self.stem = nn.Conv2d(stem.shape[1], stem.shape[0], stem.shape[2], stride=2)
        count = sum(name.endswith(".0.weight") for name in weights)
        kernels = [weights[f"blocks.{number}.0.weight"] for number in range(count)]
        self.blocks = nn.Sequential(
            *(
                Block(kernel.shape[1], kernel.shape[0], halving=number in halving)
                for number, kernel in enumerate(kernels)
            )
        )
        self.head = nn.Linear(head.shape[1], head.shape[0], bias=False)
        self.load_state_dict({name: torch.from_numpy(each) for name, each in weights.items()})
        self.to(memory_format=torch.channels_last)

    def forward(self, faces: Tensor) -> Tensor:
        """Map faces as the network takes them, ``B x 3 x 150 x 150``, to ``B x 128``."""
        x = F.max_pool2d(F.relu(self.stem(faces)), 3, 2)
        features: Tensor = self.head(self.blocks(x).mean((2, 3)))
        return features
