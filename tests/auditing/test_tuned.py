"""The tuned attacker by its parts: what heads read, whose photos teach whom, what is written."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize

from unveil.auditing.attack import CLEAN, MIRRORED, OBFUSCATED
from unveil.auditing.attackers import (
    CARD,
    WEIGHTS,
    Attacker,
    fit_name,
    load_attacker,
    write_attacker,
)
from unveil.auditing.eyes import FLIPS, PUBLISHED, TUNED
from unveil.auditing.fusion import fit_weights, fused, spread_of
from unveil.auditing.helpers import MOST_FITTED, Crowd
from unveil.auditing.risk import closer_strangers
from unveil.auditing.trained import NEAR_RIDGE, NEAR_SHRINK, covariance, fit_near
from unveil.auditing.tuned import (
    BOTH,
    COSINE,
    DIRECT,
    FLIPPED,
    FUSED,
    HEADED,
    RESTORED,
    _folds,
    _fused_by_others,
    all_distances,
    directions,
    fit,
    plans,
    read,
    roles,
)
from unveil.degradation import Degradation, Median, Pixelate, Storage
from unveil.errors import UnveilError
from unveil.networks.dlib_net import published_weights

PEOPLE, SIZE = 24, 6
LMMSE = "lmmse"
WAYS = (OBFUSCATED, LMMSE)
CROWD = Crowd(np.arange(2 * PEOPLE), np.repeat(np.arange(PEOPLE), 2))


def views() -> tuple[dict, dict, dict, np.ndarray]:
    """Embeddings of two photos each of 24 people, as probes and as gallery, and of 5 others."""
    rng = np.random.default_rng(0)
    faces = rng.normal(size=(PEOPLE, SIZE))[CROWD.people]
    names = [PUBLISHED + way for way in WAYS]
    names += [TUNED + way + end for way in WAYS for end in ("", FLIPS)]

    def seen(what: np.ndarray, blur: float) -> np.ndarray:
        return what + rng.normal(0, blur, what.shape)

    probes = {name: seen(faces, 0.3 if TUNED in name else 0.6) for name in names}
    gallery = {name: seen(faces, 0.2) for name in (CLEAN, PUBLISHED + LMMSE, TUNED + LMMSE)}
    others = {name: rng.normal(size=(5, SIZE)) for name in gallery}
    return probes, gallery, others, gallery[CLEAN].mean(axis=0)


def test_directions_have_length_1_about_the_mean():
    found = directions(np.array([[4.0, 6.0], [1.0, 2.0]]), np.array([1.0, 2.0]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]])


def test_each_head_reads_its_views_and_their_sum():
    probes, gallery, *_ = views()
    found = plans(probes, gallery)
    flips = [TUNED + OBFUSCATED + FLIPS, TUNED + LMMSE + FLIPS]
    assert found == {
        HEADED: ([flips[0]], CLEAN),
        RESTORED: (flips, CLEAN),
        BOTH: ([*flips, PUBLISHED + LMMSE], CLEAN),
        f"{PUBLISHED}{LMMSE}, {MIRRORED}": ([PUBLISHED + LMMSE], PUBLISHED + LMMSE),
        f"{TUNED}{LMMSE}, {MIRRORED}": ([TUNED + LMMSE], TUNED + LMMSE),
    }
    one, other = np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    about = {"one": np.zeros(2), "other": np.array([0.0, 1.0])}
    features = read({"one": one, "other": other}, ["one", "other"], about)
    middle = np.array([0.6, 1.8]) / np.hypot(0.6, 1.8)
    np.testing.assert_allclose(features, [[0.6, 0.8, 0, 1, *middle]])


def test_a_head_near_a_guess_is_ridge_regression_on_what_the_guess_misses():
    """By the normal equations, of centred features, at 30 times their mean variance."""
    rng = np.random.default_rng(0)
    features, guess, wanted = (rng.normal(size=(40, size)) for size in (5, 3, 3))
    head = fit_near(features, guess, wanted, np.arange(40))
    scale = (guess * wanted).sum() / (guess**2).sum()
    centred = features - features.mean(axis=0)
    rest = wanted - wanted.mean(axis=0) - scale * (guess - guess.mean(axis=0))
    gram = centred.T @ centred
    free = np.linalg.inv(gram + NEAR_RIDGE * np.trace(gram) / 5 * np.eye(5)) @ centred.T @ rest
    np.testing.assert_allclose(head.weights[:5], free, atol=1e-8)
    np.testing.assert_allclose(head.weights[5:], scale * np.eye(3), atol=1e-12)
    np.testing.assert_allclose(head.mean, [*features.mean(axis=0), *guess.mean(axis=0)])
    np.testing.assert_allclose(head.offset, wanted.mean(axis=0))
    about = wanted - wanted.mean(axis=0)
    np.testing.assert_allclose(head.spread, covariance(about, NEAR_SHRINK))
    np.testing.assert_allclose(
        head.spread, 0.5 * about.T @ about / 40 + 0.5 * np.trace(about.T @ about) / 120 * np.eye(3),
        atol=1e-9,
    )  # fmt: skip
    assert NEAR_RIDGE == 30


def test_folds_take_each_person_out_once_and_keep_photos_of_one_together():
    parts = list(_folds(CROWD.people))
    assert len(parts) == 4
    assert sorted(np.concatenate([outside for _, outside in parts]).tolist()) == list(range(48))
    for inside, outside in parts:
        assert not set(CROWD.people[inside]) & set(CROWD.people[outside])
        assert len(inside) + len(outside) == 48
        halves = CROWD.people[outside] % 2
        assert 0 < halves.mean() < 1
    assert len(list(_folds(np.array([0, 1, 2, 3])))) == 2


def test_roles_and_cuts_of_a_crowd():
    crowd = Crowd(np.arange(20), np.repeat([0, 1, 2], [9, 1, 10]))
    known, shown, mates = roles(crowd)
    assert known.tolist() == [0, 9, 10]
    assert shown.tolist() == [1, 2, 3, 11, 12, 13]
    assert mates.tolist() == [0, 0, 0, 2, 2, 2]
    several, alone = crowd.split()
    assert MOST_FITTED == 6
    assert several.photos.tolist() == [*range(6), *range(10, 16)]
    assert several.people.tolist() == [0] * 6 + [1] * 6
    assert (alone.photos.tolist(), alone.people.tolist()) == ([9], [0])
    assert crowd.cut(1).photos.tolist() == list(range(20))
    assert crowd.cut(0.45).photos.tolist() == list(range(9))
    assert crowd.cut(0.5).photos.tolist() == list(range(10))
    assert crowd.cut(0.001).photos.tolist() == list(range(9))


def test_weights_of_a_fusion_are_those_of_scipys_conditional_logit():
    mates, rng = np.arange(60) % 12, np.random.default_rng(0)
    given = [rng.random((60, 12)) for _ in range(2)]
    for number, each in enumerate(given):
        each[np.arange(60), mates] -= 0.3 + 0.2 * number
    scales = [each.std(axis=1).mean() for each in given]
    assert spread_of(given[0]) == pytest.approx(scales[0])
    near = -np.stack([each / scale for each, scale in zip(given, scales, strict=True)], axis=2)

    def unlikely(weights: np.ndarray) -> float:
        sums = near @ weights
        own = sums[np.arange(60), mates]
        return float((np.log(np.exp(sums).sum(axis=1)) - own).sum() + 0.5 * (weights**2).sum())

    wanted = minimize(unlikely, np.ones(2), tol=1e-10).x / scales
    found = fit_weights(given, mates)
    np.testing.assert_allclose(found, wanted, rtol=1e-3)
    np.testing.assert_allclose(fused(given, found), found[0] * given[0] + found[1] * given[1])


def test_who_is_tried_was_not_learnt_from():
    """Halves by parity: one half has the better first attacker, the other the better second."""
    people, mates = np.arange(40), np.arange(40)
    one, other = np.random.default_rng(0).random((2, 40, 40))
    one[people[::2], mates[::2]] -= 2
    other[people[1::2], mates[1::2]] -= 2
    found = _fused_by_others([one, other], mates, people)
    for here in (people % 2 == 0, people % 2 == 1):
        weights = fit_weights([one[~here], other[~here]], mates[~here])
        np.testing.assert_allclose(found[here], fused([one[here], other[here]], weights))
    assert (closer_strangers(found, mates) == 0).mean() < 0.5


@pytest.fixture(scope="module")
def trained():
    probes, gallery, others, mean = views()
    return probes, gallery, others, mean, *fit(probes, gallery, others, CROWD, mean)


def test_a_fit_names_people_by_heads_of_other_folds(trained):
    probes, _, _, mean, fitted, parts, mates = trained
    assert mates.tolist() == list(range(PEOPLE))
    assert {each.shape for each in parts.values()} == {(PEOPLE, PEOPLE + 5)}
    assert {DIRECT, FLIPPED, HEADED, RESTORED, BOTH, FUSED} < set(parts)
    named = {name: (closer_strangers(each, mates) == 0).mean() for name, each in parts.items()}
    assert named[FUSED] > 0.8
    assert named[DIRECT] > 0.5
    np.testing.assert_array_equal(fitted.means[CLEAN], mean)
    for name, each in probes.items():
        np.testing.assert_allclose(fitted.means[name], each.mean(axis=0))
    assert set(fitted.weights) <= set(parts)
    assert min(fitted.weights.values()) > 0


def test_steps_are_what_they_are_called(trained):
    """Cosines to the clean gallery, of the network's view and of the one with its mirror image."""
    probes, gallery, _, mean, fitted, *_ = trained
    found = fitted.distances(probes, gallery)
    assert set(found) == {DIRECT, FLIPPED, HEADED, RESTORED, FUSED}

    def cosines(name: str) -> np.ndarray:
        one = directions(probes[name], probes[name].mean(axis=0))
        known = directions(gallery[CLEAN], mean)
        return np.linalg.norm(one[:, None] - known[None], axis=2)

    np.testing.assert_allclose(found[DIRECT], cosines(TUNED + OBFUSCATED), atol=1e-6)
    np.testing.assert_allclose(found[FLIPPED], cosines(TUNED + OBFUSCATED + FLIPS), atol=1e-6)
    every = all_distances(fitted, probes, gallery)
    wanted = sum(weight * every[name] for name, weight in fitted.weights.items())
    np.testing.assert_allclose(found[FUSED], wanted)
    assert BOTH + COSINE in every
    assert HEADED + COSINE not in every


