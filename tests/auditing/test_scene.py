"""Who is in an audit: the roles of people, and what of a photo without a face."""

import numpy as np
import pytest

from unveil.auditing import helpers as crowds
from unveil.auditing import scene as scenes
from unveil.auditing.helpers import HELD_OUT_SHARE, MOST_PHOTOS, Crowd, names_of, open_helpers
from unveil.auditing.scene import _to_scene, open_scene
from unveil.errors import UnveilError
from unveil.faces.portraits import Portraits
from unveil.training.people import AuditSplit, divide


def portraits(found: list[int]) -> Portraits:
    return Portraits(np.zeros((0, 3, 1, 1), np.uint8), np.zeros((0, 5, 2)), np.array(found))


def test_photos_without_a_face_leave_with_who_needs_them():
    """Of B no gallery photo has a face, so that its probe goes; C's probe has none."""
    split = AuditSplit(
        gallery=["A/1", "B/1", "C/1", "D/1"],
        probes=["A/2", "B/2", "C/2", "D/2"],
        mates=[0, 1, 2, 3],
        training=["E/1", "E/2", "F/1", "E/3", "G/1"],
    )
    found = [0, -1, 1, 2, 3, 4, -1, 5, 6, 7, 8, -1, 9]
    scene = _to_scene(split, portraits(found))
    assert scene.gallery.tolist() == [0, 1, 2]
    assert scene.probes.tolist() == [3, 5]
    assert scene.mates.tolist() == [0, 2]
    assert scene.training.tolist() == [6, 7, 8, 9]
    assert scene.partners.tolist() == [7, 6, 8, 9]
    assert scene.people.tolist() == [0, 0, 1, 2]
    assert scene.faceless == 3


def people_in(folder, photos_of: list[int]):
    for number, count in enumerate(photos_of):
        for photo in range(count):
            path = folder / f"Person_{number:02}" / f"{photo:02}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return folder


def every_face(_, photos: list[str]) -> Portraits:
    """Stands in for the detector, which these empty photos are no matter for."""
    return portraits(list(range(len(photos))))


@pytest.mark.parametrize(("training", "is_enough"), [(20, True), (19, False)])
def test_an_audit_needs_two_people_and_twenty_photos_to_learn_from(
    training, is_enough, tmp_path, monkeypatch
):
    monkeypatch.setattr(scenes, "open_portraits", every_face)
    folder = people_in(tmp_path, [2] * 22)
    if is_enough:
        scene = open_scene(folder, 2, training)
        assert (len(scene.probes), len(scene.training), len(scene.gallery)) == (2, 20, 11)
        assert open_scene(folder).training.tolist() == list(range(22, 44))
    else:
        with pytest.raises(UnveilError, match="2 people to name and 19 photos to learn from are"):
            open_scene(folder, 2, training)


def test_seeds_and_halves_are_those_of_the_split(tmp_path, monkeypatch):
    asked: list[list[str]] = []
    monkeypatch.setattr(
        scenes,
        "open_portraits",
        lambda folder, photos: asked.append(photos) or every_face(0, photos),
    )
    folder = people_in(tmp_path, [2] * 44)
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    for seed, swapped in ((0, False), (0, True), (5, False)):
        open_scene(folder, seed=seed, swapped=swapped)
        split = divide(paths, seed, swapped=swapped)
        assert asked[-1] == [*split.gallery, *split.probes, *split.training]
    assert len({tuple(each) for each in asked}) == 3


def test_helpers_are_everybody_else_a_quarter_held_out(tmp_path, monkeypatch):
    """Of one person there are at most 20 photos; photos without a face are left out."""
    monkeypatch.setattr(
        crowds, "open_portraits", lambda _, photos: portraits([-1, *range(len(photos) - 1)])
    )
    folder = people_in(tmp_path, [25] * 40)
    training, held_out = names_of(folder, 1)
    assert len(held_out) == round(HELD_OUT_SHARE * 20) == 5
    assert names_of(folder) != (training, held_out)
    helpers = open_helpers(folder, 1)
    assert helpers.names == (*training, *held_out)
    assert MOST_PHOTOS == 20
    assert len(helpers.training.photos) == 15 * 20 - 1
    assert helpers.held_out.photos.tolist() == list(range(15 * 20 - 1, 20 * 20 - 1))
    assert helpers.training.people.tolist() == np.repeat(np.arange(15), 20)[1:].tolist()
    assert helpers.held_out.people.tolist() == np.repeat(np.arange(5), 20).tolist()


@pytest.mark.parametrize(("several", "is_enough"), [(4, True), (3, False)])
def test_four_people_with_two_photos_have_to_be_held_out(several, is_enough, tmp_path, monkeypatch):
    monkeypatch.setattr(crowds, "open_portraits", every_face)
    folder = people_in(tmp_path, [2] * 40)
    for name in names_of(folder)[1][several:]:
        (folder / name / "01.jpg").unlink()
    if is_enough:
        assert len(open_helpers(folder).held_out.photos) == 9
    else:
        with pytest.raises(UnveilError, match="too few people to learn from"):
            open_helpers(folder)


def test_a_person_with_one_photo_is_its_own_partner():
    assert Crowd(np.arange(3), np.array([0, 1, 1])).partners.tolist() == [0, 2, 1]
