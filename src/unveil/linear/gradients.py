"""Linear estimates by conjugate gradients, where no basis makes a blur one factor a frequency.

M. R. Hestenes and E. Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
"""

from collections.abc import Callable

import numpy as np

from unveil.arrays import Array, array_namespace, constant
from unveil.degradation import Blur
from unveil.degradation.adjoints import adjoint
from unveil.degradation.operators import obfuscate
from unveil.linear.spectral import (
    analyse,
    analyse_adjoint,
    synthesise,
    synthesise_adjoint,
    transfer,
)

ITERATIONS = 60
"""Of a blur. JPEG needs 20; in 8 bits, more gain 0.1 dB for lines of 10 pixels, 0.7 for 25."""

TINY = 1e-30
"""Keeps divisions finite where nothing is left to explain."""


def estimate_by_gradients(
    obfuscated: Array, operator: Blur, roughness: np.ndarray, noise: np.ndarray
) -> Array:
    """Return the picture that a blur most likely made ``obfuscated`` of; borders are exact.

    The least of ``sum(analyse(blur(x) - obfuscated)^2 / noise) + sum(roughness analyse(x)^2)``.
    Of a blur that is one factor a frequency, that is what :func:`.spectral.apply` gives.

    Args:
        obfuscated: ``B x 3 x H x W``, RGB.
        operator: the blur.
        roughness: what each coefficient counts, ``C x H x W``, ``C`` 1 or 3: one over the power
            that it has in clean photos.
        noise: mean square of each coefficient's error, ``C x H x W``.

    Returns:
        ``B x 3 x H x W``, not clipped.
    """
    passed = (transfer(operator, *obfuscated.shape[-2:]) ** 2).mean(axis=0)
    # The size that each coefficient is to have, roughly: the preconditioner.
    size = 1 / np.sqrt(roughness + passed / noise)
    scale, weights = constant(size, obfuscated), constant(1 / noise, obfuscated)
    prior = constant(size**2 * roughness, obfuscated)

    def gather(differences: Array) -> Array:
        weighed = analyse_adjoint(weights * analyse(differences))
        return scale * synthesise_adjoint(adjoint(weighed, operator))

    def normal(coefficients: Array) -> Array:
        blurred = obfuscate(synthesise(scale * coefficients), operator)
        return gather(blurred) + prior * coefficients

    missing = obfuscated - obfuscate(obfuscated, operator)
    start = analyse(obfuscated) / scale
    right = gather(missing) - prior * start
    return obfuscated + synthesise(scale * conjugate_gradients(normal, right, ITERATIONS, (-2, -1)))


def conjugate_gradients(
    normal: Callable[[Array], Array],
    right: Array,
    iterations: int,
    axes: tuple[int, ...] | None = None,
) -> Array:
    """Return roughly what a symmetric, positive map turns into ``right``, from zero on.

    Args:
        normal: the map; keeps the shape.
        right: what it is to give.
        iterations: how often to apply it.
        axes: of one system; those of the other axes are solved side by side (default: all axes).
    """
    xp = array_namespace(right)

    def dot(one: Array, other: Array) -> Array:
        return xp.sum(one * other, axis=axes, keepdims=True)

    found, rest, direction = xp.zeros_like(right), right, right
    size = dot(rest, rest)
    for _ in range(iterations):
        bent = normal(direction)
        length = size / xp.clip(dot(direction, bent), min=TINY)
        found, rest = found + length * direction, rest - length * bent
        before, size = size, dot(rest, rest)
        direction = rest + size / xp.clip(before, min=TINY) * direction
    return found
