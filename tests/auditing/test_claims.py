"""What is stated of a part of a picture, and what the part says of it."""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.auditing.claims import belies
from unveil.degradation import parse_operator, parse_storage
from unveil.degradation.degrade import store
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import repeatable

DRAWN = ("noise:std=102", "noise:std=204", "poisson:photons=10", "dppix:block=1,epsilon=0.5")
BLOCKS = "dppix:block=8,epsilon=0.5"


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return (data.astronaut()[:256, 100:356].astype(np.float32) / 255).transpose(2, 0, 1)[None]


def part_of(photo: np.ndarray, text: str, storage: str = "8bit") -> np.ndarray:
    done = obfuscate(photo, repeatable(parse_operator(text), seed=7))
    return np.asarray(store(done, parse_storage(storage)), np.float32)[..., 64:184, 64:184]


def never() -> bool:
    raise AssertionError("not to be asked")


@pytest.mark.parametrize("storage", ["8bit", "jpeg:75"])
@pytest.mark.parametrize("text", DRAWN)
def test_noise_is_believed_where_it_is(text, storage, photo):
    assert not belies(part_of(photo, text, storage), parse_operator(text), never)


@pytest.mark.parametrize("other", ["none", "gaussian:sigma=3", "noise:std=25", "pixelate:block=8"])
@pytest.mark.parametrize("text", [*DRAWN, BLOCKS])
def test_noise_is_not_believed_where_there_is_less(text, other, photo):
    assert belies(part_of(photo, other), parse_operator(text), lambda: False)


def test_noise_of_blocks_is_not_believed_where_all_looks_clean(photo):
    assert not belies(part_of(photo, BLOCKS), parse_operator(BLOCKS), lambda: False)
    assert belies(part_of(photo, BLOCKS), parse_operator(BLOCKS), lambda: True)


def test_a_blur_that_leaves_nothing_looks_clean_and_is_believed(photo):
    wide = "gaussian:sigma=60"
    assert not belies(part_of(photo, wide), parse_operator(wide), lambda: True)
    assert belies(part_of(photo, "none"), parse_operator(wide), lambda: True)
    assert not belies(part_of(photo, "none"), parse_operator(wide), lambda: False)


@pytest.mark.parametrize("faintness", [1, 10])
@pytest.mark.parametrize("times", [1, 4, 8])
def test_a_bare_face_is_not_believed_to_be_hidden_however_large_or_faint(times, faintness, photo):
    face = cv2.resize(photo[0, :, 67:183, 67:183].transpose(1, 2, 0), None, fx=times, fy=times)
    part = np.ascontiguousarray(face.transpose(2, 0, 1)[None] / faintness)
    for text in ("gaussian:sigma=60", "median:kernel=45", "pixelate:block=40"):
        assert belies(part, parse_operator(text), lambda: True)
    assert belies(part, parse_operator("solid:level=0"), never)
