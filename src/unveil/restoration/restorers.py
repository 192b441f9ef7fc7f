"""Restorers by name: networks with their weights, or closed forms, behind one interface."""

import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from unveil.arrays import Array, array_namespace
from unveil.config import TILE_PX, Device, Precision, RuntimeConfig
from unveil.config import Engine as EngineName
from unveil.console import progress
from unveil.degradation import Degradation
from unveil.errors import UsageError
from unveil.extras import require
from unveil.images.arrays import check_images
from unveil.linear import CLOSED_FORMS
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import Prior, read_prior
from unveil.networks.card import Card, find_model, name_of, read_card
from unveil.networks.interface import Interface, RefinerInputs
from unveil.runtime import Runtime, may_gain_from_torch


class Engine(Protocol):
    """What runs a network: ONNX Runtime or torch. Arrays stay in the library that they come in.

    Attributes:
        interface: what the network states of itself.
        prior: power spectrum of clean photos that the weights hold; None where they hold none.
        runtime: device and precision.
    """

    @property
    def interface(self) -> Interface:
        """See the class."""

    @property
    def prior(self) -> Prior | None:
        """See the class."""

    @property
    def runtime(self) -> Runtime:
        """See the class."""

    def inputs(self, obfuscated: Array, degradation: Degradation | None) -> Array | RefinerInputs:
        """Return what the network reads, ``B x C x H x W``; may depend on the whole image."""

    def correct(self, inputs: Array) -> Array:
        """Return restored images and, where it is estimated, their error: a local function."""


@dataclass(frozen=True)
class NetworkRestorer:
    """A network with loaded weights.

    Attributes:
        name: the shipped name, or that of the checkpoint's folder or run.
        card: what it was trained on.
        engine: what runs it.
        prior: power spectrum of clean photos.
        loaded: what :func:`load_network` was told; None if it was not loaded by that.
    """

    name: str
    card: Card
    engine: Engine
    prior: Prior
    loaded: tuple[str, RuntimeConfig, EngineName] | None = field(default=None, compare=False)

    def __reduce__(self) -> tuple[Callable[..., "NetworkRestorer"], tuple[Any, ...]]:
        """Be loaded again in another process: what an engine has opened cannot be sent."""
        if self.loaded is None:
            raise TypeError(self.name)
        return load_network, self.loaded

    @property
    def runtime(self) -> Runtime:
        """Device and precision."""
        return self.engine.runtime

    @property
    def needs_degradation(self) -> bool:
        """Whether the result depends on the degradation that is passed."""
        return self.engine.interface.needs_degradation

    def restore(
        self, images: Array, degradation: Degradation | None = None, tile_px: int = TILE_PX
    ) -> Array:
        """Undo the degradation of ``images``.

        Args:
            images: ``B x 3 x H x W``, float32 in [0,1], any size, of numpy or torch.
            degradation: what happened to them; may be left out where the weights undo one.
            tile_px: side of the tiles that large images are cut into; smaller tiles need less
                memory and give the same result.

        Returns:
            The restored images, same shape, range and library.

        Raises:
            UsageError: ``images`` has another shape, type or range; the network needs a degradation
                and none is given, or one that is not linear.
        """
        return self.restore_with_error(images, degradation, tile_px)[0]

    def restore_with_error(
        self,
        images: Array,
        degradation: Degradation | None = None,
        tile_px: int = TILE_PX,
    ) -> tuple[Array, Array | None]:
        """Return the restored images and their expected absolute error, ``B x 1 x H x W``.

        The error is None where the network does not estimate it.
        """
        check_images(images)
        if degradation is None and self.needs_degradation:
            raise UsageError(f"{self.name} needs the operator: pass restore() its degradation.")
        engine, stated = self.engine, self.engine.interface
        done = apply_tiled(
            engine.correct,
            engine.inputs(images, degradation),
            stride_px=stated.stride_px,
            reach_px=stated.reach_px,
            tile_px=tile_px,
        )
        return done[:, :3], done[:, 3:] if stated.estimates_error else None


@dataclass(frozen=True)
class ClosedForm:
    """A closed form of :data:`unveil.linear.CLOSED_FORMS`; images are not cut into tiles.

    Attributes:
        name: of the closed form.
        prior: power spectrum of clean photos.
    """

    name: str
    prior: Prior
    needs_degradation = True
    runtime = Runtime()

    def restore(
        self, images: Array, degradation: Degradation | None = None, tile_px: int = TILE_PX
    ) -> Array:
        """Undo the degradation of ``images``; see :meth:`NetworkRestorer.restore`.

        Raises:
            UsageError: ``images`` has another shape, type or range; no degradation is given, or one
                that the closed form does not undo.
        """
        return self.restore_with_error(images, degradation)[0]

    def restore_with_error(
        self, images: Array, degradation: Degradation | None = None, tile_px: int = TILE_PX
    ) -> tuple[Array, Array | None]:
        """Return the restored images, and None: closed forms do not estimate their error."""
        check_images(images)
        if degradation is None:
            raise UsageError(f"{self.name} needs the operator: --operator SPEC.")
        return restore_closed_form(self.name, self.prior, images, degradation), None


