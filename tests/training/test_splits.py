"""The splits: the paper's on LFW, its shares on a smaller folder, stated counts before both."""

import numpy as np
import pytest
import torch

from unveil.config import DataConfig
from unveil.errors import UnveilError
from unveil.training.people import shuffled
from unveil.training.splits import describe, split_people, split_photos

PEOPLE = [f"person{number:02}/photo{shot}.jpg" for number in range(20) for shot in range(3)]


def sizes(splits):
    return {name: len(numbers) for name, numbers in splits.items()}


def test_the_split_of_lfw_is_the_protocols():
    parts = split_photos(13_233, DataConfig())
    order = torch.randperm(13_233, generator=torch.Generator().manual_seed(0)).numpy()
    assert np.array_equal(parts["test"], order[:3708])
    assert np.array_equal(parts["validation"], order[3708:5613])
    assert np.array_equal(parts["train"], order[5613:])
    assert len(parts["train"]) == 7620


@pytest.mark.parametrize(
    ("photos", "test", "validation"),
    [(3, 1, 1), (60, 16, 8), (5613, 1572, 808), (13_232, 3707, 1904), (20_000, 3708, 1905)],
)
def test_a_smaller_folder_is_split_in_the_papers_shares(photos, test, validation):
    parts = split_photos(photos, DataConfig())
    rest = photos - test - validation
    assert sizes(parts) == {"test": test, "validation": validation, "train": rest}
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(photos))


def test_each_stated_count_is_kept():
    assert sizes(split_photos(60, DataConfig(test_photos=5)))["test"] == 5
    assert sizes(split_photos(60, DataConfig(test_photos=5)))["validation"] == 8
    assert sizes(split_photos(60, DataConfig(validation_photos=30)))["validation"] == 30
    assert sizes(split_photos(13_233, DataConfig(test_photos=1)))["validation"] == 1905


@pytest.mark.parametrize(
    ("photos", "counts", "phrases"),
    [
        (2, {}, "LFW: 2 photos, .*1 for test, 1 for validation.*: 3 in all; add photos"),
        (
            60,
            {"test_photos": 52},
            "52 for test, 8 for validation.*: 61 in all; lower --test-photos",
        ),
        (9, {"validation_photos": 8}, "2 for test, 8 for val.*; lower --validation-photos"),
        (8, {"test_photos": 4, "validation_photos": 4}, "--test-photos and --validation-photos"),
    ],
)
def test_what_cannot_be_split_is_refused_with_the_number_needed(photos, counts, phrases):
    with pytest.raises(UnveilError, match=phrases):
        split_photos(photos, DataConfig(**counts))


def test_by_person_a_small_folder_keeps_photos_for_training():
    parts = split_people(PEOPLE, DataConfig(split_by="person"))
    assert sizes(parts) == {"test": 30, "validation": 8, "train": 22}


def test_by_person_validation_leaves_half_of_the_others_for_training():
    """The test person has 30 of 33 photos: the whole folder's share would take all others."""
    (test,), (other,) = shuffled({"a": [], "b": []}, seed=0)
    paths = sorted([f"{test}/{n:02}.jpg" for n in range(30)] + [f"{other}/{n}.jpg" for n in "123"])
    assert sizes(split_people(paths, DataConfig(split_by="person"))) == {
        "test": 30,
        "validation": 1,
        "train": 2,
    }


def test_by_person_too_few_photos_or_people_are_refused():
    with pytest.raises(UnveilError, match=r"test split: 1; validation needs 1 .*add photos"):
        split_people(["a/1.jpg", "b/1.jpg"], DataConfig(split_by="person"))
    with pytest.raises(UnveilError, match=r"one person only, .*--split-by photo"):
        split_people(["a/1.jpg", "a/2.jpg", "a/3.jpg"], DataConfig(split_by="person"))


def test_the_sizes_are_told_in_words():
    told = describe(split_photos(60, DataConfig()))
    assert told == "60 photos, split into 36 for training, 8 for validation, 16 for test"
