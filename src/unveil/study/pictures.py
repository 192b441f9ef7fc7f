"""The photos in the picture strips: the same people in every figure."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from unveil.data import Photos
from unveil.evaluate import Trial
from unveil.files import temporary_beside
from unveil.models.vcae import Vcae

PICTURES_NAME = "pictures.safetensors"
PEOPLE = ("Bill_Gates",)
"""Whom the deck discusses; shown where the test split has them."""

OTHERS = 5
"""Then the first photos of the test split."""

SAMPLES = 3


def picture_numbers(photos: Photos) -> list[int]:
    """Return the places in the test split of the photos that the strips show."""
    test = photos.splits["test"].tolist()
    named = [
        next((place for place, number in enumerate(test) if person in photos.paths[number]), None)
        for person in PEOPLE
    ]
    others = range(min(OTHERS, len(test)))
    return list(dict.fromkeys([place for place in named if place is not None] + [*others]))


@torch.inference_mode()
def save_pictures(folder: Path, model: torch.nn.Module, trial: Trial) -> None:
    """Store what ``model`` makes of the strips' photos, as ``N x H x W x 3`` uint8.

    ``restored``, and for a VCAE also ``samples`` of the first photo.
    """
    numbers = trial.numbers[picture_numbers(trial.photos)]
    _, obfuscated = trial.pairs(numbers)
    with trial.runtime.autocast():
        stored = {"restored": _to_uint8(model(obfuscated))}
        if isinstance(model, Vcae):
            generator = torch.Generator(obfuscated.device).manual_seed(0)
            first = obfuscated[:1].expand(SAMPLES, -1, -1, -1)
            stored["samples"] = _to_uint8(model.sample(first, generator))
    with temporary_beside(folder / PICTURES_NAME) as partial:
        partial.write_bytes(save(stored))


def read_pictures(folder: Path) -> dict[str, Tensor]:
    """Return what :func:`save_pictures` stored in ``folder``; nothing where it stored nothing."""
    path = folder / PICTURES_NAME
    return load_file(path) if path.exists() else {}


def _to_uint8(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu()
