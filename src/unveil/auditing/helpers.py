"""The people whom a tuned attacker learns from: those who are in neither gallery nor probes.

A quarter of them is held out of the training of the network: heads and the weights of a fusion are
fitted to them, since the network knows the others too well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unveil.errors import UnveilError
from unveil.faces.portraits import Portraits, open_portraits
from unveil.images.photos import list_photos
from unveil.training.people import by_person, divide, shuffled

HELD_OUT_SHARE = 0.25
MOST_PHOTOS = 20
"""Most photos of one person: of some there are hundreds."""

MOST_FITTED = 6
"""Most photos of one person that heads are fitted to."""

MIN_PAIRS = 4
"""Fewest held-out people with two photos."""


@dataclass(frozen=True)
class Crowd:
    """Photos of people, as indices into portraits.

    Attributes:
        photos: those with a face, ``N``, in order of people.
        people: number of the person on each, ``N``, from 0.
    """

    photos: np.ndarray
    people: np.ndarray

    @property
    def partners(self) -> np.ndarray:
        """Place of the next photo of the same person, or of the same one if alone, ``N``."""
        places = np.arange(len(self.people))
        first = np.searchsorted(self.people, self.people)
        after = np.searchsorted(self.people, self.people, side="right")
        following: np.ndarray = np.where(places + 1 < after, places + 1, first)
        return following

    def cut(self, share: float) -> "Crowd":
        """Return the first part of the people, with about this share of the photos."""
        count = len(self.people) if share == 1 else max(round(share * len(self.people)), 1)
        kept = self.people <= self.people[count - 1]
        return Crowd(self.photos[kept], self.people[kept])

    def split(self) -> tuple["Crowd", "Crowd"]:
        """Return the people with two photos or more, of each the first few, and the others."""
        _, first, sizes = np.unique(self.people, return_index=True, return_counts=True)
        rank = np.arange(len(self.people)) - np.repeat(first, sizes)
        several = np.repeat(sizes, sizes) > 1
        return self._where(several & (rank < MOST_FITTED)), self._where(~several)

    def _where(self, kept: np.ndarray) -> "Crowd":
        return Crowd(self.photos[kept], np.unique(self.people[kept], return_inverse=True)[1])


@dataclass(frozen=True)
class Helpers:
    """Everybody whom an attacker learns from.

    Attributes:
        portraits: their faces.
        training: the people whom the network is trained on.
        held_out: the people whom heads and fusion are fitted to.
        names: their names, those in training first.
    """

    portraits: Portraits
    training: Crowd
    held_out: Crowd
    names: tuple[str, ...]


def open_helpers(folder: Path, seed: int = 0) -> Helpers:
    """Find the faces of the people of a folder who are in neither gallery nor probes.

    Args:
        folder: holds a folder of photos for each person.
        seed: of the division, that of the audit.

    Raises:
        UnveilError: too few people or photos.
    """
    people = by_person(list_photos(folder))
    parts = names_of(folder, seed)
    if sum(len(people[name]) > 1 for name in parts[1]) < MIN_PAIRS or not parts[0]:
        raise UnveilError(
            f"{folder}: too few people to learn from: of those held out, {MIN_PAIRS} need two "
            "photos each."
        )
    shown = [[people[name][:MOST_PHOTOS] for name in names] for names in parts]
    photos = [photo for group in shown for each in group for photo in each]
    portraits = open_portraits(folder, photos)
    size = sum(len(each) for each in shown[0])
    training, held_out = (
        _crowd(found, group)
        for found, group in zip(np.split(portraits.found, [size]), shown, strict=True)
    )
    return Helpers(portraits, training, held_out, (*parts[0], *parts[1]))


def names_of(folder: Path, seed: int = 0) -> tuple[list[str], list[str]]:
    """Return the names of the people in training, and of those held out; nobody is audited.

    Raises:
        UnveilError: the folder has no people to audit.
    """
    paths = list_photos(folder)
    audited = set(by_person(divide(paths, seed).gallery))
    others = [name for name in shuffled(by_person(paths), seed)[1] if name not in audited]
    count = round(HELD_OUT_SHARE * len(others))
    return others[count:], others[:count]


def _crowd(found: np.ndarray, shown: Sequence[Sequence[str]]) -> Crowd:
    people = np.repeat(np.arange(len(shown)), [len(each) for each in shown])
    kept = found >= 0
    return Crowd(found[kept], np.unique(people[kept], return_inverse=True)[1])
