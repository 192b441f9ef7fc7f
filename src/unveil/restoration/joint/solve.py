"""The picture that explains several frames best: linear algebra, by conjugate gradients."""

from dataclasses import dataclass

import numpy as np

from unveil.degradation import Blur, Linear
from unveil.degradation.adjoints import adjoint
from unveil.degradation.operators import obfuscate
from unveil.linear.gradients import conjugate_gradients
from unveil.linear.spectral import frequencies, synthesise, synthesise_adjoint, transfer
from unveil.restoration.joint.warp import Warp

ITERATIONS = 25
"""Conjugate gradients; 40 more change the answer by a hundredth of a dB."""


@dataclass(frozen=True)
class Frames:
    """What was seen of a picture.

    Attributes:
        obfuscated: the frames, ``T x 3 x H x W``.
        warp: how they show the picture.
        weights: what each pixel counts, ``T x 1 x H x W``: one over its error's variance.
        operator: what hides them.
    """

    obfuscated: np.ndarray
    warp: Warp
    weights: np.ndarray
    operator: Linear

    def show(self, image: np.ndarray) -> np.ndarray:
        """Return what the frames would be of ``image``, ``1 x 3 x H x W``."""
        return obfuscate(self.warp.show(image), self.operator)

    def gather(self, differences: np.ndarray) -> np.ndarray:
        """Return what the adjoint of :meth:`show` makes of ``T x 3 x H x W``."""
        return self.warp.adjoint(adjoint(differences, self.operator))


def explain(frames: Frames, guess: np.ndarray, power: np.ndarray) -> np.ndarray:
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
    return guess + synthesise(scale * _solve(frames, missing, scale, scale**2 / power))


def _scale(frames: Frames, power: np.ndarray) -> np.ndarray:
    """Return the size that each coefficient's error is to have, roughly: the preconditioner."""
    precision = frames.weights.mean(axis=(1, 2, 3)).sum() * _passed(frames.operator, power)
    return 1 / np.sqrt(1 / power + precision)


def _passed(operator: Linear, power: np.ndarray) -> np.ndarray:
    """Return the share of each frequency's power that an operator passes, ``H x W``."""
    height, width = power.shape[-2:]
    if isinstance(operator, Blur):
        return (transfer(operator, height, width) ** 2).mean(axis=0)
    rows, columns = (
        np.sinc(frequencies(size) * pitch / (2 * np.pi)) ** 2
        for size, pitch in ((height, operator.down), (width, operator.across))
    )
    return np.outer(rows, columns).astype(power.dtype)


def _solve(frames: Frames, missing: np.ndarray, scale: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return the coefficients, over ``scale``, of what the guess misses."""

    def gather(differences: np.ndarray) -> np.ndarray:
        return scale * synthesise_adjoint(frames.gather(frames.weights * differences))

    def normal(coefficients: np.ndarray) -> np.ndarray:
        shown = frames.show(synthesise(scale * coefficients))
        return gather(shown) + prior * coefficients

    return conjugate_gradients(normal, gather(missing), ITERATIONS)
