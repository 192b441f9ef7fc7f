"""The stage of an audit: who is known, who is to be named, and whom the attackers learn from."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from unveil.errors import UnveilError
from unveil.faces.portraits import Portraits, open_portraits
from unveil.images.photos import list_photos
from unveil.training.people import Cast, by_person, divide

LEAST_TRAINING = 20
"""Training faces without which no attacker can learn."""


@dataclass(frozen=True)
class Scene:
    """Faces and their parts; numbers are places in ``portraits``.

    Attributes:
        portraits: all faces.
        gallery: one known face of each test person, ``G``.
        probes: the faces to name, ``P``.
        mates: for each probe, the place of its person in the gallery, ``P``.
        training: faces of other people, ``T``.
        partners: for each of those, another photo of the same person (the same one, where there
            is no other), ``T``.
        people: who the training faces are, ``T``.
        faceless: photos in which no face was found.
    """

    portraits: Portraits
    gallery: Tensor
    probes: Tensor
    mates: Tensor
    training: Tensor
    partners: Tensor
    people: Tensor
    faceless: int


def open_scene(
    folder: Path,
    probes: int | None = None,
    training: int | None = None,
    seed: int = 0,
    *,
    swapped: bool = False,
) -> Scene:
    """Open the folder of people, find their faces and divide them.

    Args:
        folder: one folder a person, with photos.
        probes: no more probes than this.
        training: no more training photos than this.
        seed: of the division.
        swapped: audit the people whom others learn from, and the other way round.

    Raises:
        UnveilError: too few people or photos.
    """
    cast = divide(list_photos(folder), seed, probes, training, swapped=swapped)
    photos = [*cast.gallery, *cast.probes, *cast.training]
    scene = _cast(cast, open_portraits(folder, photos))
    if len(scene.probes) < 2 or len(scene.training) < LEAST_TRAINING:
        raise UnveilError(
            f"{folder}: faces of {len(scene.probes)} people to name and {len(scene.training)} "
            f"photos to learn from are too few for an audit (2 and {LEAST_TRAINING})."
        )
    return scene


def _cast(cast: Cast, portraits: Portraits) -> Scene:
    sizes = [len(cast.gallery), len(cast.probes), len(cast.training)]
    gallery, probes, training = torch.split(portraits.found, sizes)
    # Who has no face in the gallery cannot be named: neither place nor probe.
    known = gallery >= 0
    places = known.cumsum(0) - 1
    mates = torch.tensor(cast.mates)
    named = (probes >= 0) & known[mates]
    learnt = training >= 0
    people, partners = _partners([cast.training[at] for at in learnt.nonzero()[:, 0].tolist()])
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


def _partners(photos: list[str]) -> tuple[Tensor, Tensor]:
    """Return who is on each photo, and the place of the next photo of the same person."""
    place = {photo: number for number, photo in enumerate(photos)}
    people, partners = torch.zeros(len(photos), dtype=torch.long), torch.arange(len(photos))
    for person, shown in enumerate(by_person(photos).values()):
        for photo, partner in zip(shown, [*shown[1:], shown[0]], strict=True):
            people[place[photo]] = person
            partners[place[photo]] = place[partner]
    return people, partners
