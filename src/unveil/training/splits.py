"""The splits of a folder of photos: training, validation and test."""

import torch
from torch import Tensor

from unveil.config import DataConfig, SplitName
from unveil.errors import UnveilError
from unveil.training.people import by_person, shuffled

LFW_PHOTOS, LFW_TEST, LFW_VALIDATION = 13_233, 3708, 1905
"""Photos of LFW, and the paper's counts for its test and validation splits."""

Splits = dict[SplitName, Tensor]
"""The photo numbers of each split (1-D, int64), in the split's own order."""


def make_splits(paths: list[str], config: DataConfig) -> Splits:
    """Split the photos of a folder.

    Args:
        paths: relative paths, sorted, with forward slashes.
        config: how to split.

    Raises:
        UnveilError: too few photos, or no folders of people where the split is by person.
    """
    if config.split_by == "photo":
        return split_photos(len(paths), config)
    return split_people(paths, config)


def share(photos: int, of_lfw: int) -> int:
    """Return the paper's count ``of_lfw``, or the same share of a folder smaller than LFW.

    At least 1 photo; the two rules agree at the size of LFW.
    """
    return max(1, min(photos, LFW_PHOTOS) * of_lfw // LFW_PHOTOS)


def split_photos(photos: int, config: DataConfig) -> Splits:
    """Split ``photos`` numbers as the paper did: a seeded permutation, test part first.

    Raises:
        UnveilError: fewer photos than test and validation need with one left for training.
    """
    test = config.test_photos or share(photos, LFW_TEST)
    validation = config.validation_photos or share(photos, LFW_VALIDATION)
    if photos <= test + validation:
        raise UnveilError(
            f"{config.data or 'LFW'}: {photos} photos, but the split needs {test} for test, "
            f"{validation} for validation and at least 1 for training: {test + validation + 1} in "
            f"all; {_way_out(config)}."
        )
    order = torch.randperm(photos, generator=torch.Generator().manual_seed(config.split_seed))
    return {
        "test": order[:test],
        "validation": order[test : test + validation],
        "train": order[test + validation :],
    }


def _way_out(config: DataConfig) -> str:
    stated = {
        "--test-photos": config.test_photos,
        "--validation-photos": config.validation_photos,
    }
    flags = " and ".join(flag for flag, count in stated.items() if count is not None)
    return f"lower {flags}" if flags else "add photos"


def split_people(paths: list[str], config: DataConfig) -> Splits:
    """Split photos so that nobody in the test split is in another: the people of the audit.

    Half of the people are the test split. Without a stated count, validation takes its share of
    the folder, but at most half of the other people's photos.

    Args:
        paths: ``NAME/PHOTO``, sorted.
        config: its ``test_photos`` do not matter.

    Raises:
        UnveilError: photos outside of people's folders, fewer than two people, or too few photos
            for training.
    """
    people = by_person(paths)
    if len(people) < 2:
        raise UnveilError(
            f"{config.data or 'LFW'}: photos of one person only, but a split by person needs at "
            "least two; add people, or take --split-by photo."
        )
    test = {photo for name in shuffled(people, config.split_seed)[0] for photo in people[name]}
    is_test = torch.tensor([path in test for path in paths])
    others = (~is_test).nonzero()[:, 0]
    most = max(1, len(others) // 2)
    validation = config.validation_photos or min(share(len(paths), LFW_VALIDATION), most)
    if len(others) <= validation:
        raise UnveilError(
            f"{config.data or 'LFW'}: photos of people outside the test split: {len(others)}; "
            f"validation needs {validation} and training at least 1; "
            f"{'lower --validation-photos' if config.validation_photos else 'add photos'}."
        )
    generator = torch.Generator().manual_seed(config.split_seed)
    order = others[torch.randperm(len(others), generator=generator)]
    return {
        "test": is_test.nonzero()[:, 0],
        "validation": order[:validation],
        "train": order[validation:],
    }


def describe(splits: Splits) -> str:
    """Return the sizes of the splits, in words."""
    sizes = {name: len(numbers) for name, numbers in splits.items()}
    return (
        f"{sum(sizes.values())} photos, split into {sizes['train']} for training, "
        f"{sizes['validation']} for validation, {sizes['test']} for test"
    )
