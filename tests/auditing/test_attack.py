"""The attackers on embeddings that are told: each compares what it says that it compares."""

import numpy as np
import pytest
from skimage import data

from unveil.auditing.attack import (
    CLEAN,
    MIRRORED,
    OBFUSCATED,
    RESTORING,
    TRAINED,
    UNAWARE,
    Faces,
    attack,
    embed_clean,
    look,
    restorers_for,
)
from unveil.auditing.redrawing import REDRAWN
from unveil.auditing.risk import closer_strangers
from unveil.degradation import Degradation, Median, Noise, Operator, Pixelate
from unveil.faces.embedder import DLIB, Embedder
from unveil.faces.portraits import FACE_PX, SIDE_PX, Portraits
from unveil.metrics.quality import psnr

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


@pytest.fixture(scope="module")
def faces() -> Faces:
    """Two portraits of one face, and an embedder that keeps a few of its pixels."""
    face = data.astronaut()[20 : 20 + SIDE_PX, 140 : 140 + SIDE_PX].transpose(2, 0, 1)
    points = np.array([[60, 70], [75, 70], [88, 95], [100, 70], [115, 70]], float)
    portraits = Portraits(np.stack([face] * 2), np.stack([points] * 2), np.arange(2))
    plain = Embedder(
        "pixels", lambda aligned: aligned[..., ::15, ::15].reshape(len(aligned), -1), DLIB
    )
    return Faces(portraits, plain, FACE_PX)


def seen(faces: Faces, number: int, operator: Operator) -> dict[str, np.ndarray]:
    return look(faces, np.array([number]), Degradation(operator), {})[0]


def test_noise_is_another_for_each_face_and_the_same_again(faces):
    """Who knows that there is noise does not know which: gallery and probes have their own."""
    one, again, other = (seen(faces, number, Noise(60)) for number in (0, 0, 1))
    assert set(one) == {OBFUSCATED}
    np.testing.assert_array_equal(one[OBFUSCATED], again[OBFUSCATED])
    assert np.abs(one[OBFUSCATED] - other[OBFUSCATED]).mean() > 0.05


def test_who_has_the_seed_takes_the_noise_off(faces):
    clean = embed_clean(faces, np.array([0]))
    found = seen(faces, 0, Noise(20, seed=3))
    assert set(found) == {OBFUSCATED, REDRAWN}
    errors = {name: np.abs(each - clean).mean() for name, each in found.items()}
    assert errors[REDRAWN] < errors[OBFUSCATED] / 3


def test_what_is_seen_is_scored_against_the_clean_face(faces):
    views, means = look(faces, np.arange(2), Degradation(Pixelate(9)), {}, {"psnr": psnr})
    clean, _ = faces.portraits.part(np.arange(2), FACE_PX)
    assert views[OBFUSCATED].shape[0] == 2
    assert 15 < means[OBFUSCATED]["psnr"] < 30
    assert means[OBFUSCATED]["psnr"] < float(psnr(clean * 0.99, clean).mean())


def test_blurs_are_restored_by_linear_algebra_and_weights_of_other_people():
    names = restorers_for(Degradation(Pixelate(8)))
    assert names[0] == LMMSE
    assert set(names[1:]) <= {"pixelate-people", "pixelate-identity"}
    assert len(names) > 1
    assert restorers_for(Degradation(Median(9))) == []
