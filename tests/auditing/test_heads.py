"""What is fitted to other people: covariances, likelihood ratios, pairs of photos."""

import numpy as np
import pytest
from scipy import stats

from unveil.auditing.scene import _partners
from unveil.auditing.settings import AttackerConfig
from unveil.auditing.trained import covariance, fit_head
from unveil.auditing.tuning import as_input, degradations_of
from unveil.degradation import Degradation, Pixelate, Storage


@pytest.fixture(scope="module")
def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of 90 faces, of 5 numbers each, and what is seen of them, of 7."""
    rng = np.random.default_rng(0)
    clean = rng.normal(1, (1, 2, 3, 1, 1), (90, 5))
    return clean @ rng.normal(size=(5, 7)) + rng.normal(0, 0.3, (90, 7)), clean


def test_a_covariance_is_numpys_shrunk_by_a_twentieth(pairs):
    centred = pairs[1] - pairs[1].mean(axis=0)
    whole = np.cov(centred.T, bias=True)
    wanted = 0.95 * whole + 0.05 * np.trace(whole) / 5 * np.eye(5)
    np.testing.assert_allclose(covariance(centred), wanted, atol=1e-9)
    np.testing.assert_allclose(covariance(centred, 0.0), whole, atol=1e-9)


def test_a_distance_is_scipys_log_likelihood_ratio(pairs):
    """Of the same person against anyone, times -2; what all of the gallery share is left out."""
    seen, clean = pairs
    head = fit_head(seen, clean, np.arange(90))
    found, gallery = head.distances(seen[:3], clean), clean[:20]
    anyone = stats.multivariate_normal(head.offset, head.spread).logpdf(gallery)
    for probe, expected in enumerate(head.predict(seen[:3])):
        same = stats.multivariate_normal(expected, head.error).logpdf(gallery)
        ratio = -2 * (same - anyone)
        np.testing.assert_allclose(np.diff(found[probe, :20]), np.diff(ratio), atol=1e-8)


def test_a_head_predicts_what_it_was_taught_and_its_errors_are_of_people_left_out(pairs):
    seen, clean = pairs
    head = fit_head(seen, clean, np.arange(90))
    missed = clean - head.predict(seen)
    assert (missed**2).mean() < 0.1 * clean.var()
    assert np.trace(head.error) > np.trace(np.cov(missed.T, bias=True))
    np.testing.assert_allclose(head.spread, covariance(clean - clean.mean(axis=0)))


def test_a_partner_is_the_next_photo_of_the_same_person():
    people, partners = _partners(["B/1", "A/1", "B/2", "C/1", "B/3", "A/2"])
    assert people.tolist() == [1, 0, 1, 2, 1, 0]
    assert partners.tolist() == [2, 5, 4, 3, 0, 1]


def test_an_attacker_is_trained_on_each_setting_once_and_as_it_is_stored():
    config = AttackerConfig(operators=("pixelate:block=8", "pixelate:block=8"), storage="jpeg:75")
    assert degradations_of(config) == [Degradation(Pixelate(8), Storage("jpeg", 75))]


def test_faces_are_given_to_dlibs_network_as_dlib_does():
    """In levels of 255, less 122.782, 117.001 and 104.298, over 256."""
    faces = np.full((1, 3, 2, 2), 0.5, np.float32)
    wanted = (127.5 - np.array([122.782, 117.001, 104.298])) / 256
    np.testing.assert_allclose(as_input(faces)[0, :, 0, 0], wanted, atol=1e-6)
