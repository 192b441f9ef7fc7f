"""Random numbers of the operators that draw: secret, unless an experiment asks to repeat them.

Whoever can draw the noise of a picture again can subtract it. So it comes from a generator whose
key is made by the operating system for this one draw, and is kept nowhere.
"""

import secrets
from dataclasses import replace

import numpy as np

from unveil.degradation import DpPix, Noise, Operator, Poisson

Random = Noise | Poisson | DpPix
"""Operators that draw."""

KEY_BITS, COUNTER_BITS = 128, 256
"""Of Philox (J. Salmon et al., 2011): too many to be tried."""

KNOWN_SEED = "noise of a known seed can be drawn again and subtracted: leave the seed out"


def generator(seed: int | None) -> np.random.Generator:
    """Return a generator for one draw.

    Args:
        seed: repeats a draw; None draws what nobody can repeat.

    Examples:
        >>> one, other = (generator(None).standard_normal() for _ in range(2))
        >>> bool(one == other), bool(generator(3).random() == generator(3).random())
        (False, True)
    """
    if seed is not None:
        return np.random.default_rng(seed)
    key, counter = secrets.randbits(KEY_BITS), secrets.randbits(COUNTER_BITS)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def is_secret(operator: Operator) -> bool:
    """Return whether nobody can draw again what the operator draws."""
    return not isinstance(operator, Random) or operator.seed is None


def repeatable(operator: Operator, seed: int = 0) -> Operator:
    """Return an operator that draws the same each time, for rows that can be had again.

    Args:
        operator: any; one with a seed stays as it is.
        seed: of one without.

    Examples:
        >>> str(repeatable(Noise(25), seed=3)), str(repeatable(Noise(25, seed=1)))
        ('noise:std=25,seed=3', 'noise:std=25,seed=1')
    """
    if isinstance(operator, Random) and operator.seed is None:
        return replace(operator, seed=seed)
    return operator
