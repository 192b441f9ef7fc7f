"""unveil: shows how much a blur or a mosaic really hides, and undoes it.

>>> import unveil
>>> clean = unveil.read("photo.png")  # doctest: +SKIP
>>> obfuscated = unveil.obfuscated(clean, "pixelate:block=8")  # doctest: +SKIP
>>> restored = unveil.restored(obfuscated)  # doctest: +SKIP
>>> unveil.scores(restored, clean)  # doctest: +SKIP
{'psnr': ..., 'ssim': ..., 'ssim_deck': ...}
>>> unveil.write(restored, "restored.png")  # doctest: +SKIP

Images are float32 RGB tensors, ``B x 3 x H x W``, values in [0,1]. Importing this package
loads neither torch nor any other heavy library; the first call that needs one does.
"""

from unveil.api import inspect, load, obfuscated, read, restored, scores, verdicts, write
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

__all__ = [
    "BoxBlur",
    "Degradation",
    "GaussianBlur",
    "Pixelate",
    "Sample",
    "Storage",
    "UnveilError",
    "UsageError",
    "Window",
    "inspect",
    "load",
    "obfuscated",
    "parse_operator",
    "parse_storage",
    "read",
    "restored",
    "scores",
    "verdicts",
    "write",
]
