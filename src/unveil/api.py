"""The Python API: the verbs of the commands, on arrays and files.

Arrays are numpy's, or torch's on any device: a call returns the kind that it is given.
"""

import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unveil.arrays import Array, array_namespace, is_torch_array
from unveil.config import Engine
from unveil.degradation import Degradation, Linear, Operator, Storage, parse_storage
from unveil.degradation.presets import parse_call
from unveil.degradation.spec import Spec
from unveil.errors import UsageError
from unveil.images.box import Box, as_box

if TYPE_CHECKING:
    from unveil.auditing.photo import Verdict
    from unveil.estimation.finding import Finding
    from unveil.restoration.restorers import Restorer


def read(path: str | Path) -> np.ndarray:
    """Read a photo file as a ``1 x 3 x H x W`` array, float32 in [0,1]; alpha is dropped.

    The array knows how the file kept it (8 bits, JPEG of which quality), so that ``inspect`` and
    ``restore`` need not be told; what is computed from it does not.

    Raises:
        UnveilError: the file is missing, damaged, too large or not a photo.
    """
    from unveil.images.arrays import remember_storage, to_array
    from unveil.images.photos import read_photo

    photo = read_photo(_path(path))
    stored: np.ndarray = remember_storage(to_array(photo), photo.storage)
    return stored


def write(images: Array, path: str | Path) -> None:
    """Write one image, a ``1 x 3 x H x W`` array, as an 8-bit photo; an existing file is replaced.

    Raises:
        UnveilError: the file cannot be written.
        UsageError: the suffix names no known format, the array breaks the contract, or it holds
            several images.
    """
    from unveil.images.arrays import check_images, to_photo
    from unveil.images.photos import write_photo

    target = _path(path)
    check_images(images)
    if len(images) != 1:
        raise UsageError(
            f"{path}: a file holds one image, not {len(images)}; write images[0:1], ..."
        )
    write_photo(to_photo(images), target)


def inspect(
    photo: str | Path | Array, box: Box | tuple[int, int, int, int] | None = None
) -> "Finding":
    """Find what obfuscated a photo: the finding's ``degradation`` is None where nothing did.

    Args:
        photo: the file, or the array that ``read`` made of it.
        box: the part to look at, ``unveil.Box(left, top, width, height)`` or these four numbers
            (default: everywhere).

    Raises:
        UnveilError: the file is missing, damaged, too large or not a photo.
        UsageError: the box is not inside the photo, or an array of several images.
    """
    from unveil.estimation.inspection import inspect as inspect_array
    from unveil.images.arrays import check_images, storage_of
    from unveil.linear.prior import read_prior

    images = read(photo) if isinstance(photo, str | Path) else photo
    check_images(images)
    if len(images) != 1:
        raise UsageError(f"inspect takes one image, not {len(images)}.")
    place = None if box is None else as_box(box)
    return inspect_array(images, storage_of(images), read_prior(), place)


def obfuscate(images: Array, operator: str | Operator, storage: str | Storage = "8bit") -> Array:
    """Return images after an operator and a storage; the input is left as it is.

    Args:
        images: ``B x 3 x H x W``, float32 in [0,1], any size.
        operator: ``pixelate:block=8``, a spec, or a preset: ``pillow-gaussian:radius=5``. Noise
            is drawn anew each time; with a seed of its own it repeats, and can be subtracted.
        storage: how the result is kept, ``float``, ``8bit``, ``jpeg:75`` or ``h264:crf=23``.

    Returns:
        The obfuscated images, same shape and range. They know their storage, as ``read``'s do.

    Raises:
        UsageError: an unknown operator or storage, or images that break the contract.
    """
    from unveil.degradation.degrade import degrade
    from unveil.images.arrays import check_images, remember_storage

    check_images(images)
    kept = _storage(storage)
    return remember_storage(degrade(images, Degradation(_operator(operator), kept)), kept)


