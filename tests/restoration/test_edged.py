"""A blur of all of a photo whose edge shows is undone, in its light; what does not show is left.

OpenCV blurs photos of scikit-image, by kernels of tests/estimation/test_light.py; borders are
repeated, so that no exact inverse fits.
"""

from dataclasses import replace

import numpy as np
import pytest

import unveil
from tests.estimation.test_light import PHOTOS, blurred, disk, fading, line, sent
from unveil.degradation import GaussianBlur
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import roughly
from unveil.images.light import AS_KEPT, LINEAR


def images_of(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]).astype(np.float32) / 255


def gain_db(pixels: np.ndarray, clean: np.ndarray) -> float:
    images, wanted = images_of(pixels), images_of(clean)
    errors = [np.square(one - wanted).mean() for one in (images, unveil.restore(images))]
    return float(10 * np.log10(errors[0] / errors[1]))


@pytest.mark.parametrize("quality", [None, 90])
@pytest.mark.parametrize("in_light", [False, True])
@pytest.mark.parametrize("kernel", [line(13, 20), disk(4)], ids=["motion", "disk"])
def test_a_photo_gets_nearer(kernel, in_light, quality):
    clean = PHOTOS["astronaut"]
    pixels = sent(blurred(clean, kernel, in_light=in_light), quality)
    assert gain_db(pixels, clean) > 2.0


def test_a_line_that_fades_is_left_bit_for_bit():
    images = images_of(blurred(PHOTOS["astronaut"], fading(8.0), in_light=False))
    assert np.array_equal(unveil.restore(images), images)


def test_the_light_is_said_and_written():
    images = images_of(blurred(PHOTOS["cat"], disk(4), in_light=True))
    found = unveil.inspect(images)
    assert found.light is LINEAR
    assert "made in linear light" in str(found)
    assert found.as_row()["light"] == "linear light"
    kept = unveil.inspect(images_of(blurred(PHOTOS["cat"], disk(4), in_light=False)))
    assert kept.light is AS_KEPT
    assert "light" not in str(kept)
    assert kept.as_row()["light"] == "values of the file"


def test_a_size_that_shows_stays_as_sure_where_the_photo_was_scaled():
    storage = unveil.Storage("8bit")
    shown = Finding(
        GaussianBlur(9, 2.0), storage, 0.9, kind="disk", strength_px=4.0, low_px=3.9, high_px=4.1
    )
    assert roughly(shown).low_px == pytest.approx(3.2)
    edged = roughly(replace(shown, light=AS_KEPT))
    assert (edged.low_px, edged.high_px, edged.is_exact) == (3.9, 4.1, False)
