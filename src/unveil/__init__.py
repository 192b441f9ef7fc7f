"""unveil: shows how much a blur or a mosaic really hides, and undoes it.

>>> import unveil
>>> known = unveil.inspect("hidden.jpg").degradation  # doctest: +SKIP
>>> restored = unveil.load("blur").restore(unveil.read("hidden.jpg"), known)  # doctest: +SKIP
>>> unveil.write(restored, "restored.png")  # doctest: +SKIP

Images are float32 RGB tensors, ``B x 3 x H x W``, values in [0,1]. Importing this package
loads neither torch nor any other heavy library; the first call that needs one does.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from unveil.errors import UnveilError, UsageError
from unveil.specs import (
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

if TYPE_CHECKING:
    from torch import Tensor

    from unveil.estimate.finding import Finding
    from unveil.restore import Restorer

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
    "parse_operator",
    "parse_storage",
    "read",
    "write",
]


def inspect(path: str | Path) -> "Finding":
    """Find what hides the photo in a file: its ``degradation`` is None where nothing does.

    Raises:
        UnveilError: the file is missing, damaged, too large or no photo.
    """
    from unveil.undo import inspect_photo

    return inspect_photo(Path(path))


def load(model: str) -> "Restorer":
    """Load shipped weights by name (see ``unveil models``), or a checkpoint by its folder.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: weights that are damaged or were changed.
    """
    from unveil.restore import load as load_restorer

    return load_restorer(model)


def read(path: str | Path) -> "Tensor":
    """Read a photo file as a ``1 x 3 x H x W`` tensor in [0,1]; alpha is left behind.

    Raises:
        UnveilError: the file is missing, damaged, too large or no photo.
    """
    from unveil.images import to_tensor
    from unveil.photos import read_photo

    return to_tensor(read_photo(Path(path)))


def write(images: "Tensor", path: str | Path) -> None:
    """Write a ``1 x 3 x H x W`` tensor as an 8-bit photo, replacing ``path``.

    Raises:
        UnveilError: the file cannot be written.
        UsageError: the suffix names no known format, or the tensor breaks the contract.
    """
    from unveil.images import check_images, to_photo
    from unveil.photos import write_photo

    check_images(images)
    write_photo(to_photo(images), Path(path))
