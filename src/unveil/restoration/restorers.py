"""Restorers by name: networks with their weights, or closed forms, behind one interface."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from unveil.config import TILE_PX, Device, Precision, RuntimeConfig
from unveil.console import progress
from unveil.degradation import Degradation
from unveil.errors import UsageError
from unveil.images.arrays import check_images
from unveil.linear import CLOSED_FORMS
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import Prior, read_prior
from unveil.networks import checkpoint
from unveil.networks.architectures import build
from unveil.networks.card import SAMPLER, Card, find_model, read_card
from unveil.networks.network import Network
from unveil.runtime import Runtime, choose_runtime


@dataclass(frozen=True)
class NetworkRestorer:
    """A network with loaded weights.

    Attributes:
        name: the shipped name, or that of the checkpoint's folder.
        model: the network, on the runtime's device, in evaluation mode.
        card: what it was trained on.
        prior: power spectrum of clean photos.
        runtime: device and precision.
        engine: replaces :meth:`unveil.networks.network.Network.correct`, e.g. by ONNX Runtime: maps
            ``B x C x H x W`` to ``B x D x H x W``, float32 on the CPU.
    """

    name: str
    model: Network
    card: Card
    prior: Prior
    runtime: Runtime
    engine: Callable[[Tensor], Tensor] | None = None

    @property
    def needs_degradation(self) -> bool:
        """Whether the result depends on the degradation that is passed."""
        return self.model.needs_degradation

    def restore(
        self, images: Tensor, degradation: Degradation | None = None, tile_px: int = TILE_PX
    ) -> Tensor:
        """Undo the degradation of ``images``.

        Args:
            images: ``B x 3 x H x W``, float32 in [0,1], any size, on any device.
            degradation: what happened to them; may be left out where the weights undo one.
            tile_px: side of the tiles that large images are cut into; smaller tiles need less
                memory and give the same result.

        Returns:
            The restored images, same shape, range and device.

        Raises:
            UsageError: ``images`` has another shape, type or range; the network needs a degradation
                and none is given, or one that is not linear.
        """
        return self.restore_with_error(images, degradation, tile_px)[0]

    @torch.inference_mode()
    def restore_with_error(
        self,
        images: Tensor,
        degradation: Degradation | None = None,
        tile_px: int = TILE_PX,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the restored images and their expected absolute error, ``B x 1 x H x W``.

        The error is None where the network does not estimate it. A ``generator`` makes a network
        that draws give one of several answers.
        """
        check_images(images)
        if degradation is None and self.needs_degradation:
            raise UsageError(f"{self.name} needs the operator: pass restore() its degradation.")
        model, correct = self.model, self.engine or self.model.correct
        inputs = model.inputs(images, degradation or self.card.task.example, generator)

        def restore_tile(tile: Tensor) -> Tensor:
            with self.runtime.autocast():
                restored = correct(tile.to(self.runtime.device))
            return restored.float().to(tile.device)

        done = apply_tiled(
            restore_tile,
            inputs,
            stride_px=model.stride_px,
            reach_px=model.reach_px,
            tile_px=tile_px,
        )
        return done[:, :3], done[:, 3:] if model.estimates_error else None

    def draw(
        self, images: Tensor, degradation: Degradation, seed: int, tile_px: int = TILE_PX
    ) -> Tensor:
        """Return one of the clean images that ``images`` is consistent with, drawn by ``seed``.

        Raises:
            UsageError: the network gives a single answer.
        """
        if not self.model.draws:
            raise UsageError(f"{self.name} gives one answer; {SAMPLER} draws several.")
        generator = torch.Generator().manual_seed(seed)
        return self.restore_with_error(images, degradation, tile_px, generator)[0]


