"""Fits a prior, the power spectrum of clean photos, to a folder or to a training split."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save

from unveil.files import temporary_beside
from unveil.images.arrays import from_pixels
from unveil.images.photos import list_photos
from unveil.linear.prior import Prior, fit_prior
from unveil.training.crops import open_crops
from unveil.training.data import Photos

BATCH = 64
PRIOR_PHOTOS = 2048
"""Largest number of training photos that a refiner's prior is fitted to."""


def fit_training_photos(photos: Photos, device: str | None, limit: int | None = None) -> Prior:
    """Return the power spectrum of the first ``PRIOR_PHOTOS`` training photos.

    Args:
        photos: the photos of the run.
        device: of torch; None to compute in numpy.
        limit: number of training photos that the run uses; None for all.
    """
    numbers = photos.splits["train"][:limit][:PRIOR_PHOTOS]
    parts = np.split(numbers, range(BATCH, len(numbers), BATCH))
    return fit_prior(photos.batch(part, device) for part in parts)


def fit_folder(folder: Path, photos: int, crop_px: int) -> Prior:
    """Return the power spectrum of the center crops of the first photos of a folder.

    Raises:
        UnveilError: there are no photos, or some cannot be used; these are listed with reasons.
    """
    crops, _ = open_crops(folder, list_photos(folder)[:photos], crop_px)
    parts = (crops[start : start + BATCH] for start in range(0, len(crops), BATCH))
    return fit_prior(map(from_pixels, parts))


def write_prior(prior: Prior, path: Path) -> None:
    """Write a prior as a safetensors file, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(path) as partial:
        partial.write_bytes(save({"power": prior.power}))
