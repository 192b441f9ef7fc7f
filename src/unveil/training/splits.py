"""The splits of a folder of photos: training, validation and test."""

import numpy as np

from unveil.arrays import twister_bits
from unveil.config import DataConfig, SplitName
from unveil.errors import UnveilError
from unveil.training.people import by_person, shuffled

LFW_PHOTOS, LFW_TEST, LFW_VALIDATION = 13_233, 3708, 1905
"""Photos of LFW, and the paper's counts for its test and validation splits."""

Splits = dict[SplitName, np.ndarray]
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
    order = permutation(photos, config.split_seed)
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
    is_test = np.array([path in test for path in paths])
    others = np.flatnonzero(~is_test)
    most = max(1, len(others) // 2)
    validation = config.validation_photos or min(share(len(paths), LFW_VALIDATION), most)
    if len(others) <= validation:
        raise UnveilError(
            f"{config.data or 'LFW'}: photos of people outside the test split: {len(others)}; "
            f"validation needs {validation} and training at least 1; "
            f"{'lower --validation-photos' if config.validation_photos else 'add photos'}."
        )
    order = others[permutation(len(others), config.split_seed)]
    return {
        "test": np.flatnonzero(is_test),
        "validation": order[:validation],
        "train": order[validation:],
    }


def permutation(count: int, seed: int) -> np.ndarray:
    """Return a random order of the numbers from 0 to ``count - 1``, a function of ``seed`` alone.

    It is the order of ``torch.randperm`` on the CPU, by which the study's photos were split: R. A.
    Fisher and F. Yates' shuffle with the Mersenne Twister's 32-bit numbers.
    """
    order = np.arange(count)
    for place, draw in enumerate(twister_bits(max(count - 1, 0), seed).tolist()):
        other = place + draw % (count - place)
        order[place], order[other] = order[other], order[place]
    return order


def describe(splits: Splits) -> str:
    """Return the sizes of the splits, in words."""
    sizes = {name: len(numbers) for name, numbers in splits.items()}
    return (
        f"{sum(sizes.values())} photos, split into {sizes['train']} for training, "
        f"{sizes['validation']} for validation, {sizes['test']} for test"
    )
