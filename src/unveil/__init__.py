"""unveil: shows how much a blur or a mosaic really hides, and undoes it.

>>> import unveil
>>> clean = unveil.read("photo.png")  # doctest: +SKIP
>>> obfuscated = unveil.obfuscate(clean, "pixelate:block=8")  # doctest: +SKIP
>>> restored = unveil.restore(obfuscated)  # doctest: +SKIP
>>> unveil.score(restored, clean)  # doctest: +SKIP
{'psnr': ..., 'ssim': ..., 'ssim_deck': ...}
>>> unveil.write(restored, "restored.png")  # doctest: +SKIP

Images are float32 RGB arrays of numpy or torch, ``B x 3 x H x W``, values in [0,1]. Importing this
package loads neither torch nor any other heavy library; the first call that needs one does.
"""

from typing import NoReturn

from unveil.api import audit, inspect, load, obfuscate, read, restore, score, write
from unveil.degradation import (
    BoxBlur,
    Degradation,
    GaussianBlur,
    Pixelate,
    Sample,
    Storage,
    Window,
    parse_operator,
    parse_storage,
)
from unveil.errors import UnveilError, UsageError
from unveil.images.box import Box

__all__ = [
    "Box",
    "BoxBlur",
    "Degradation",
    "GaussianBlur",
    "Pixelate",
    "Sample",
    "Storage",
    "UnveilError",
    "UsageError",
    "Window",
    "audit",
    "inspect",
    "load",
    "obfuscate",
    "parse_operator",
    "parse_storage",
    "read",
    "restore",
    "score",
    "write",
]

RENAMED = {
    "obfuscated": "obfuscate",
    "restored": "restore",
    "scores": "score",
    "verdicts": "audit",
}
"""Names of version 0.1, and what they are called now."""


def __getattr__(name: str) -> NoReturn:
    """Raise an error that gives the new name of a renamed attribute."""
    if name in RENAMED:
        # An AttributeError's text would be lost in `from unveil import NAME`.
        raise ImportError(f"unveil.{name} is called unveil.{RENAMED[name]} since version 0.2.")
    raise AttributeError(f"module 'unveil' has no attribute {name!r}")
