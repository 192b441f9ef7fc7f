"""Convolutions in 8 bits a weight: twice the parameters in the same file.

Each output of a layer has a scale of its own, so that its largest weight is 127 steps; the loss of
quality is measured when weights are released (``tools/release_weights.py``).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

SCALES = ".scales"
STEPS = 127


def pack(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Round the kernels among ``weights`` to int8, each beside its scales.

    Args:
        weights: by name; kernels are those of four dimensions, the first is theirs.
    """
    packed = dict(weights)
    for name, values in weights.items():
        if values.ndim == 4:
            scales = values.float().abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12) / STEPS
            packed[name] = (values.float() / scales).round().to(torch.int8)
            packed[name + SCALES] = scales
    return packed


def unpack(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo :func:`pack`; weights that were not packed stay as they are."""
    return {
        name: values.float() * tensors[name + SCALES] if name + SCALES in tensors else values
        for name, values in tensors.items()
        if not name.endswith(SCALES)
    }
