"""The restored photos behind the picture strips: the same people in every figure."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from unveil.degradation.degrade import to_uint8
from unveil.files import temporary_beside
from unveil.networks.vcae import Vcae
from unveil.training.data import Photos
from unveil.training.evaluate import BATCH, Identity, Scoring

PICTURES_NAME = "pictures.safetensors"
PEOPLE = ("Bill_Gates",)
"""People whom the paper discusses; shown if the test split has them."""

OTHERS = 5
"""Number of further photos, the first of the test split."""

SAMPLES = 3
"""Number of samples that a VCAE draws for one photo."""


def picture_numbers(photos: Photos) -> list[int]:
    """Return the photos of the strips, as indices into the test split."""
    test = photos.splits["test"].tolist()
    named = [
        next((place for place, number in enumerate(test) if person in photos.paths[number]), None)
        for person in PEOPLE
    ]
    others = range(min(OTHERS, len(test)))
    return list(dict.fromkeys([place for place in named if place is not None] + [*others]))


@torch.inference_mode()
def save_pictures(folder: Path, model: torch.nn.Module, scoring: Scoring, measured: int) -> None:
    """Store some photos as ``model`` restores them, as ``N x H x W x 3`` uint8 tensors.

    ``strip`` holds the photos of the strips, ``measured`` the first ``measured`` photos of the test
    split. For the identity there are also the clean photos (``clean_strip``, ``clean_measured``),
    for a VCAE ``samples`` of the strip's first photo.
    """
    device, autocast = scoring.runtime.device, scoring.runtime.autocast

    def restored(numbers: Tensor) -> Tensor:
        with autocast():
            parts = [
                model(scoring.pairs(part)[1], scoring.degradation)
                for part in torch.split(numbers, BATCH)
            ]
        return _to_pixels(torch.cat(parts))

    strip, first = scoring.numbers[picture_numbers(scoring.photos)], scoring.numbers[:measured]
    stored = {"strip": restored(strip), "measured": restored(first)}
    if isinstance(model, Identity):
        stored["clean_strip"] = _to_pixels(scoring.pairs(strip)[0])
        stored["clean_measured"] = _to_pixels(scoring.pairs(first)[0])
    if isinstance(model, Vcae):
        copies = scoring.pairs(strip[:1])[1].expand(SAMPLES, -1, -1, -1)
        with autocast():
            drawn = model.sample(copies, torch.Generator(device).manual_seed(0))
        stored["samples"] = _to_pixels(drawn)
    with temporary_beside(folder / PICTURES_NAME) as partial:
        partial.write_bytes(save(stored))


def read_pictures(folder: Path) -> dict[str, Tensor]:
    """Return what :func:`save_pictures` stored in ``folder``; if nothing, an empty dict."""
    path = folder / PICTURES_NAME
    return load_file(path) if path.exists() else {}


def _to_pixels(images: Tensor) -> Tensor:
    """Return ``N x 3 x H x W`` images in [0,1] as ``N x H x W x 3`` uint8."""
    return to_uint8(images.float()).permute(0, 2, 3, 1).contiguous().cpu()