@dataclass(frozen=True)
class ClosedForm:
    """A closed form of :data:`unveil.linear.CLOSED_FORMS`; images are not cut into tiles.

    Attributes:
        name: of the closed form.
        prior: power spectrum of clean photos.
        runtime: device; closed forms compute in float32.
    """

    name: str
    prior: Prior
    runtime: Runtime
    needs_degradation = True

    def restore(
        self, images: Tensor, degradation: Degradation | None = None, tile_px: int = TILE_PX
    ) -> Tensor:
        """Undo the degradation of ``images``; see :meth:`NetworkRestorer.restore`.

        Raises:
            UsageError: ``images`` has another shape, type or range; no degradation is given, or one
                that the closed form does not undo.
        """
        return self.restore_with_error(images, degradation)[0]

    @torch.inference_mode()
    def restore_with_error(
        self, images: Tensor, degradation: Degradation | None = None, tile_px: int = TILE_PX
    ) -> tuple[Tensor, Tensor | None]:
        """Return the restored images, and None: closed forms do not estimate their error."""
        check_images(images)
        if degradation is None:
            raise UsageError(f"{self.name} needs the operator: --operator SPEC.")
        on_device = images.to(self.runtime.device)
        restored = restore_closed_form(self.name, self.prior, on_device, degradation)
        return restored.to(images.device), None


Restorer = NetworkRestorer | ClosedForm


def load(
    model: str,
    device: Device = "auto",
    precision: Precision = "auto",
    prior: Path | None = None,
) -> Restorer:
    """Load a closed form or shipped weights by name, or a checkpoint by its folder.

    Args:
        model: name or folder.
        device: where to compute.
        precision: arithmetic of a network.
        prior: file with the power spectrum for a closed form (default: the shipped one).

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: the weights are damaged or were changed.

    Examples:
        >>> from unveil.degradation import GaussianBlur
        >>> from unveil.degradation.degrade import degrade
        >>> blur = Degradation(GaussianBlur(9, 2.0))
        >>> clean = torch.zeros(1, 3, 32, 32)
        >>> clean[..., 16:] = 1
        >>> blurred = degrade(clean, blur)
        >>> restored = load("lmmse", "cpu").restore(blurred, blur)
        >>> (restored - clean).square().mean() < 0.5 * (blurred - clean).square().mean()
        tensor(True)
    """
    runtime = choose_runtime(RuntimeConfig(device=device, precision=precision))
    if model in CLOSED_FORMS:
        return ClosedForm(model, read_prior(prior), runtime)
    return load_network(model, runtime)


def load_network(model: str, runtime: Runtime) -> NetworkRestorer:
    """Load shipped weights by name, or a checkpoint by its folder, onto ``runtime``.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: the weights are damaged or were changed.
    """
    folder = find_model(model)
    card = read_card(folder)
    network = build(card.model)
    checkpoint.load_weights(network, folder, card)
    network.to(runtime.device).to(memory_format=torch.channels_last).eval()
    prior = read_prior() if network.prior is None else network.prior
    return NetworkRestorer(folder.name, network, card, prior, runtime)


def apply_tiled(
    function: Callable[[Tensor], Tensor],
    images: Tensor,
    *,
    stride_px: int,
    reach_px: int,
    tile_px: int = TILE_PX,
) -> Tensor:
    """Apply ``function`` to overlapping tiles of ``images`` and put their cores together.

    Args:
        function: maps ``B x C x H x W`` to ``B x D x H x W``; it must be local, as a
            convolutional network without global pooling is.
        images: ``B x C x H x W``.
        stride_px: the grid that ``function`` is tied to (a network's total stride, a mosaic's
            block); tiles start on it.
        reach_px: how far an input pixel can be from an output pixel it changes. Every tile
            carries that much context, so no seam can be seen: results differ from the
            untiled ones by rounding only.
        tile_px: side of a tile's core, at least ``stride_px``.
    """
    height, width = images.shape[-2:]
    core_px = max(tile_px // stride_px, 1) * stride_px
    margin_px = -(-reach_px // stride_px) * stride_px
    if height <= core_px + margin_px and width <= core_px + margin_px:
        return function(images)
    cores = list(itertools.product(_cores(height, core_px), _cores(width, core_px)))
    result = torch.empty(0)
    for (top, bottom), (left, right) in progress(cores, len(cores), "tiles"):
        y, x = max(top - margin_px, 0), max(left - margin_px, 0)
        done = function(images[..., y : bottom + margin_px, x : right + margin_px])
        if not result.numel():
            result = done.new_empty(*done.shape[:2], height, width)
        result[..., top:bottom, left:right] = done[..., top - y : bottom - y, left - x : right - x]
    return result


def _cores(size_px: int, core_px: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size_px, core_px):
        yield start, min(start + core_px, size_px)
