"""--realism: a real picture is as detailed as a photo, gives the input again, and is labelled."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import unveil
from tests.conftest import assert_told
from tests.linear.test_linear import BLURS, MOSAICS, PRIOR, SLANTED, drawn, spectral_noise
from unveil.degradation import Degradation, GaussianBlur, Noise, Pixelate, Storage
from unveil.degradation.degrade import degrade
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.linear.closed_forms import lmmse, lost_share
from unveil.linear.prior import Prior
from unveil.linear.spectral import analyse
from unveil.restoration import realism
from unveil.restoration.pipeline import Restored, draw, restore
from unveil.restoration.realism import LABEL, Answer, add_detail
from unveil.restoration.restorers import load
from unveil.restoration.steps import Request, undo

DIAL = (0.25, 0.5, 0.75, 1.0)
MOSAIC = Degradation(Pixelate(8), Storage("8bit"))


CONTRAST = 0.2
"""So faint pictures of the prior's power spectrum hardly leave [0,1]."""

SOFT = Prior(PRIOR.power * np.float32(CONTRAST**2))


def faithful(
    clean: np.ndarray,
    degradation: Degradation,
    error: np.ndarray | None = None,
    prior: Prior = PRIOR,
) -> Answer:
    """Return the linear estimate as an answer."""
    obfuscated = degrade(clean, degradation)
    restored = lmmse(obfuscated, degradation, prior).clip(0, 1).astype(clean.dtype)
    return Answer(restored, error, obfuscated, degradation)


def detail(images: np.ndarray, degradation: Degradation, prior: Prior = PRIOR) -> float:
    """Return the power of images at frequencies of which linear algebra misses more than half."""
    is_lost = lost_share(degradation, prior, *images.shape[-2:]) > 0.5
    return float((np.square(analyse(images)) * is_lost).sum())


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED, *MOSAICS], ids=str)
def test_at_zero_it_is_the_faithful_answer_itself(operator):
    answer = faithful(drawn(), Degradation(operator))
    assert add_detail(answer, PRIOR, 0) is answer.restored


def test_a_request_of_no_realism_changes_no_bit():
    obfuscated, restorer = degrade(drawn(1), MOSAIC), load("lmmse")
    plain, _ = undo(obfuscated, MOSAIC, None, restorer, Request())
    told, _ = undo(obfuscated, MOSAIC, None, restorer, Request(realism=0.0, seed=3))
    np.testing.assert_array_equal(plain, restorer.restore(obfuscated, MOSAIC))
    np.testing.assert_array_equal(plain, told)


@pytest.mark.parametrize("amount", DIAL)
@pytest.mark.parametrize("operator", MOSAICS, ids=str)
def test_the_same_mosaic_gives_the_input_again(operator, amount):
    answer = faithful(drawn(), Degradation(operator))
    real = add_detail(answer, PRIOR, amount)
    assert 0 <= real.min() <= real.max() <= 1
    assert np.abs(obfuscate(real, operator) - answer.obfuscated).max() < 0.5 / 255


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED], ids=str)
def test_the_same_blur_takes_the_detail_away(operator):
    answer = faithful(0.25 + 0.5 * drawn(), Degradation(operator, Storage("8bit")))
    change = add_detail(answer, PRIOR, 1.0) - answer.restored
    assert np.square(change).mean() > 0
    assert np.sqrt(np.square(obfuscate(change, operator)).mean()) < 0.5 / 255


@pytest.mark.parametrize("operator", [Pixelate(8), GaussianBlur(25, 4.0)], ids=str)
def test_detail_grows_with_the_dial_to_that_of_the_clean_pictures(operator):
    """Pictures drawn from a prior: the error that is expected of them is exact."""
    clean, degradation = 0.5 + CONTRAST * spectral_noise(12, 64, 64), Degradation(operator)
    answer = faithful(clean.clip(0, 1), degradation, prior=SOFT)
    real = [add_detail(answer, SOFT, amount) for amount in (0, *DIAL)]
    shares = [
        detail(images, degradation, SOFT) / detail(clean, degradation, SOFT) for images in real
    ]
    assert all(less < more for less, more in pairwise(shares))
    assert shares[0] < 0.4
    assert 0.85 < shares[-1] < 1.15


