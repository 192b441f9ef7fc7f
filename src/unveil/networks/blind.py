"""The blind network: the refiner's U-Net on the photo alone, for unknown degradations.

It undoes what has no linear estimate: noise, compression, missing pixels. It starts from the
smoothed photo and learns which of the removed detail to restore, and what to add.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.degradation import Degradation
from unveil.networks.interface import KNOWN
from unveil.networks.refiner import Refiner

TYPICAL_ERROR = 0.05
"""Root mean squared error of photos of the family, of values in [0,1]: the unit of corrections."""


class Blind(Refiner):
    """:class:`Refiner` that corrects the smoothed photo; any H and W.

    The smoothed photo takes the place of the linear estimate, and the conditions are 0. The network
    therefore reads what smoothing removed at a scale of 1, and can reject noise and pass detail
    from the first step on. The planes of 0 cost a few weights of the first convolution and save an
    architecture.
    """

    needs_degradation = False

    def inputs(self, obfuscated: Tensor, degradation: Degradation | None = None) -> Tensor:
        """Return the planes that :meth:`Refiner.inputs` does, from the photo alone."""
        return read(obfuscated)


def read(photos: Tensor) -> Tensor:
    """Return the planes that the network reads of ``B x 3 x H x W`` photos."""
    known = torch.zeros_like(photos[:, :1]).expand(-1, KNOWN.channels, -1, -1).clone()
    known[:, 0] = TYPICAL_ERROR
    return torch.cat([photos, smooth(photos), known], dim=1)


def smooth(images: Tensor) -> Tensor:
    """Return ``B x 3 x H x W`` images filtered with a 5x5 binomial kernel; borders replicated."""
    weights = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]).to(images) / 16
    for shape, pad in (((3, 1, 5, 1), (0, 0, 2, 2)), ((3, 1, 1, 5), (2, 2, 0, 0))):
        padded = F.pad(images, pad, "replicate")
        images = F.conv2d(padded, weights.view(shape[-2:]).expand(shape), groups=3)
    return images
