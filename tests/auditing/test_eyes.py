"""How a tuned attacker looks: which network sees what, and in which order faces come out."""

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from unveil.auditing import eyes as room
from unveil.auditing.attack import CLEAN, OBFUSCATED, restorers_for
from unveil.auditing.eyes import FLIPS, PUBLISHED, TUNED, Eyes, squares, ways, with_flips
from unveil.auditing.helpers import Crowd
from unveil.auditing.tuning import _gallery, as_input, draw_batch
from unveil.degradation import Degradation, Median, Noise, Pixelate, Unchanged
from unveil.degradation.degrade import degrade
from unveil.degradation.randomness import repeatable
from unveil.faces.align import align, similarity
from unveil.faces.portraits import FACE_PX, SIDE_PX, Portraits
from unveil.networks.dlib_net import SIDE_PX as NET_PX
from unveil.restoration.restorers import load

LMMSE = "lmmse"
POINTS = np.array([[60, 70], [75, 70], [88, 95], [100, 70], [115, 70]], float)


def left(faces: np.ndarray) -> np.ndarray:
    """Return the mean of each left half, by channel: it changes with the mirror image."""
    return faces[..., :75].mean(axis=(2, 3))


def few(faces: np.ndarray) -> np.ndarray:
    return faces[:, 0, 20::40, 20::40].reshape(len(faces), -1)


def portraits_of(count: int) -> Portraits:
    """One face, ever darker."""
    face = data.astronaut()[20 : 20 + SIDE_PX, 140 : 140 + SIDE_PX].transpose(2, 0, 1)
    pixels = np.stack([face * (1 - 0.1 * number) for number in range(count)]).astype(np.uint8)
    return Portraits(pixels, np.stack([POINTS] * count), np.arange(count))


@pytest.fixture
def eyes(monkeypatch) -> Eyes:
    monkeypatch.setattr(room, "BATCH", 2)
    return Eyes(portraits_of(5), FACE_PX, left, few)


def aligned(eyes: Eyes, numbers: list[int]) -> np.ndarray:
    images, points = eyes.portraits.part(np.array(numbers), eyes.face_px)
    return align(images.astype(np.float32), similarity(points, NET_PX), NET_PX)


def test_linear_operators_are_seen_as_they_are_and_restored():
    assert ways(Degradation(Pixelate(8))) == (OBFUSCATED, LMMSE)
    assert ways(Degradation(Median(9))) == (OBFUSCATED,)


def test_a_flip_is_averaged_with_the_face():
    faces = np.arange(2 * 3 * 150 * 150, dtype=np.float32).reshape(2, 3, 150, 150)
    plain, both = with_flips(left, faces)
    np.testing.assert_allclose(plain, left(faces))
    np.testing.assert_allclose(both, faces.mean(axis=(2, 3)), rtol=1e-5)


def test_clean_faces_come_in_order_by_the_published_network(eyes):
    """Five in batches of two; with the mirror image or without."""
    numbers = [3, 0, 4, 1, 2]
    faces = aligned(eyes, numbers)
    (found,) = eyes.clean(np.array(numbers), flips=False).values()
    np.testing.assert_allclose(found, left(faces), atol=1e-6)
    np.testing.assert_allclose(
        eyes.clean(np.array(numbers))[CLEAN], faces.mean(axis=(2, 3)), atol=1e-5
    )


@pytest.mark.parametrize("face_px", [56, FACE_PX])
def test_each_network_sees_each_way(eyes, face_px):
    eyes, numbers, hidden = replace(eyes, face_px=face_px), [2, 0, 1], Degradation(Pixelate(7))
    images, points = eyes.portraits.part(np.array(numbers), face_px)
    mosaic = degrade(images, hidden)
    seen = {OBFUSCATED: mosaic, LMMSE: load(LMMSE).restore(mosaic, hidden)}
    found = eyes.look(np.array(numbers), hidden)
    for way, each in seen.items():
        faces = align(np.asarray(each, np.float32), similarity(points, NET_PX), NET_PX)
        np.testing.assert_allclose(squares(mosaic, points, hidden, way), faces, atol=1e-6)
        np.testing.assert_allclose(found[PUBLISHED + way], left(faces), atol=1e-5)
        np.testing.assert_allclose(found[TUNED + way], few(faces), atol=1e-5)
        both = (few(faces) + few(faces[..., ::-1])) / 2
        np.testing.assert_allclose(found[TUNED + way + FLIPS], both, atol=1e-5)
    mirrored = eyes.mirror(np.array(numbers), hidden)
    assert set(mirrored) == {PUBLISHED + LMMSE, TUNED + LMMSE}
    for name, each in mirrored.items():
        np.testing.assert_allclose(each, found[name], atol=1e-5)


