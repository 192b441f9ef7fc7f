"""The attackers on embeddings that are told: each compares what it says that it compares."""

import numpy as np
import pytest

from unveil.auditing.attack import CLEAN, MIRRORED, OBFUSCATED, RESTORING, TRAINED, UNAWARE, attack
from unveil.auditing.risk import closer_strangers

PEOPLE, SIZE = 40, 8
LMMSE = "lmmse"


@pytest.fixture(scope="module")
def distances() -> dict[str, np.ndarray]:
    """Obfuscating turns embeddings about, restoring turns them another way; the same for all."""
    rng = np.random.default_rng(0)
    turns = {
        OBFUSCATED: np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0],
        LMMSE: np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0],
    }

    def seen(faces: np.ndarray) -> dict[str, np.ndarray]:
        return {name: faces @ turn for name, turn in turns.items()}

    def photos(faces: np.ndarray) -> np.ndarray:
        return faces + rng.normal(0, 0.05, faces.shape)

    audited, others = rng.normal(size=(PEOPLE, SIZE)), rng.normal(size=(PEOPLE, SIZE))
    known = photos(audited)
    gallery = seen(known) | {CLEAN: known}
    training, partners = seen(photos(others)), photos(others)
    return attack(seen(photos(audited)), gallery, training, partners, np.arange(PEOPLE))


def named(distances: np.ndarray) -> float:
    """Return the share of the probes that are named right; chance is 1 in 40."""
    return float((closer_strangers(distances, np.arange(PEOPLE)) == 0).mean())


def test_who_knows_nothing_compares_with_clean_faces_and_names_nobody(distances):
    assert named(distances[UNAWARE]) < 0.2
    assert named(distances[RESTORING + LMMSE]) < 0.2


@pytest.mark.parametrize("name", [MIRRORED, f"{RESTORING}{LMMSE}, {MIRRORED}"])
def test_who_does_the_same_to_the_gallery_names_all(distances, name):
    assert named(distances[name]) == 1


def test_who_has_learnt_from_other_people_names_all(distances):
    assert named(distances[TRAINED]) == 1


def test_these_are_all_attackers(distances):
    restoring = {RESTORING + LMMSE, f"{RESTORING}{LMMSE}, {MIRRORED}"}
    assert set(distances) == {UNAWARE, MIRRORED, TRAINED} | restoring
    assert all(each.shape == (PEOPLE, PEOPLE) for each in distances.values())
