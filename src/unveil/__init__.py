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

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


HOMES = {
    **dict.fromkeys(("UnveilError", "UsageError"), "unveil.errors"),
    "Box": "unveil.images.box",
    **dict.fromkeys(
        ("audit", "inspect", "load", "obfuscate", "read", "restore", "score", "write"), "unveil.api"
    ),
}
"""Modules of what is not in :mod:`unveil.degradation`. They are imported when asked for: what the
command line does about Ctrl-C and about lacking memory has to begin before any library."""


def __getattr__(name: str) -> Any:
    """Return a public name, or raise an error that gives the new name of a renamed one."""
    if name in __all__:
        value = getattr(importlib.import_module(HOMES.get(name, "unveil.degradation")), name)
        globals()[name] = value
        return value
    if name in RENAMED:
        # An AttributeError's text would be lost in `from unveil import NAME`.
        raise ImportError(f"unveil.{name} is called unveil.{RENAMED[name]} since version 0.2.")
    raise AttributeError(f"module 'unveil' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
