"""The flow: the refiner's U-Net with a plane for the time, from a first guess to a photo.

After G. Ohayon, T. Michaeli, M. Elad, "Posterior-mean rectified flow" (ICLR 2025) and X. Liu, C.
Gong, Q. Liu, "Flow straight and fast" (ICLR 2023). A guess is the answer of least error plus drawn
detail; the network says in which direction the photos lie that it may have been. Following it in a
few steps turns detail of no shape into detail that photos have.
"""

import torch
from torch import Tensor, nn

from unveil.config import ModelConfig
from unveil.networks.blocks import pad_to_multiple
from unveil.networks.interface import KNOWN, Planes
from unveil.networks.refiner import Refiner, scaled

ANSWER = Planes("answer", 3, "the answer of least error, B x 3 x H x W, RGB in [0,1]")
GUESS = Planes("guess", 3, "the picture at this time, B x 3 x H x W")
TIME = Planes("time", 1, "the time, B x 1 x H x W: 0 for the first guess, 1 for a photo")
PLANES = (ANSWER, GUESS, KNOWN, TIME)
"""What the network reads; of what is known, the first plane is the answer's expected error."""


class Flow(Refiner):
    """:class:`Refiner` that returns the velocity of a guess; any H and W."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        kernel, stride = config.stem_kernel, config.stem_stride
        self.planes = PLANES
        channels = sum(part.channels for part in PLANES)
        self.head = nn.Conv2d(channels, config.widths[0], kernel, stride, (kernel - stride) // 2)

    def start_from(self, refiner: Refiner) -> None:
        """Take the weights of a refiner of the same layers; the time starts at weights of 0."""
        weights = refiner.state_dict()
        head = weights["head.weight"]
        weights["head.weight"] = torch.cat([head, torch.zeros_like(head[:, :1])], dim=1)
        self.load_state_dict(weights)

    def velocity(self, planes: Tensor) -> Tensor:
        """Return by how much a guess moves in a unit of time, ``B x 3 x H x W``.

        Args:
            planes: those of ``PLANES``, ``B x 13 x H x W``.
        """
        height, width = planes.shape[-2:]
        features = self.features(scaled(pad_to_multiple(planes, self.stride_px, least=2)))
        moved: Tensor = self.shuffle(self.tail(features))[..., :height, :width].float()
        return planes[:, 6:7] * moved
