"""Learning what the closed forms know of photos from a folder of them."""

from pathlib import Path

import torch
from safetensors.torch import save

from unveil.files import temporary_beside
from unveil.images.photos import list_photos
from unveil.linear.prior import Prior, fit_prior
from unveil.training.crops import open_crops

BATCH = 64


def fit_folder(folder: Path, photos: int, crop_px: int) -> Prior:
    """Return the power spectrum of the center crops of the first photos of a folder.

    Raises:
        UnveilError: no photos, or photos that cannot be used; each is named with its reason.
    """
    crops, _ = open_crops(folder, list_photos(folder)[:photos], crop_px)
    parts = (torch.tensor(crops[n : n + BATCH]) for n in range(0, len(crops), BATCH))
    return fit_prior(part.permute(0, 3, 1, 2).float() / 255 for part in parts)


def write_prior(prior: Prior, path: Path) -> None:
    """Write a prior as safetensors, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(path) as partial:
        partial.write_bytes(save({"power": prior.power.cpu().contiguous()}))
