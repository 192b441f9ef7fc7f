"""The division of people: nobody on both sides, the same each time, no photo twice."""

import pytest

from unveil.config import DataConfig
from unveil.errors import UnveilError
from unveil.training.people import by_person, divide
from unveil.training.splits import split_people

PATHS = [f"person{number:03}/photo{shot}.jpg" for number in range(60) for shot in range(number % 4)]


def who(paths: list[str]) -> set[str]:
    return {path.partition("/")[0] for path in paths}


def test_nobody_is_on_both_sides():
    split = divide(PATHS)
    assert not who(split.gallery) & who(split.training)
    assert who(split.probes) <= who(split.gallery)
    assert who(split.gallery) | who(split.training) == who(PATHS)


def test_a_probe_is_another_photo_of_the_person_it_is_to_be_named_as():
    split = divide(PATHS)
    assert len(split.probes) == len(split.mates) > 5
    assert not set(split.probes) & set(split.gallery)
    for probe, mate in zip(split.probes, split.mates, strict=True):
        assert who([probe]) == who([split.gallery[mate]])


def test_each_person_has_one_face_in_the_gallery():
    split = divide(PATHS)
    assert len(who(split.gallery)) == len(split.gallery)


def test_the_division_depends_on_the_seed_alone():
    assert divide(PATHS) == divide(PATHS[::-1])
    assert divide(PATHS, seed=1) != divide(PATHS)


def test_fewer_probes_leave_the_gallery_whole():
    few, all_of_them = divide(PATHS, probes=3, training=7), divide(PATHS)
    assert few.probes == all_of_them.probes[:3]
    assert few.gallery == all_of_them.gallery
    assert len(few.training) == 7


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["a.jpg", "b.jpg"], "not in a person's folder"),
        ([f"p{n}/only.jpg" for n in range(20)], "two photos or more"),
    ],
)
def test_folders_that_cannot_be_audited_are_refused(paths, words):
    with pytest.raises(UnveilError, match=words):
        divide(paths)


def test_training_by_person_keeps_the_audits_people_out():
    """Restorers trained so have seen nobody who is to be named."""
    paths = sorted(PATHS)
    splits = split_people(paths, DataConfig(validation_photos=10, split_by="person"))
    shown = {name: who([paths[n] for n in numbers.tolist()]) for name, numbers in splits.items()}
    split = divide(paths)
    assert shown["test"] == who(split.gallery)
    assert not (shown["train"] | shown["validation"]) & shown["test"]
    assert sum(map(len, splits.values())) == len(paths)


def test_too_many_photos_for_validation_are_refused():
    with pytest.raises(UnveilError, match="lower --validation-photos"):
        split_people(sorted(PATHS), DataConfig(validation_photos=60, split_by="person"))


def test_photos_are_grouped_by_folder():
    assert by_person(["b/2.jpg", "a/x/1.jpg", "b/1.jpg"]) == {
        "a/x": ["a/x/1.jpg"],
        "b": ["b/1.jpg", "b/2.jpg"],
    }
