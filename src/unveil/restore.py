"""Trained weights as a function from obfuscated to restored images."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unveil import checkpoint
from unveil.card import Card, read_card
from unveil.config import TILE_PX, Device, Precision, RuntimeConfig
from unveil.images import check_images
from unveil.models import build
from unveil.runtime import Runtime, choose_runtime
from unveil.shipped import find_model
from unveil.tiles import apply_tiled


@dataclass(frozen=True)
class Restorer:
    """A loaded model: ``restore`` obfuscated images; ``card`` says what it was trained for."""

    model: nn.Module
    card: Card
    runtime: Runtime

    @torch.inference_mode()
    def restore(self, images: Tensor, tile_px: int = TILE_PX) -> Tensor:
        """Undo the obfuscation of ``images``.

        Args:
            images: ``B x 3 x H x W``, float32 in [0,1], any size, on any device.
            tile_px: side of the pieces that large images are cut into; smaller needs less
                memory, the result is the same.

        Returns:
            The restored images, same shape, range and device.

        Raises:
            UsageError: ``images`` breaks the contract.
        """
        check_images(images)
        stride_px, reach_px = int(self.model.stride_px), int(self.model.reach_px)  # type: ignore[arg-type]
        return apply_tiled(
            self._restore_tile, images, stride_px=stride_px, reach_px=reach_px, tile_px=tile_px
        )

    def _restore_tile(self, tile: Tensor) -> Tensor:
        with self.runtime.autocast():
            restored: Tensor = self.model(tile.to(self.runtime.device))
        return restored.float().to(tile.device)


def load(model: str, device: Device = "auto", precision: Precision = "auto") -> Restorer:
    """Load a shipped model by name, or a checkpoint by its folder.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: weights that are damaged or were changed.
    """
    runtime = choose_runtime(RuntimeConfig(device=device, precision=precision))
    folder = find_model(model)
    card = read_card(folder)
    network = build(card.model)
    checkpoint.load_weights(network, folder, card)
    network.to(runtime.device).to(memory_format=torch.channels_last).eval()
    return Restorer(network, card, runtime)
