"""What was restored is believed only where it explains the input and looks like a photo."""

import numpy as np
import pytest
from skimage import data

from unveil.degradation import BoxBlur, Degradation, Disk, GaussianBlur, Pixelate, Storage
from unveil.degradation.operators import obfuscate
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import read_prior
from unveil.restoration.checks import why_not

STORAGE = Storage("8bit")


def astronaut() -> np.ndarray:
    return data.astronaut()[:240, 100:340].transpose(2, 0, 1)[None].astype(np.float32) / 255


def undone(operator: object, other: object) -> tuple[np.ndarray, np.ndarray, Degradation]:
    """Return a blurred photo, what undoing another blur makes of it, and that other blur."""
    seen = np.rint(obfuscate(astronaut(), operator) * 255) / 255
    known = Degradation(other, STORAGE)
    return restore_closed_form("lmmse", read_prior(), seen, known), seen, known


@pytest.mark.parametrize("operator", [GaussianBlur(19, 3.0), BoxBlur(9), Disk(4)], ids=str)
def test_the_right_blur_is_believed(operator):
    restored, seen, known = undone(operator, operator)
    assert why_not(restored, seen, known, read_prior()) is None


@pytest.mark.parametrize("other", [GaussianBlur(25, 4.0), BoxBlur(13), Disk(5.5)], ids=str)
def test_a_wrong_one_is_not(other):
    """Exact inverses of other blurs put waves all over the picture."""
    restored, seen, known = undone(GaussianBlur(13, 2.0), other)
    assert why_not(restored, seen, known, read_prior()) is not None


def test_an_answer_that_does_not_explain_the_input_is_not_believed():
    restored, seen, known = undone(GaussianBlur(19, 3.0), GaussianBlur(19, 3.0))
    other = np.roll(restored, 6, axis=-1)
    assert why_not(other, seen, known, read_prior()) == "blurred again, it would not be the input"


def test_waves_that_the_blur_would_remove_are_not_believed():
    """They explain the input, but no photo has them."""
    restored, seen, known = undone(GaussianBlur(19, 3.0), GaussianBlur(19, 3.0))
    waves = 0.1 * np.cos(1.6 * np.arange(240, dtype=np.float32))
    reason = why_not(restored + waves, seen, known, read_prior())
    assert reason == "it would have more detail than photos have"


def test_mosaics_are_not_judged():
    images = astronaut()
    assert why_not(images, 1 - images, Degradation(Pixelate(8), STORAGE), read_prior()) is None