Restorer = NetworkRestorer | ClosedForm


def load(
    model: str,
    device: Device = "auto",
    precision: Precision = "auto",
    prior: Path | None = None,
    engine: EngineName = "auto",
    *,
    is_large: bool = False,
) -> Restorer:
    """Load a closed form or shipped weights by name, or a checkpoint by its folder.

    Args:
        model: name or folder.
        device: where to compute.
        precision: arithmetic of a network.
        prior: file with the power spectrum for a closed form (default: the shipped one).
        engine: what runs a network; see :func:`choose_engine`.
        is_large: whether there is so much to restore that importing torch may pay.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: the weights are damaged or were changed; torch is wanted and not installed.

    Examples:
        >>> import numpy as np
        >>> from unveil.degradation import GaussianBlur
        >>> from unveil.degradation.degrade import degrade
        >>> blur = Degradation(GaussianBlur(9, 2.0))
        >>> clean = np.zeros((1, 3, 32, 32), np.float32)
        >>> clean[..., 16:] = 1
        >>> blurred = degrade(clean, blur)
        >>> restored = load("lmmse").restore(blurred, blur)
        >>> bool(((restored - clean) ** 2).mean() < 0.5 * ((blurred - clean) ** 2).mean())
        True
    """
    if model in CLOSED_FORMS:
        return ClosedForm(model, read_prior(prior))
    config = RuntimeConfig(device=device, precision=precision)
    return load_network(model, config, engine, is_large=is_large)


def choose_engine(
    engine: EngineName, config: RuntimeConfig, *, is_large: bool, has_graph: bool = True
) -> EngineName:
    """Return the engine that ``auto`` stands for: ``onnx``, or ``torch`` where that is better.

    torch is taken for a GPU or for bf16 if these are asked for, and for a checkpoint without a
    graph; else where it is installed, may be faster on this machine, and there is much to do or it
    is imported already.
    """
    if engine != "auto":
        return engine
    if config.device not in ("auto", "cpu") or config.precision == "bf16":
        return "torch"
    if not has_graph and find_spec("torch") is not None:
        return "torch"
    pays = is_large or "torch" in sys.modules
    return "torch" if pays and config.precision == "auto" and may_gain_from_torch() else "onnx"


def load_network(
    model: str,
    config: RuntimeConfig | None = None,
    engine: EngineName = "auto",
    *,
    is_large: bool = False,
) -> NetworkRestorer:
    """Load shipped weights by name, or a checkpoint by its folder, into an engine.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: the weights are damaged or were changed; torch is wanted and not installed.
    """
    folder = find_model(model)
    card = read_card(folder)
    config = config or RuntimeConfig()
    chosen = choose_engine(engine, config, is_large=is_large, has_graph="graph" in card.files)
    opened = _open_engine(chosen)(folder, card, config)
    prior, loaded = opened.prior or read_prior(), (str(folder), config, chosen)
    return NetworkRestorer(name_of(folder), card, opened, prior, loaded)


def _open_engine(engine: EngineName) -> Callable[[Path, Card, RuntimeConfig], Engine]:
    if engine == "torch":
        require("torch")
        from unveil.networks import torch_engine

        return torch_engine.open_engine
    from unveil.networks import onnx_engine

    return onnx_engine.open_engine


def apply_tiled(
    function: Callable[[Array], Array],
    images: Array | RefinerInputs,
    *,
    stride_px: int,
    reach_px: int,
    tile_px: int = TILE_PX,
) -> Array:
    """Apply ``function`` to overlapping tiles of ``images`` and put their cores together.

    Args:
        function: maps ``B x C x H x W`` to ``B x D x H x W``; it must be local, as a
            convolutional network without global pooling is.
        images: ``B x C x H x W``, or what gives its parts.
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
        return function(images[...])
    cores = list(itertools.product(_cores(height, core_px), _cores(width, core_px)))
    result = None
    for (top, bottom), (left, right) in progress(cores, len(cores), "tiles"):
        y, x = max(top - margin_px, 0), max(left - margin_px, 0)
        done = function(images[..., y : bottom + margin_px, x : right + margin_px])
        if result is None:
            shape = (*done.shape[:2], height, width)
            result = array_namespace(done).zeros(shape, dtype=done.dtype, device=done.device)
        result[..., top:bottom, left:right] = done[..., top - y : bottom - y, left - x : right - x]
    return result


def _cores(size_px: int, core_px: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size_px, core_px):
        yield start, min(start + core_px, size_px)
