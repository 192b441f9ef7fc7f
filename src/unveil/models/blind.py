"""The refiner's U-Net on the photo alone: it is told nothing, and undoes what it has learnt to see.

For what linear algebra has no start for: noise, compression, missing pixels. It begins as the
identity and learns what to add (K. Zhang et al., "Beyond a Gaussian Denoiser: Residual Learning of
Deep CNN for Image Denoising", 2017).
"""

import torch
from torch import Tensor

from unveil.config import ModelConfig
from unveil.errors import UsageError
from unveil.linear.conditions import CONDITIONS
from unveil.models.refiner import Refiner
from unveil.specs import Degradation

DOUBT = 0.05
"""Error that photos of the family have, in [0,1]: the unit of corrections."""


class Blind(Refiner):
    """:class:`Refiner` whose start is the photo itself and whose conditions are all 0; any H and W.

    A few planes of the first convolution are wasted, for one architecture less.
    """

    is_told = False

    def __init__(self, config: ModelConfig) -> None:
        if config.noise_planes:
            raise UsageError("architecture blind gives one answer; noise planes are for refiners.")
        super().__init__(config)

    def forward(self, obfuscated: Tensor, degradation: Degradation | None = None) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images, told or not."""
        restored: Tensor = self.correct(self.inputs(obfuscated, degradation))[:, :3]
        return restored

    def inputs(
        self,
        obfuscated: Tensor,
        degradation: Degradation | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return what :meth:`Refiner.inputs` does, of the photo alone."""
        known = torch.zeros_like(obfuscated[:, :1]).expand(-1, 1 + CONDITIONS, -1, -1).clone()
        known[:, 0] = DOUBT
        return torch.cat([obfuscated, obfuscated, known], dim=1)