CARD_OF = {
    "names_sha256": "0" * 64, "storage": "8bit", "face_px": 112, "seed": 3,
    "operators": [str(Pixelate(8))], "held_out_rank1": {},
}  # fmt: skip


def test_what_is_written_is_loaded_again(trained, tmp_path):
    fitted = trained[4]
    net = published_weights()
    card = write_attacker(tmp_path, net, {str(Pixelate(8)): fitted}, CARD_OF)
    again = load_attacker(tmp_path)
    assert again.card == card == json.loads((tmp_path / CARD).read_text())
    (one,) = again.fitted.values()
    assert one.weights == fitted.weights
    assert set(one.means) == set(fitted.means)
    for name, mean in fitted.means.items():
        np.testing.assert_array_equal(one.means[name], mean)
    assert set(one.heads) == set(fitted.heads)
    probes, gallery = trained[:2]
    found, wanted = (each.distances(probes, gallery) for each in (one, fitted))
    for name, each in wanted.items():
        np.testing.assert_array_equal(found[name], each)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", "unveil-attacker-0", "not the card of an attacker of this version"),
        ("seed", "3", "seed is missing or not int"),
        ("fusion", None, "fusion is missing or not dict"),
    ],
)
def test_a_card_that_is_none_is_refused(key, value, said, tmp_path):
    write_attacker(tmp_path, {}, {}, CARD_OF)
    card = json.loads((tmp_path / CARD).read_text()) | {key: value}
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(UnveilError, match=said):
        load_attacker(tmp_path)


def test_an_attacker_covers_its_operator_storage_and_width_alone():
    one = Attacker(CARD_OF, len, len, {str(Pixelate(8)): None})
    assert one.covers(Degradation(Pixelate(8)), 112)
    assert not one.covers(Degradation(Pixelate(8)), 56)
    assert not one.covers(Degradation(Median(9)), 112)
    assert not one.covers(Degradation(Pixelate(8), Storage("jpeg", 75)), 112)
    assert fit_name(Pixelate(8), "half") == f"{Pixelate(8)}, then half"
    assert WEIGHTS == "attacker.safetensors"