def test_networks_of_other_people_are_looked_through_by_the_published_one(eyes):
    """A mosaic of 8 has weights of its own; the tuned network has not learnt on what they make."""
    names = restorers_for(Degradation(Pixelate(8)))
    found = eyes.look(np.array([0]), Degradation(Pixelate(8)))
    assert {PUBLISHED + name for name in names} < set(found)
    assert not {TUNED + name for name in names if name != LMMSE} & set(found)


def test_noise_is_of_the_first_face_of_a_batch_and_what_came_since_is_last(eyes):
    noise = Degradation(Noise(60))
    one, again, other = (eyes.look(np.array(n), noise)[TUNED + OBFUSCATED] for n in ([0], [0], [1]))
    np.testing.assert_array_equal(one, again)
    drawn = degrade(
        eyes.portraits.part(np.array([1]))[0], Degradation(repeatable(Noise(60), seed=1))
    )
    wanted = few(squares(drawn, POINTS[None], noise, OBFUSCATED))
    np.testing.assert_allclose(other, wanted, atol=1e-5)
    grey = replace(eyes, since=lambda images: np.full_like(images, 0.25))
    np.testing.assert_allclose(grey.look(np.array([0]), noise)[TUNED + OBFUSCATED], 0.25, atol=1e-5)


def batch_of(operators: list, step: int, crowd: Crowd | None = None):
    pytest.importorskip("torch", reason="the extra torch is not installed")
    crowd = crowd or Crowd(np.arange(4), np.array([0, 0, 1, 1]))
    clean = np.arange(8.0).reshape(4, 2)
    given = [Degradation(each) for each in operators]
    return crowd, clean, draw_batch(portraits_of(4), crowd, clean, given, 7, step)


def test_a_batch_has_32_faces_their_clean_selves_and_another_photo_of_each_person():
    crowd, clean, batch = batch_of([Unchanged(), Pixelate(28)], 0)
    assert batch.faces.shape == (32, 3, NET_PX, NET_PX)
    rows = [clean.tolist().index(one) for one in batch.clean.tolist()]
    np.testing.assert_array_equal(batch.people, crowd.people[rows])
    assert set(rows) == {0, 1, 2, 3}
    assert batch.gallery.shape == (2, 2)
    known = [clean.tolist().index(one) for one in batch.gallery.tolist()]
    assert crowd.people[known].tolist() == [0, 1]
    *_, again = batch_of([Unchanged(), Pixelate(28)], 0)
    np.testing.assert_array_equal(batch.faces, again.faces)
    *_, other = batch_of([Unchanged(), Pixelate(28)], 1)
    assert (batch.faces != other.faces).any()


def test_each_operator_hides_an_equal_part_of_a_batch():
    """Half of the faces are as they were, moved by two pixels at most and some mirrored."""
    _, clean, batch = batch_of([Unchanged(), Pixelate(28)], 0)
    images, points = portraits_of(4).part(np.arange(4))
    rows = [clean.tolist().index(one) for one in batch.clean.tolist()]
    moves = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
    bare = as_input(
        np.concatenate(
            [
                align(
                    np.roll(images, move, axis=(2, 3)).astype(np.float32),
                    similarity(points + np.array(move[::-1]), NET_PX),
                    NET_PX,
                )
                for move in moves
            ]
        )
    ).reshape(len(moves), 4, 3, NET_PX, NET_PX)
    apart = []
    for row, face in zip(rows, batch.faces, strict=True):
        both = (face, face[..., ::-1])
        apart.append(
            min(float(np.abs(one - bare[:, row]).mean(axis=(1, 2, 3)).min()) for one in both)
        )
    assert max(apart[:16]) < 1e-4 < 0.03 < min(apart[16:])


@pytest.mark.parametrize(("places", "known"), [([0, 3], [1, 4]), ([0, 1, 3], [2, 4]), ([5], None)])
def test_a_gallery_has_another_photo_of_each_person_if_there_is_one(places, known):
    crowd = Crowd(np.arange(5), np.array([0, 0, 0, 1, 1]))
    rng = np.random.default_rng(0)
    drawn = [_gallery(crowd, np.array(places), rng).tolist() for _ in range(20)]
    assert all(crowd.people[each].tolist() == [0, 1] for each in drawn)
    if known is None:
        assert {each[0] for each in drawn} == {0, 1, 2}
    else:
        assert not {each[0] for each in drawn} & set(places)
        assert known[1] == drawn[0][1]
    alone = Crowd(np.arange(2), np.array([0, 1]))
    assert _gallery(alone, np.array([0, 1]), rng).tolist() == [0, 1]
