"""The picture that explains several frames best: linear algebra, by conjugate gradients."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unveil.degradation import Blur, Linear
from unveil.degradation.operators import obfuscate
from unveil.linear.spectral import frequencies, synthesise, transfer
from unveil.restoration.joint.motion import warp

ITERATIONS = 25
"""Conjugate gradients; 40 more change the answer by a hundredth of a dB."""


@dataclass(frozen=True)
class Frames:
    """What was seen of a picture.

    Attributes:
        obfuscated: the frames, ``T x 3 x H x W``.
        motions: how they show the picture, ``T x 2 x 3``.
        weights: what each pixel counts, ``T x 1 x H x W``: one over its error's variance.
        operator: what hides them.
    """

    obfuscated: Tensor
    motions: Tensor
    weights: Tensor
    operator: Linear

    def show(self, image: Tensor) -> Tensor:
        """Return what the frames would be of ``image``, ``1 x 3 x H x W``."""
        return obfuscate(warp(image, self.motions), self.operator)


def explain(frames: Frames, guess: Tensor, power: Tensor) -> Tensor:
    """Return the linear estimate of least mean squared error of the picture in ``frames``.

    Args:
        frames: what was seen.
        guess: what is taken for likely before they are looked at, ``1 x 3 x H x W``.
        power: mean square of what the guess misses, ``3 x H x W`` by frequency.

    Returns:
        ``1 x 3 x H x W``, not clipped: the least of
        ``sum(weights (show(x) - obfuscated)^2) + sum(analyse(x - guess)^2 / power)``.
    """
    scale = _scale(frames, power)
    missing = frames.obfuscated - frames.show(guess)
    return guess + synthesise(scale * _solve(frames, missing, scale, scale.square() / power))


def _scale(frames: Frames, power: Tensor) -> Tensor:
    """Return the size that each coefficient's error is to have, roughly: the preconditioner."""
    precision = frames.weights.mean(dim=(1, 2, 3)).sum() * _passed(frames.operator, power)
    scale: Tensor = (1 / power + precision).rsqrt()
    return scale


def _passed(operator: Linear, power: Tensor) -> Tensor:
    """Return the share of each frequency's power that an operator passes, ``H x W``."""
    height, width = power.shape[-2:]
    if isinstance(operator, Blur):
        return transfer(operator, height, width).to(power).square().mean(dim=0)
    rows, columns = (
        torch.sinc(frequencies(size) * operator.block / (2 * torch.pi)).square()
        for size in (height, width)
    )
    return torch.outer(rows, columns).to(power)


def _solve(frames: Frames, missing: Tensor, scale: Tensor, prior: Tensor) -> Tensor:
    """Return the coefficients, over ``scale``, of what the guess misses.

    Only :meth:`Frames.show` is written down; autograd turns it round, so that it is the exact
    adjoint, borders included.
    """

    def gather(differences: Tensor) -> Tensor:
        at = torch.zeros_like(scale)[None].requires_grad_()
        with torch.enable_grad():
            seen = frames.show(synthesise(scale * at))
        (gathered,) = torch.autograd.grad(seen, at, frames.weights * differences)
        return gathered

    found = torch.zeros_like(scale)[None]
    rest = gather(missing)
    direction, size = rest, rest.square().sum()
    for _ in range(ITERATIONS):
        if size < TINY:
            break
        bent = gather(frames.show(synthesise(scale * direction))) + prior * direction
        length = size / (direction * bent).sum()
        found, rest = found + length * direction, rest - length * bent
        size, before = rest.square().sum(), size
        direction = rest + size / before * direction
    return found


TINY = 1e-12
"""Nothing is left to explain; keeps divisions finite."""
