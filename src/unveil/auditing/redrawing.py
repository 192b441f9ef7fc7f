"""The attacker who has the tool and the seed: noise drawn again and taken off."""

import numpy as np

from unveil.degradation import DpPix, Noise, Operator, Pixelate, Solid
from unveil.degradation.operators import obfuscate

REDRAWN = "redrawn"
"""How a face is seen by that attacker."""

GRAY = 128
"""Level of a picture on which noise is drawn again: none of it is cut off there, or little."""


def without_noise(images: np.ndarray, operator: Operator) -> np.ndarray:
    """Return images without the noise that an operator of a known seed drew.

    Args:
        images: obfuscated, ``B x 3 x H x W`` in [0,1].
        operator: as it was; what draws no noise that adds up changes nothing.

    Examples:
        >>> gray = np.full((1, 3, 16, 16), 0.5, np.float32)
        >>> noisy = obfuscate(gray, Noise(20, seed=5))
        >>> float(np.abs(without_noise(noisy, Noise(20, seed=5)) - gray).max()) < 1e-6
        True
    """
    if not isinstance(operator, Noise | DpPix):
        return images
    plain = obfuscate(images, Solid(GRAY))
    mosaic = Pixelate(operator.block) if isinstance(operator, DpPix) else None
    flat = plain if mosaic is None else obfuscate(plain, mosaic)
    return np.clip(images - (obfuscate(plain, operator) - flat), 0, 1)
