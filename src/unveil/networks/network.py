"""What every network states about itself, so that callers need not know which one they have."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor, nn

from unveil.config import LossConfig
from unveil.degradation import Degradation
from unveil.linear.prior import Prior
from unveil.networks.interface import OBFUSCATED, Interface, Planes


class LossTerm(NamedTuple):
    """A scalar that a network adds to the loss.

    Attributes:
        value: what the history of a run records.
        weight: its factor in the loss.
    """

    value: Tensor
    weight: float = 1.0


@dataclass(frozen=True)
class TrainingOutput:
    """What a network computes in a training step.

    Attributes:
        restored: ``B x 3 x H x W``; may leave [0,1], where gradients are needed too.
        terms: the network's own terms of the loss, by name.
    """

    restored: Tensor
    terms: dict[str, LossTerm] = field(default_factory=dict)


class Network(nn.Module, ABC):
    """Base class of all networks: maps ``B x 3 x H x W`` in [0,1] to restored images.

    A restored image has the size of the obfuscated one, which may be any. The work is split in
    two: :meth:`inputs` may depend on the whole image, :meth:`correct` is local, so that large
    images can be cut into tiles (:func:`unveil.restoration.restorers.apply_tiled`) and that ONNX
    files can hold it. A network that maps images to images defines :meth:`correct` and the two
    distances, nothing else.

    Attributes:
        stride_px: grid that the network is tied to; tiles start at its multiples.
        reach_px: largest distance between an input pixel and an output pixel that it changes.
        needs_degradation: whether the result depends on the degradation that is passed; must agree
            with :attr:`unveil.config.ModelConfig.needs_degradation`.
        estimates_error: whether :meth:`correct` returns the expected error as a fourth channel.
        planes: what :meth:`inputs` returns, in order; at most three, for ONNX files.

    Examples:
        >>> class Invert(Network):
        ...     stride_px, reach_px = 1, 0
        ...
        ...     def correct(self, inputs: Tensor) -> Tensor:
        ...         return 1 - inputs
        >>> import torch
        >>> Invert()(torch.full((1, 3, 2, 2), 0.25)).unique()
        tensor([0.7500])
    """

    stride_px: int
    reach_px: int
    needs_degradation = False
    estimates_error = False
    planes: tuple[Planes, ...] = (OBFUSCATED,)

    @property
    def interface(self) -> Interface:
        """What the network states of itself, without the network."""
        return Interface(
            self.stride_px,
            self.reach_px,
            self.planes if self.needs_degradation else (OBFUSCATED,),
            self.needs_degradation,
            self.estimates_error,
        )

    @property
    def prior(self) -> Prior | None:
        """Power spectrum of clean photos that the weights hold; None where they hold none."""
        return None

    def use_prior(self, prior: Prior) -> None:
        """Store the power spectrum of clean photos with the weights, if they hold one."""

    def forward(self, obfuscated: Tensor, degradation: Degradation | None = None) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the restored images, same shape, float32."""
        return self.correct(self.inputs(obfuscated, degradation))[:, :3]

    def inputs(self, obfuscated: Tensor, degradation: Degradation | None = None) -> Tensor:
        """Return what :meth:`correct` reads, ``B x C x H x W``: by default the photo alone.

        Args:
            obfuscated: ``B x 3 x H x W`` in [0,1].
            degradation: what happened to it; ignored unless ``needs_degradation``.
        """
        return obfuscated

    @abstractmethod
    def correct(self, inputs: Tensor) -> Tensor:
        """Return restored images, ``B x 3 x H x W``, float32, in [0,1] outside of training.

        With ``estimates_error``, ``B x 4 x H x W``: the last channel is the expected absolute
        error, the mean over the colours.
        """

    def training_output(
        self, inputs: Tensor, clean: Tensor, config: LossConfig, step: int
    ) -> TrainingOutput:
        """Return what a training step computes: by default :meth:`correct`, without own terms.

        Args:
            inputs: from :meth:`inputs`.
            clean: the photos to restore, ``B x 3 x H x W`` in [0,1].
            config: weights of the terms.
            step: of the run, from 0.
        """
        return TrainingOutput(self.correct(inputs)[:, :3])
