"""--realism where a blur was undone nearly: inside the part, labelled, about the input again."""

from dataclasses import replace

import numpy as np
import pytest

from tests.restoration.test_parts import as_images, blurred_face, found
from unveil.degradation import Degradation, Disk, GaussianBlur, Storage
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.images.light import AS_KEPT
from unveil.linear.closed_forms import lost_share as lost_exactly
from unveil.linear.prior import read_prior
from unveil.linear.spectral import analyse, frequencies
from unveil.linear.uncertain import lost_share
from unveil.restoration import pipeline, real_parts
from unveil.restoration.parts import restore_part
from unveil.restoration.pipeline import NOT_REAL, Restored, draw, restore
from unveil.restoration.real_parts import Granted, add_likely_detail
from unveil.restoration.realism import LABEL
from unveil.restoration.restorers import load
from unveil.restoration.steps import Request

STORAGE, PRIOR = Storage("8bit"), read_prior()
BLUR = Disk(5.0)


@pytest.fixture(scope="module")
def face() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a clean crop, the same with an ellipse out of focus, and the ellipse."""
    clean, _, mask = blurred_face()
    clean, mask = clean[:190, 130:320], mask[:190, 130:320]
    images = as_images(clean)
    levels = np.where(mask, 255 * obfuscate(images, BLUR), 255 * images).round()
    return images, levels.astype(np.float32) / 255, mask


@pytest.fixture(scope="module")
def done(face) -> dict[float, Restored]:
    """Return the answers of the dial at its ends and between."""
    _, hidden, mask = face
    return {
        amount: restore(hidden, STORAGE, Request(BLUR, mask=mask * 1.0, realism=amount), load)
        for amount in (0.0, 0.5, 1.0)
    }


def fine(images: np.ndarray) -> float:
    """Return the power of what a radius of 5 pixels takes away, in the middle of the face."""
    coefficients = analyse(images[..., 60:130, 70:120])
    rows, columns = (frequencies(size) for size in coefficients.shape[-2:])
    return float(np.square(coefficients)[..., np.hypot(rows[:, None], columns) > 1].sum())


@pytest.mark.slow
def test_a_stated_part_gets_detail_inside_it_alone(face, done):
    clean, hidden, mask = face
    shares = [fine(done[amount].images) / fine(clean) for amount in (0.0, 0.5, 1.0)]
    assert shares[0] < shares[1] < shares[2] < 1.5
    assert shares[2] > 1.3 * shares[0]
    for answer in done.values():
        np.testing.assert_array_equal(answer.images[..., ~mask], hidden[..., ~mask])


@pytest.mark.slow
def test_it_is_labelled_and_the_faithful_answer_is_not(done):
    assert [answer.label for answer in done.values()] == [None, LABEL, LABEL]
    assert [answer.remarks[-1].text == LABEL for answer in done.values()] == [False, True, True]


@pytest.mark.slow
def test_blurred_again_it_is_about_the_input(face, done):
    _, hidden, mask = face
    again = obfuscate(done[1.0].images, BLUR) - hidden
    assert 255 * np.square(again[..., mask]).mean() ** 0.5 < 1


@pytest.mark.slow
def test_what_would_not_be_the_input_stays_faithful(face, done, monkeypatch):
    _, hidden, mask = face
    monkeypatch.setattr(real_parts, "most_misfit", lambda *_: 0.0)
    kept = restore(hidden, STORAGE, Request(BLUR, mask=mask * 1.0, realism=1.0), load)
    np.testing.assert_array_equal(kept.images, done[0.0].images)
    assert (kept.label, kept.remarks[-1].text) == (None, NOT_REAL)


@pytest.mark.slow
def test_samples_differ_inside_the_part_alone_and_repeat(face, done):
    _, hidden, mask = face
    request = Request(BLUR, mask=mask * 1.0)
    first, again, other = (draw(hidden, done[0.0], request, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other)[..., mask].max() > 1 / 255
    np.testing.assert_array_equal(first[..., ~mask], hidden[..., ~mask])


@pytest.mark.slow
def test_samples_of_what_cannot_be_made_real_are_refused(face, done, monkeypatch):
    monkeypatch.setattr(pipeline, "add_likely_detail", lambda *_: None)
    with pytest.raises(UsageError, match="is undone"):
        draw(face[1], done[0.0], Request(BLUR), 1)


@pytest.mark.slow
def test_a_found_part_says_what_it_took_for_granted():
    _, file, mask = blurred_face()
    part = restore_part(as_images(file), found(mask=mask), PRIOR)
    assert part.granted is not None
    assert not part.granted.weight[~mask].any()
    real = add_likely_detail(part.images, as_images(file), part.granted, PRIOR, 1.0)
    assert real is not None
    assert np.abs(real - part.images)[..., mask].max() > 1 / 255
    np.testing.assert_array_equal(real[..., ~mask], part.images[..., ~mask])


def test_a_part_of_no_weight_gets_none():
    images, nothing = np.zeros((1, 3, 20, 20), np.float32), np.zeros((20, 20))
    part = Granted([(1.0, BLUR)], 3.0, STORAGE, AS_KEPT, nothing, nothing)
    assert add_likely_detail(images, images, part, PRIOR, 1.0) is None
    assert replace(part, blurs=[(0.2, GaussianBlur(9, 2.0)), (0.8, BLUR)]).blur == BLUR


def test_a_misfit_is_of_the_pixels_that_took_the_answer_in_gray_levels():
    images = np.full((1, 3, 20, 30), 0.5, np.float32)
    weight, restored = np.zeros((20, 30), np.float32), images + np.float32(100 / 255)
    weight[5:9, 5:9] = 0.01
    restored[..., 5:9, 5:7] = 0.5 + 4 / 255
    restored[..., 5:9, 7:9] = 0.5 - 4 / 255
    part = Granted([(1.0, BLUR)], 0.0, STORAGE, AS_KEPT, np.zeros((20, 30), np.float32), weight)
    assert real_parts._misfit_levels(restored, images, part) == pytest.approx(4, abs=1e-4)
    shown = replace(part, mask=np.ones((20, 30), np.float32))
    blurred = obfuscate(restored, BLUR)
    assert real_parts._misfit_levels(restored, blurred, shown) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("blur", [BLUR, GaussianBlur(13, 2.0)], ids=str)
def test_of_one_blur_as_much_is_lost_as_linear_algebra_loses(blur):
    known = lost_exactly(Degradation(blur, STORAGE), PRIOR, 40, 30)
    found = lost_share([(1.0, blur)], STORAGE, 0.0, PRIOR, 40, 30)
    np.testing.assert_allclose(found, known, atol=1e-6)


def test_of_blurs_in_doubt_and_noise_more_is_lost():
    one, two = [(1.0, BLUR)], [(0.5, BLUR), (0.5, Disk(6.0))]
    least, noisy, unsure = (
        lost_share(blurs, STORAGE, noise, PRIOR, 40, 30)
        for blurs, noise in ((one, 0.0), (one, 3.0), (two, 0.0))
    )
    assert (least <= noisy).all()
    assert unsure.mean() > least.mean()
