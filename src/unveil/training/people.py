"""Splits by person: nobody whom an attacker names is in the photos that it was trained on."""

import random
from dataclasses import dataclass

from unveil.errors import UnveilError

TEST_SHARE = 0.5
"""Share of the people in the test split; the others train attackers and restorers."""


@dataclass(frozen=True)
class AuditSplit:
    """The photos of an audit, as paths below the folder.

    The terms are those of NIST's face recognition evaluations: a probe is searched for in a
    gallery, where its mate is the photo of the same person.

    Attributes:
        gallery: one photo of each test person.
        probes: a second photo of each test person with at least two.
        mates: for each probe, the index of its person in the gallery.
        training: photos of the other people.
    """

    gallery: list[str]
    probes: list[str]
    mates: list[int]
    training: list[str]


def by_person(paths: list[str]) -> dict[str, list[str]]:
    """Group photos by their folder, which has the name of a person.

    Args:
        paths: ``NAME/PHOTO``, with forward slashes.

    Raises:
        UnveilError: a photo is not in a person's folder.
    """
    people: dict[str, list[str]] = {}
    for path in sorted(paths):
        name, _, photo = path.rpartition("/")
        if not name:
            raise UnveilError(
                f"{photo}: is not in a person's folder; a split by person needs NAME/PHOTO, one "
                "folder per person."
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
) -> AuditSplit:
    """Split the people of a folder in a seeded order of names, test people first.

    Args:
        paths: ``NAME/PHOTO``.
        seed: seed of the order, and of the choice of each person's photos.
        probes: upper limit on the number of probes; the gallery stays complete.
        training: upper limit on the number of training photos.
        swapped: exchange the halves, to audit people who are not in the curve.

    Raises:
        UnveilError: fewer than two test people have two photos each, a mate and a probe.
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
    return AuditSplit(
        gallery=[shown[name][0] for name in test],
        probes=[shown[test[place]][1] for place in again],
        mates=again,
        training=[photo for name in others for photo in shown[name]][:training],
    )
