"""Folders of photos, the paper's split, and batches of clean crops, augmented for training.

``open_photos`` decodes every photo once into a memory-mapped array of crops; a broken or too
small photo is reported there, before any training starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from unveil import console
from unveil.config import DataConfig, SplitName
from unveil.errors import UnveilError
from unveil.images.photos import list_photos
from unveil.training.crops import open_crops
from unveil.training.lfw import default_folder
from unveil.training.people import by_person, shuffled


@dataclass(frozen=True)
class Photos:
    """All crops of a folder and how they are divided.

    Attributes:
        crops: uint8 memory map, ``N x side x side x 3``; a crop with its margin.
        paths: the ``N`` relative paths, sorted, with forward slashes.
        fingerprint: sha256 over the paths, the files' bytes and the crop.
        splits: the photo numbers of each split, in the split's own order.
        margin_px: what ``crops`` hold on each side beyond the crop.
    """

    crops: np.ndarray
    paths: list[str]
    fingerprint: str
    splits: dict[SplitName, Tensor]
    margin_px: int = 0

    def summary(self) -> dict[str, object]:
        """Return what a checkpoint records of its photos."""
        sizes = {name: len(numbers) for name, numbers in self.splits.items()}
        return {"photos": len(self.paths), "fingerprint": self.fingerprint, "splits": sizes}

    def batch(self, numbers: Tensor, device: torch.device, margin_px: int = 0) -> Tensor:
        """Return the photos ``numbers`` (1-D) as ``B x 3 x H x W`` float32 in [0,1].

        Args:
            numbers: which photos.
            device: where to put them.
            margin_px: what to return on each side beyond the crop, at most ``self.margin_px``.
        """
        cut, side = self.margin_px - margin_px, self.crops.shape[1]
        inner = slice(cut, side - cut)
        pixels = torch.from_numpy(self.crops[numbers.numpy()][:, inner, inner]).to(device)
        return pixels.permute(0, 3, 1, 2).float().div_(255)


def open_photos(config: DataConfig, margin_px: int = 0) -> Photos:
    """Open the folder of ``config``, decode it into the cache if needed, and divide it.

    Args:
        config: folder, crop and split.
        margin_px: what to keep on each side beyond the crop, for crops that are moved.

    Raises:
        UnveilError: no photos, too few for the split, or photos that cannot be used; each
            of those is named with its reason.
    """
    folder = config.data or default_folder()
    paths = list_photos(folder)
    by_photo = config.split_by == "photo"
    config = fitted(config, len(paths))
    splits = split(len(paths), config) if by_photo else split_people(paths, config)
    crops, fingerprint = open_crops(folder, paths, config.crop_px + 2 * margin_px)
    return Photos(crops, paths, fingerprint, splits, margin_px)


PAPER_PHOTOS = 13_233
"""Photos in LFW, which the paper's counts divide."""


def fitted(config: DataConfig, photos: int) -> DataConfig:
    """Return the settings with a split that suits a smaller folder than LFW.

    The paper's counts, which are the defaults, are for LFW: of a smaller folder as large a share is
    taken, at least one photo each, and said. Other counts stay.

    Args:
        config: folder, crop and split.
        photos: number of photos in the folder.
    """
    default = DataConfig()
    counts = (config.test_photos, config.validation_photos)
    if photos >= PAPER_PHOTOS or counts != (default.test_photos, default.validation_photos):
        return config
    test, validation = (max(photos * count // PAPER_PHOTOS, 1) for count in counts)
    if photos >= test + validation + 1:
        left = photos - test - validation
        console.note(
            f"{config.data or 'LFW'}: {photos} photos, split into {left} for training, "
            f"{validation} for validation, {test} for test"
        )
    return replace(config, test_photos=test, validation_photos=validation)


def split(photos: int, config: DataConfig) -> dict[SplitName, Tensor]:
    """Divide ``photos`` numbers as the paper did: a seeded permutation, test part first.

    Raises:
        UnveilError: fewer photos than test and validation need with one left for training.
    """
    test, validation = config.test_photos, config.validation_photos
    if photos < test + validation + 1:
        raise UnveilError(
            f"{config.data or 'LFW'}: {photos} photos, but the split needs {test} for test, "
            f"{validation} for validation and at least 1 for training; lower --test-photos "
            "and --validation-photos."
        )
    generator = torch.Generator().manual_seed(config.split_seed)
    order = torch.randperm(photos, generator=generator)
    return {
        "test": order[:test],
        "validation": order[test : test + validation],
        "train": order[test + validation :],
    }


def split_people(paths: list[str], config: DataConfig) -> dict[SplitName, Tensor]:
    """Divide photos so that nobody in the test split is in another: the people of the audit.

    Args:
        paths: ``NAME/PHOTO``, sorted.
        config: its sizes are for validation; half of the people are the test split.

    Raises:
        UnveilError: photos outside of people's folders, or too few for training.
    """
    people = by_person(paths)
    test = {photo for name in shuffled(people, config.split_seed)[0] for photo in people[name]}
    is_test = torch.tensor([path in test for path in paths])
    others = (~is_test).nonzero()[:, 0]
    if len(others) <= config.validation_photos:
        raise UnveilError(
            f"{config.data or 'LFW'}: {len(others)} photos of people outside the test split, but "
            f"{config.validation_photos} are for validation; lower --validation-photos."
        )
    generator = torch.Generator().manual_seed(config.split_seed)
    order = others[torch.randperm(len(others), generator=generator)]
    return {
        "test": is_test.nonzero()[:, 0],
        "validation": order[: config.validation_photos],
        "train": order[config.validation_photos :],
    }


def epoch_batches(numbers: Tensor, batch: int, seed: int, epoch: int) -> Iterator[Tensor]:
    """Yield the photo numbers of each full batch of one epoch, in a seeded random order.

    The order is a function of ``seed`` and ``epoch`` alone, so that an interrupted epoch is
    taken up where it stopped without any stored state.
    """
    generator = torch.Generator().manual_seed((seed << 20) + epoch)
    order = numbers[torch.randperm(len(numbers), generator=generator)]
    for start in range(0, len(order) - batch + 1, batch):
        yield order[start : start + batch]


def augment(images: Tensor, seed: int, step: int, *, flip: bool, shift_px: int) -> Tensor:
    """Return photos shifted by up to ``shift_px`` pixels each way, half of them mirrored.

    Args:
        images: ``B x C x H x W`` with ``shift_px`` pixels on each side to shift within.
        seed: of the run.
        step: of the run; the same step draws the same, so that a checkpoint needs no state.
        flip: whether to mirror.
        shift_px: largest shift; the result is smaller by this much on each side.
    """
    generator = torch.Generator().manual_seed((seed << 20) + step)
    if flip:
        chosen = torch.rand(len(images), generator=generator) < 0.5
        chosen = chosen.to(images.device)[:, None, None, None]
        images = torch.where(chosen, images.flip(-1), images)
    if shift_px:
        starts = torch.randint(2 * shift_px + 1, (len(images), 2), generator=generator).tolist()
        height, width = (side - 2 * shift_px for side in images.shape[-2:])
        pairs = zip(images, starts, strict=True)
        images = torch.stack([im[:, y : y + height, x : x + width] for im, (y, x) in pairs])
    return images