def test_the_same_seed_draws_the_same_answer_and_another_another():
    answer = faithful(drawn(), MOSAIC)
    first, again, other = (add_detail(answer, PRIOR, 1.0, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1 / 255


def test_detail_is_drawn_where_the_restorer_expects_to_err():
    error = np.full((2, 1, 48, 56), 0.01, np.float32)
    error[..., 28:] = 0.1
    answer = faithful(drawn(), MOSAIC, error)
    first, second = (add_detail(answer, PRIOR, 1.0, seed) for seed in (1, 2))
    left, right = np.split(np.abs(first - second), [28], axis=3)
    assert right.mean() > 5 * left.mean()


def test_samples_differ_and_give_the_input_again():
    obfuscated = degrade(drawn(1), MOSAIC)
    request = Request(operator=Pixelate(8), model="lmmse")
    done = restore(obfuscated, MOSAIC.storage, request, load)
    samples = [draw(obfuscated, done, request, seed) for seed in (1, 2)]
    for sample in samples:
        assert np.abs(obfuscate(sample, Pixelate(8)) - obfuscated).max() < 0.5 / 255
    assert np.abs(samples[0] - samples[1]).max() > 1 / 255


def test_samples_differ_more_because_less_is_amplified(monkeypatch):
    answer = faithful(drawn(), MOSAIC)

    def spread() -> float:
        first, second = (add_detail(answer, PRIOR, 1.0, seed) for seed in (1, 2))
        return float(np.square(first - second).mean())

    samples = spread()
    monkeypatch.setattr(realism, "MAX_SAMPLE_GAIN", realism.MAX_GAIN)
    assert samples > 1.1 * spread()


def test_samples_of_what_is_not_known_are_refused():
    nothing = Restored(drawn(1), None, None, None, ())
    with pytest.raises(UsageError, match="is undone"):
        draw(drawn(1), nothing, Request(), 1)


@pytest.mark.parametrize("operator", [*BLURS, *MOSAICS], ids=str)
def test_both_libraries_and_types_agree(operator, library):
    answer = faithful(drawn(), Degradation(operator))
    for dtype in (np.float32, np.float64):

        def real(restored, obfuscated):
            return add_detail(Answer(restored, None, obfuscated, answer.degradation), PRIOR, 1.0)

        arrays = [images.astype(dtype) for images in (answer.restored, answer.obfuscated)]
        found = library.compute(real, *arrays)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, add_detail(answer, PRIOR, 1.0), atol=1e-4)


@pytest.mark.parametrize("size", [(1, 20), (3, 2), (31, 17)], ids=str)
@pytest.mark.parametrize("operator", [BLURS[0], SLANTED[0], *MOSAICS], ids=str)
def test_any_size_comes_back(operator, size):
    real = add_detail(faithful(drawn(2, *size), Degradation(operator)), PRIOR, 1.0)
    assert real.shape == (2, 3, *size)
    assert np.isfinite(real).all()


@pytest.mark.parametrize("operator", [BLURS[0], Pixelate(8)], ids=str)
def test_the_detail_of_a_part_fades_towards_its_borders(operator):
    whole = faithful(drawn(), Degradation(operator))
    kept = add_detail(whole, PRIOR, 1e-6)  # the same blocks, hardly any detail
    change, faded = (
        np.abs(add_detail(replace(whole, is_part=is_part), PRIOR, 1.0) - kept)
        for is_part in (False, True)
    )
    for border in ((..., [0, -1], slice(None)), (..., [0, -1])):
        assert faded[border].mean() < 0.3 * change[border].mean()
    inside = (..., slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(faded[inside].mean(), change[inside].mean(), rtol=0.05)


def test_what_is_no_blur_and_no_mosaic_is_refused():
    images = drawn()
    with pytest.raises(UsageError, match="for blurs and mosaics, not for noise:std=25"):
        add_detail(Answer(images, None, images, Degradation(Noise(25))), PRIOR, 0.5)


@pytest.mark.parametrize("amount", [-0.1, 1.5, float("nan")])
def test_a_dial_beyond_its_range_is_refused(amount):
    with pytest.raises(UsageError, match="must be between 0 and 1"):
        Request(realism=amount)


def test_python_turns_the_dial():
    images = unveil.obfuscate(drawn(1), "pixelate:block=8")
    faithful, real = (
        unveil.restore(images, "pixelate:block=8", model="lmmse", realism=amount)
        for amount in (0, 1)
    )
    assert detail(real, MOSAIC) > 2 * detail(faithful, MOSAIC)


def test_the_command_labels_the_picture_and_its_file(tmp_path, cli):
    pixels = (255 * drawn(1)[0].transpose(1, 2, 0)).round().astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "clean.png")
    told, path = ("--operator", "pixelate:block=8"), tmp_path / "mosaic.png"
    assert cli("obfuscate", tmp_path / "clean.png", "-o", path, *told).status == 0
    words = ("restore", path, *told, "--model", "lmmse", "-o")
    plain, real, again = (tmp_path / f"{name}.png" for name in ("plain", "real", "again"))
    assert LABEL not in cli(*words, plain).err
    done = cli(*words, real, "--realism", 1, "--json")
    assert LABEL in done.err
    assert {"realism": 1.0, "label": LABEL}.items() <= json.loads(done.out).items()
    assert cli("obfuscate", real, "-o", again, *told).status == 0
    texts = [Image.open(file).text.get("Description") for file in (plain, real)]  # type: ignore[attr-defined]
    assert texts == [None, LABEL]
    levels = [np.asarray(Image.open(file)).astype(int) for file in (again, path)]
    assert np.abs(levels[0] - levels[1]).max() <= 1


@pytest.mark.parametrize("value", [2, -0.5])
def test_the_command_refuses_a_dial_beyond_its_range(value, photo, tmp_path, cli):
    words = ("restore", photo, "-o", tmp_path / "x.png", "--realism", value)
    assert_told(cli(*words), 2, f"realism {value} must be between 0 and 1")
    assert list(tmp_path.iterdir()) == []