def restore(
    images: Array,
    operator: str | Operator | None = None,
    storage: str | Storage | None = None,
    model: str | None = None,
    box: Box | tuple[int, int, int, int] | None = None,
    mask: np.ndarray | None = None,
    realism: float = 0.0,
) -> Array:
    """Return the images restored, as ``unveil restore`` does it; warns as it does.

    Args:
        images: ``B x 3 x H x W``, float32 in [0,1], any size.
        operator: what obfuscated them, as in ``obfuscate``; None to find it, image by image.
        storage: how they were kept; None for what ``read`` or ``obfuscate`` knows of them, else
            8 bits.
        model: shipped name, closed form or checkpoint folder; None for the best. It is loaded at
            each call: for many calls, keep what ``load`` returns.
        box: the part that is obfuscated, as for ``inspect`` (default: found, or all of it where the
            operator is stated).
        mask: how much of the obfuscated picture each pixel shows, ``H x W`` in [0,1], instead of a
            box; needs the operator, and no model.
        realism: from 0, the answer of least error, to 1, one as detailed as a photo: plausible, and
            no evidence of what was there. The same images give the same answer.

    Returns:
        The restored images, same shape and range; the very input where nothing is to be undone.

    Raises:
        UsageError: an unknown operator, storage or model, or a model that does not undo the
            operator; a realism beyond 0 to 1; images that break the contract.
    """
    from unveil.images.arrays import check_images, storage_of
    from unveil.restoration.choice import check_choice
    from unveil.restoration.pipeline import restore as restore_one
    from unveil.restoration.steps import Request

    check_images(images)
    kept = storage_of(images) if storage is None else _storage(storage)
    place = None if box is None else as_box(box)
    request = Request(_linear(operator), place, model, mask=mask, realism=realism)
    check_choice(model, request.operator)
    restored = [restore_one(image, kept, request, cache(load)) for image in images[:, None]]
    for text in dict.fromkeys(r.text for done in restored for r in done.remarks if r.is_warning):
        warnings.warn(text, stacklevel=2)
    return array_namespace(images).concat([done.images for done in restored])


def score(restored: Array, clean: Array) -> dict[str, float]:
    """Return how close restored (or obfuscated) images are to the clean ones.

    Args:
        restored: ``B x 3 x H x W``, float32 in [0,1].
        clean: the same, before anything was done.

    Returns:
        Means over the images: ``psnr`` in dB (infinite for identical ones), ``ssim`` and
        ``ssim_deck`` (the paper's window) up to 1.

    Raises:
        UsageError: the shapes or libraries differ, or the images are smaller than 7 pixels.
    """
    from unveil.images.arrays import check_array

    for images in (restored, clean):
        check_array(images)
    if is_torch_array(restored) != is_torch_array(clean):
        raise UsageError("score takes two arrays of one library, numpy or torch.")
    from unveil.metrics.quality import METRICS

    return {name: float(metric(restored, clean).mean()) for name, metric in METRICS.items()}


def load(model: str, engine: Engine = "auto") -> "Restorer":
    """Load shipped weights by name (see ``unveil models``), or a checkpoint by its folder.

    Args:
        model: name or folder.
        engine: ``onnx`` (on the CPU, in fp32), ``torch``, or ``auto``: torch if the program has
            imported it and the machine has a GPU or a CPU that is fast in bf16, else ``onnx``.

    Raises:
        UsageError: no such model; the shipped names are listed.
        UnveilError: weights that are damaged or were changed.
    """
    from unveil.restoration.restorers import load as load_restorer

    if not isinstance(model, str | Path):
        raise UsageError(f"a model is named by text, not by {type(model).__name__}.")
    return load_restorer(str(model), engine=engine)


def audit(
    path: str | Path,
    boxes: Sequence[Box | tuple[int, int, int, int]] = (),
    operator: str | Operator | None = None,
) -> "list[Verdict]":
    """Return for each face of a photo how likely a machine names it, as ``unveil audit`` does.

    Without boxes, hidden parts are judged, too, each as a face as wide as it is (``is_face`` is
    False); what cannot be measured has the risk None.

    Args:
        path: the photo file.
        boxes: where its faces are, each as for ``inspect``; none to find them.
        operator: what obfuscated the faces, as in ``obfuscate``; None to find it.

    Raises:
        UnveilError: the photo cannot be read, nothing to judge is found, or what the audit needs is
            not installed (``pip install '.[audit]'``).
        UsageError: a box is not inside the photo; what is no path, box or operator.
    """
    from unveil.extras import require

    photo, places = _path(path), [as_box(box) for box in boxes]
    require("audit")
    from unveil.auditing.photo import Auditor
    from unveil.images.photos import MAX_PIXELS

    stated = None if operator is None else _operator(operator)
    verdicts = Auditor(places, None, None, MAX_PIXELS, stated).audit(photo)
    for text in dict.fromkeys(verdict.warning for verdict in verdicts if verdict.warning):
        warnings.warn(text, stacklevel=2)
    return verdicts


def _path(path: object) -> Path:
    if not isinstance(path, str | Path):
        raise UsageError(f"a photo file is named by its path, not by {type(path).__name__}.")
    return Path(path)


def _operator(operator: str | Operator) -> Operator:
    if isinstance(operator, str):
        return parse_call(operator)
    if not isinstance(operator, Spec):
        raise UsageError(
            f"operator {operator!r} must be text, e.g. 'pixelate:block=8', or an operator such as "
            "unveil.Pixelate(8)."
        )
    return operator


def _linear(operator: str | Operator | None) -> Linear | None:
    return None if operator is None else Degradation(_operator(operator)).linear


def _storage(storage: str | Storage) -> Storage:
    if isinstance(storage, str):
        return parse_storage(storage)
    if not isinstance(storage, Storage):
        raise UsageError(f"storage {storage!r} must be text, e.g. 'jpeg:75', or unveil.Storage.")
    return storage
