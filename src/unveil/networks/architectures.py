"""The networks, and the one explicit table from a name to its constructor.

Every model is a ``torch.nn.Module`` with two promises: ``model(obfuscated, degradation)`` maps
``B x 3 x H x W`` in [0,1] to the restored images of the same shape and range, any height and
width; ``model.stride_px`` and ``model.reach_px`` say how to cut an image into tiles that give
the same answer (see :mod:`unveil.restoration.tiles`).
"""

from collections.abc import Callable

from torch import nn

from unveil.config import ModelConfig
from unveil.errors import unknown
from unveil.networks.blind import Blind
from unveil.networks.cae import Cae
from unveil.networks.refiner import Refiner
from unveil.networks.rescae import ResCae
from unveil.networks.vcae import Vcae

MODELS: dict[str, Callable[[ModelConfig], nn.Module]] = {
    "blind": Blind,
    "cae": Cae,
    "refiner": Refiner,
    "rescae": ResCae,
    "vcae": Vcae,
}


def build(config: ModelConfig) -> nn.Module:
    """Construct the model that ``config`` names, with freshly drawn weights.

    Raises:
        UsageError: the name is not in ``MODELS``.
    """
    if config.architecture not in MODELS:
        raise unknown("model architecture", config.architecture, MODELS)
    return MODELS[config.architecture](config)
