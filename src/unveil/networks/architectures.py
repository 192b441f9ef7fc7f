"""The table of network architectures, by the name that ``--architecture`` takes."""

from collections.abc import Callable
from pathlib import Path

from unveil.config import ModelConfig
from unveil.errors import UnveilError, UsageError, unknown
from unveil.networks.blind import Blind
from unveil.networks.cae import Cae
from unveil.networks.card import CARD_NAME, Card
from unveil.networks.network import Network
from unveil.networks.refiner import Refiner
from unveil.networks.rescae import ResCae
from unveil.networks.vcae import Vcae

MODELS: dict[str, Callable[[ModelConfig], Network]] = {
    "blind": Blind,
    "cae": Cae,
    "refiner": Refiner,
    "rescae": ResCae,
    "vcae": Vcae,
}


def build(config: ModelConfig) -> Network:
    """Return the network that ``config`` describes, with randomly initialised weights.

    Examples:
        >>> network = build(ModelConfig("cae", widths=(4, 8), blocks=(0, 0)))
        >>> network.stride_px, network.reach_px, network.needs_degradation
        (2, 26, False)

    Raises:
        UsageError: the name is not in ``MODELS``.
    """
    if config.architecture not in MODELS:
        raise unknown("model architecture", config.architecture, MODELS)
    return MODELS[config.architecture](config)


def build_from(folder: Path, card: Card) -> Network:
    """Return the network that the card of the checkpoint in ``folder`` describes.

    Raises:
        UnveilError: this version has no such network; the card is named.
    """
    try:
        return build(card.model)
    except UsageError as error:
        raise UnveilError(f"{folder / CARD_NAME}: {error}") from None
