"""The people of an audit: gallery, probes, and training faces of other people."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unveil.errors import UnveilError
from unveil.faces.portraits import Portraits, open_portraits
from unveil.images.photos import list_photos
from unveil.training.people import AuditSplit, by_person, divide

MIN_TRAINING = 20
"""Smallest number of training faces that the trained attacker is fitted to."""


@dataclass(frozen=True)
class Scene:
    """The faces of an audit by their role, as indices into ``portraits``.

    Attributes:
        portraits: all faces.
        gallery: one known face of each test person, ``G``.
        probes: the faces to identify, ``P``.
        mates: index into ``gallery`` of each probe's person, ``P``.
        training: faces of other people, ``T``.
        partners: another photo of the same person for each of those (the same one if there is no
            other), ``T``.
        people: identity of each training face, ``T``.
        faceless: number of photos in which no face was found.
    """

    portraits: Portraits
    gallery: np.ndarray
    probes: np.ndarray
    mates: np.ndarray
    training: np.ndarray
    partners: np.ndarray
    people: np.ndarray
    faceless: int


def open_scene(
    folder: Path,
    probes: int | None = None,
    training: int | None = None,
    seed: int = 0,
    *,
    swapped: bool = False,
) -> Scene:
    """Open a folder of people, find their faces and divide them.

    Args:
        folder: holds a folder of photos for each person.
        probes: greatest number of probes; None for all.
        training: greatest number of training photos; None for all.
        seed: of the division.
        swapped: exchange the test people and the training people.

    Raises:
        UnveilError: too few people or photos.
    """
    split = divide(list_photos(folder), seed, probes, training, swapped=swapped)
    photos = [*split.gallery, *split.probes, *split.training]
    scene = _to_scene(split, open_portraits(folder, photos))
    if len(scene.probes) < 2 or len(scene.training) < MIN_TRAINING:
        raise UnveilError(
            f"{folder}: faces of {len(scene.probes)} people to name and {len(scene.training)} "
            f"photos to learn from are too few for an audit (2 and {MIN_TRAINING})."
        )
    return scene


def _to_scene(split: AuditSplit, portraits: Portraits) -> Scene:
    sizes = [len(split.gallery), len(split.probes), len(split.training)]
    gallery, probes, training = np.split(portraits.found, np.cumsum(sizes)[:-1])
    # People without a face in the gallery cannot be identified: their probes are left out too.
    known = gallery >= 0
    places = np.cumsum(known) - 1
    mates = np.array(split.mates, np.int64)
    named = (probes >= 0) & known[mates]
    learnt = training >= 0
    people, partners = _partners([split.training[at] for at in learnt.nonzero()[0]])
    return Scene(
        portraits,
        gallery[known],
        probes[named],
        places[mates[named]],
        training[learnt],
        training[learnt][partners],
        people,
        faceless=int((portraits.found < 0).sum()),
    )


def _partners(photos: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the identity on each photo, and the index of the next photo of the same person."""
    place = {photo: number for number, photo in enumerate(photos)}
    people, partners = np.zeros(len(photos), np.int64), np.arange(len(photos))
    for person, shown in enumerate(by_person(photos).values()):
        for photo, partner in zip(shown, [*shown[1:], shown[0]], strict=True):
            people[place[photo]] = person
            partners[place[photo]] = place[partner]
    return people, partners
