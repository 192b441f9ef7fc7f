"""The refiner's U-Net on the photo alone: it is told nothing, and undoes what it has learnt to see.

For what linear algebra has no start for: noise, compression, missing pixels. It begins with the
photo smoothed and learns which of the detail to give back, and what to add.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.config import ModelConfig
from unveil.degradation import Degradation
from unveil.errors import UsageError
from unveil.networks.conditions import CONDITIONS
from unveil.networks.refiner import Refiner

DOUBT = 0.05
"""Error that photos of the family have, in [0,1]: the unit of corrections."""


class Blind(Refiner):
    """:class:`Refiner` that starts from the photo smoothed; its conditions are all 0; any H and W.

    What smoothing took away is then legible, as what an estimate changed is to a refiner: noise can
    be left out and detail let through from the first step on. A few planes of the first convolution
    are wasted, for one architecture less.
    """

    needs_degradation = False

    def __init__(self, config: ModelConfig) -> None:
        if config.noise_planes:
            raise UsageError("architecture blind gives one answer; noise planes are for refiners.")
        super().__init__(config)

    def inputs(
        self,
        obfuscated: Tensor,
        degradation: Degradation | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return what :meth:`Refiner.inputs` does, of the photo alone."""
        known = torch.zeros_like(obfuscated[:, :1]).expand(-1, 1 + CONDITIONS, -1, -1).clone()
        known[:, 0] = DOUBT
        return torch.cat([obfuscated, smooth(obfuscated), known], dim=1)


def smooth(images: Tensor) -> Tensor:
    """Return ``B x 3 x H x W`` images without their finest detail, noise or not: 5x5 binomial."""
    weights = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]).to(images) / 16
    for shape, pad in (((3, 1, 5, 1), (0, 0, 2, 2)), ((3, 1, 1, 5), (2, 2, 0, 0))):
        padded = F.pad(images, pad, "replicate")
        images = F.conv2d(padded, weights.view(shape[-2:]).expand(shape), groups=3)
    return images
