"""What `import unveil` gives: each a thin door to the library, loading torch when it is called.

Verbs work on files (``read``, ``write``, ``inspect``), words for what comes out on tensors
(``obfuscated``, ``restored``, ``scores``).
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from unveil.config import TILE_PX
from unveil.degradation import Degradation, Linear, Operator, Storage, parse_storage
from unveil.degradation.presets import parse_call
from unveil.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from unveil.auditing.photo import Verdict
    from unveil.estimation.finding import Finding
    from unveil.images.box import Box
    from unveil.restoration.restorers import Restorer


def read(path: str | Path) -> "Tensor":
    """Read a photo file as a ``1 x 3 x H x W`` tensor in [0,1]; alpha is left behind.

    Raises:
        UnveilError: the file is missing, damaged, too large or no photo.
    """
    from unveil.images.photos import read_photo
    from unveil.images.tensors import to_tensor

    return to_tensor(read_photo(Path(path)))


def write(images: "Tensor", path: str | Path) -> None:
    """Write a ``1 x 3 x H x W`` tensor as an 8-bit photo, replacing ``path``.

    Raises:
        UnveilError: the file cannot be written.
        UsageError: the suffix names no known format, or the tensor breaks the contract.
    """
    from unveil.images.photos import write_photo
    from unveil.images.tensors import check_images, to_photo

    check_images(images)
    write_photo(to_photo(images), Path(path))


def obfuscated(
    images: "Tensor", operator: str | Operator, storage: str | Storage = "8bit"
) -> "Tensor":
    """Return images after an operator and a storage; the input is left as it is.

    Args:
        images: ``B x 3 x H x W``, float32 in [0,1], any size.
        operator: what hides them, ``pixelate:block=8`` or a preset, ``pillow-gaussian:radius=5``.
        storage: how the result is kept, ``float``, ``8bit``, ``jpeg:75`` or ``h264:crf=23``.

    Returns:
        The obfuscated images, same shape and range.

    Raises:
        UsageError: an unknown operator or storage, or images that break the contract.
    """
    from unveil.degradation.degrade import degrade
    from unveil.images.tensors import check_images

    check_images(images)
    return degrade(images, Degradation(_operator(operator), _storage(storage)))


def restored(
    images: "Tensor",
    operator: str | Operator | None = None,
    storage: str | Storage = "8bit",
    model: str | None = None,
) -> "Tensor":
    """Return images with what hides them undone, as ``unveil restore`` does it.

    Args:
        images: ``B x 3 x H x W``, float32 in [0,1], any size.
        operator: what hides them, as in ``obfuscated``; None to find it out, image by image.
        storage: how they were kept since.
        model: shipped name, closed form or checkpoint folder; None for the best. Loaded at each
            call: for many calls, keep what ``load`` returns.

    Returns:
        The restored images, same shape and range; the very input where nothing hides it.

    Raises:
        UsageError: an unknown operator, storage or model, or one that does not undo the other;
            images that break the contract.
    """
    import torch

    from unveil.images.tensors import check_images
    from unveil.networks.shipped import check_choice

    check_images(images)
    told = None if operator is None else Degradation(_operator(operator)).linear
    check_choice(model, told)
    loaded = cache(load)
    kept = _storage(storage)
    return torch.cat([_restored(image, told, kept, model, loaded) for image in images[:, None]])


def scores(restored: "Tensor", clean: "Tensor") -> dict[str, float]:
    """Return how near restored (or obfuscated) images are to the clean ones.

    Args:
        restored: ``B x 3 x H x W``, float32 in [0,1].
        clean: the same, before anything was done.

    Returns:
        Means over the images: ``psnr`` in dB (infinite for identical ones), ``ssim`` and
        ``ssim_deck`` up to 1.

    Raises:
        UsageError: the shapes differ, or the images are smaller than 7 pixels.
    """
    from unveil.metrics.quality import METRICS

    return {name: float(metric(restored, clean).mean()) for name, metric in METRICS.items()}


def inspect(path: str | Path) -> "Finding":
    """Find what hides the photo in a file: its ``degradation`` is None where nothing does.

    Raises:
        UnveilError: the file is missing, damaged, too large or no photo.
    """
    from unveil.restoration.undo import inspect_photo

    return inspect_photo(Path(path))


def load(model: str) -> "Restorer":
    """Load shipped weights by name (see ``unveil models``), or a checkpoint by its folder.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: weights that are damaged or were changed.
    """
    from unveil.restoration.restorers import load as load_restorer

    return load_restorer(model)


def verdicts(path: str | Path, boxes: "Sequence[Box]" = ()) -> "list[Verdict]":
    """Say of each face of a photo how likely a machine names it, as ``unveil audit`` does.

    Args:
        path: the photo file.
        boxes: where its faces are; none to find them.

    Raises:
        UnveilError: the photo cannot be read, no face is found, or the extra ``audit`` is not
            installed.
        UsageError: a box is not inside the photo.
    """
    from unveil.auditing.photo import Auditor
    from unveil.extras import require
    from unveil.images.photos import MAX_PIXELS

    require("audit")
    return Auditor(boxes, None, None, MAX_PIXELS).audit(Path(path))


def _restored(
    image: "Tensor",
    told: Linear | None,
    storage: Storage,
    model: str | None,
    loaded: "Callable[[str], Restorer]",
) -> "Tensor":
    from unveil.estimation.finding import Finding
    from unveil.estimation.finding import inspect as inspect_tensor
    from unveil.networks.shipped import read_prior
    from unveil.restoration.pipeline import restore_finding
    from unveil.restoration.restorers import Network

    restorer = loaded(model) if model else None
    if isinstance(restorer, Network) and not restorer.needs_degradation:
        return restorer.restore(image)
    if told is not None:
        finding = Finding(told, storage, 1.0)
    else:
        finding = inspect_tensor(image, storage, read_prior())
    if finding.degradation is None:
        return image
    chosen = restorer or loaded(_best(finding.degradation))
    return restore_finding(image, finding, chosen, consistent=False, tile_px=TILE_PX).restored


def _best(degradation: Degradation) -> str:
    from unveil.networks.shipped import model_for
    from unveil.restoration.undo import FALLBACK

    try:
        return model_for(degradation)
    except UsageError:
        return FALLBACK


def _operator(operator: str | Operator) -> Operator:
    return parse_call(operator) if isinstance(operator, str) else operator


def _storage(storage: str | Storage) -> Storage:
    return parse_storage(storage) if isinstance(storage, str) else storage
