"""Several answers to one mosaic by the flow: Euler's method, what it is for, what is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from tests.linear.test_linear import PRIOR, drawn
from unveil.degradation import Degradation, GaussianBlur, Pixelate, Sample
from unveil.degradation.degrade import degrade
from unveil.degradation.operators import obfuscate
from unveil.linear.spectral import analyse
from unveil.networks.interface import conditions
from unveil.restoration.flow import covers, flowed, flowed_detail, known_planes
from unveil.restoration.pipeline import draw, restore
from unveil.restoration.realism import Answer, amplified
from unveil.restoration.restorers import load
from unveil.restoration.steps import Request

MOSAIC = Degradation(Pixelate(8))


def answer_to(operator, error=0.05):
    obfuscated = degrade(drawn(1), Degradation(operator))
    expected = None if error is None else np.full_like(obfuscated[:, :1], error)
    return Answer(obfuscated, expected, obfuscated, Degradation(operator))


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_a_straight_flow_arrives_in_any_number_of_steps(steps):
    known, start, end = np.random.default_rng(0).random((3, 2, 9, 8, 8), np.float32)
    start, end = start[:, :3], end[:, :3]

    def straight(planes):
        guess, time = planes[:, 3:6], planes[:, -1:]
        np.testing.assert_array_equal(planes[:, :3], known[:, :3])
        np.testing.assert_array_equal(planes[:, 6:-1], known[:, 3:])
        return (end - guess) / (1 - time)

    found = flowed(straight, known, start, steps)
    np.testing.assert_allclose(found, end, atol=1e-5)


def test_it_is_for_averaged_mosaics_whose_error_is_known():
    assert covers(answer_to(Pixelate(8)))
    assert covers(answer_to(Pixelate(5, left=2, top=1)))
    others = (Pixelate(3), Pixelate(17), Sample(8), GaussianBlur(9, 4.0))
    assert not any(covers(answer_to(operator)) for operator in others)
    assert not covers(answer_to(Pixelate(8), error=None))


def test_it_is_told_the_answer_its_error_and_the_blocks():
    answer = answer_to(Pixelate(8))
    found = known_planes(answer)
    np.testing.assert_array_equal(found[:, :3], answer.restored)
    np.testing.assert_array_equal(found[:, 3:4], answer.error)
    told = conditions(answer.degradation, *answer.restored.shape[-2:])
    np.testing.assert_allclose(found[:, 4:], told[None], atol=1e-6)


def test_the_same_seed_gives_the_same_detail_and_another_another():
    answer = answer_to(Pixelate(8))
    first, again, other = (flowed_detail(answer, PRIOR, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1 / 255


def test_samples_of_the_pipeline_give_the_mosaic_again():
    obfuscated = degrade(drawn(1), MOSAIC)
    request = Request(operator=Pixelate(8), model="pixelate-fast")
    done = restore(obfuscated, MOSAIC.storage, request, load)
    samples = [draw(obfuscated, done, request, seed) for seed in (1, 2)]
    for sample in samples:
        assert np.abs(obfuscate(sample, Pixelate(8)) - obfuscated).max() < 0.5 / 255
    assert np.abs(samples[0] - samples[1]).max() > 1 / 255


def test_what_is_too_faint_is_amplified_to_a_photos_power_and_no_further():
    answer = answer_to(Pixelate(8))
    sharp = amplified(answer, answer.restored, PRIOR, 1.5)
    power, before = (np.square(analyse(each)).sum() for each in (sharp, answer.restored))
    assert before < power < 1.5**2 * before
    np.testing.assert_allclose(amplified(answer, sharp, PRIOR, 1.0), sharp, atol=1e-5)
    again = amplified(answer, 100 * sharp, PRIOR, 1.5)
    np.testing.assert_allclose(again, 100 * sharp, rtol=1e-3)  # none is made fainter


def test_realism_of_a_known_mosaic_is_the_flow_and_of_others_the_closed_form():
    obfuscated = degrade(drawn(1), MOSAIC)
    request = Request(operator=Pixelate(8), model="pixelate-fast")
    plain = restore(obfuscated, MOSAIC.storage, request, load).images
    half, real = (
        restore(obfuscated, MOSAIC.storage, replace(request, realism=amount), load).images
        for amount in (0.5, 1.0)
    )
    assert np.abs(real - plain).max() > 4 / 255
    assert np.square(half - plain).mean() < np.square(real - plain).mean()
    assert np.abs(obfuscate(real, Pixelate(8)) - obfuscated).max() < 0.5 / 255
