"""The people of a folder of photos, divided so that no attacker has seen whom it names."""

import random
from dataclasses import dataclass

from unveil.errors import UnveilError

TEST_SHARE = 0.5
"""Share of the people that are for the audit; the others train attackers and restorers."""


@dataclass(frozen=True)
class Cast:
    """Photos by their part, as paths below the folder.

    Attributes:
        gallery: one known photo of each test person.
        probes: another photo of each test person that has one.
        mates: for each probe, the place of its person in the gallery.
        training: photos of people who are in neither.
    """

    gallery: list[str]
    probes: list[str]
    mates: list[int]
    training: list[str]


def by_person(paths: list[str]) -> dict[str, list[str]]:
    """Group photos by the folder that they lie in: a person's name.

    Args:
        paths: ``NAME/PHOTO``, with forward slashes.

    Raises:
        UnveilError: photos that lie in no folder of their own, or fewer than two people.
    """
    people: dict[str, list[str]] = {}
    for path in sorted(paths):
        name, _, photo = path.rpartition("/")
        if not name:
            raise UnveilError(
                f"{photo}: lies in no person's folder; the audit needs NAME/PHOTO, one folder a "
                "person."
            )
        people.setdefault(name, []).append(path)
    return people


def shuffled(people: dict[str, list[str]], seed: int) -> tuple[list[str], list[str]]:
    """Return the names of the test people and of the others: a seeded order, test people first."""
    names = sorted(people)
    random.Random(seed).shuffle(names)  # noqa: S311  # no secret
    count = round(len(names) * TEST_SHARE)
    return names[:count], names[count:]


def divide(
    paths: list[str],
    seed: int = 0,
    probes: int | None = None,
    training: int | None = None,
    *,
    swapped: bool = False,
) -> Cast:
    """Divide the people of a folder: a seeded order of names, test people first.

    Args:
        paths: ``NAME/PHOTO``.
        seed: of the order, and of which photos are taken.
        probes: no more probes than this, the first ones; the gallery stays whole.
        training: no more training photos than this.
        swapped: let the halves change places: an audit of people whom the curve has not seen.

    Raises:
        UnveilError: fewer than two people with two photos each: one to know, one to name.
    """
    people, draw = by_person(paths), random.Random(seed)  # noqa: S311  # no secret
    test, others = shuffled(people, seed)[:: -1 if swapped else 1]
    shown = {name: draw.sample(people[name], min(2, len(people[name]))) for name in sorted(people)}
    again = [place for place, name in enumerate(test) if len(shown[name]) == 2][:probes]
    if len(again) < 2:
        raise UnveilError(
            "the audit needs people with two photos or more, one to know and one to name; "
            f"among {len(test)} test people there are {len(again)}."
        )
    return Cast(
        gallery=[shown[name][0] for name in test],
        probes=[shown[test[place]][1] for place in again],
        mates=again,
        training=[photo for name in others for photo in shown[name]][:training],
    )
