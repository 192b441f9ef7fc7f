"""Folders of photos, and batches of clean crops.

``open_photos`` decodes every photo once into a memory-mapped array of crops; a broken or too
small photo is reported there, before any training starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unveil.arrays import Array
from unveil.config import DataConfig
from unveil.images.arrays import from_pixels
from unveil.images.photos import list_photos
from unveil.training.crops import open_crops
from unveil.training.lfw import default_folder
from unveil.training.splits import Splits, make_splits, permutation


@dataclass(frozen=True)
class Photos:
    """The crops of all photos of a folder, and their splits.

    Attributes:
        crops: uint8 memory map, ``N x side x side x 3``; each crop has a margin around it.
        paths: the ``N`` relative paths, sorted, with forward slashes.
        fingerprint: sha256 over the paths, the files' bytes and the crop.
        splits: the photo numbers of each split, in the split's own order.
        margin_px: width of the margin in ``crops``, on each side.
    """

    crops: np.ndarray
    paths: list[str]
    fingerprint: str
    splits: Splits
    margin_px: int = 0

    def summary(self) -> dict[str, object]:
        """Return the record of the photos for a checkpoint: counts and fingerprint."""
        sizes = {name: len(numbers) for name, numbers in self.splits.items()}
        return {"photos": len(self.paths), "fingerprint": self.fingerprint, "splits": sizes}

    def batch(self, numbers: np.ndarray, device: str | None = None, margin_px: int = 0) -> Array:
        """Return the photos ``numbers`` (1-D) as ``B x 3 x H x W`` float32 in [0,1].

        Args:
            numbers: the photos' numbers.
            device: of torch, for tensors; None for numpy arrays.
            margin_px: width of the margin to return, on each side; at most ``self.margin_px``.
        """
        cut, side = self.margin_px - margin_px, self.crops.shape[1]
        inner = slice(cut, side - cut)
        pixels: Array = self.crops[numbers][:, inner, inner]
        if device is not None:
            import torch

            pixels = torch.from_numpy(pixels).to(device)
        return from_pixels(pixels)


def open_photos(config: DataConfig, margin_px: int = 0) -> Photos:
    """Open the folder of ``config``, decode its photos into the cache if needed, and split them.

    Args:
        config: folder, crop and split.
        margin_px: width of the margin to keep around each crop, for crops that training shifts.

    Raises:
        UnveilError: there are no photos, too few for the split, or some that cannot be used; these
            are listed with their reasons.
    """
    folder = config.data or default_folder()
    paths = list_photos(folder)
    splits = make_splits(paths, config)
    crops, fingerprint = open_crops(folder, paths, config.crop_px + 2 * margin_px)
    return Photos(crops, paths, fingerprint, splits, margin_px)


def epoch_batches(numbers: np.ndarray, batch: int, seed: int, epoch: int) -> Iterator[np.ndarray]:
    """Yield the photo numbers of each full batch of one epoch, in a seeded random order.

    The order is a function of ``seed`` and ``epoch`` alone, so that an interrupted epoch is
    resumed where it stopped without any stored state.
    """
    order = numbers[permutation(len(numbers), (seed << 20) + epoch)]
    for start in range(0, len(order) - batch + 1, batch):
        yield order[start : start + batch]
