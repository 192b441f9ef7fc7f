"""What is looked at once for all regions of a picture."""

import numpy as np

from unveil.degradation import Storage
from unveil.estimation.inspection import subject_of
from unveil.estimation.rings import RINGS
from unveil.estimation.surroundings import Surroundings
from unveil.linear.prior import read_prior


def test_the_busiest_windows_outside_of_a_region_are_looked_at():
    pixels = np.full((128, 256, 3), 128, np.uint8)
    pixels[:, 128:] += np.random.default_rng(0).integers(0, 64, (128, 128, 1), np.uint8)
    around, left, right = Surroundings(pixels), *np.zeros((2, 128, 256), bool)
    left[:, :128] = right[:, 128:] = True
    busy, calm = around.spectrum(left), around.spectrum(right)
    assert busy[-1] == calm[-1] == 1
    assert (busy[RINGS // 2 : RINGS] > calm[RINGS // 2 : RINGS] + 0.5).all()
    assert not around.spectrum(left | right).any()
    assert np.array_equal(around.spectrum(left), busy)
    assert not Surroundings(pixels[:40, :40]).spectrum(left[:40, :40]).any()


def test_what_a_picture_went_through_is_found_once():
    image = np.random.default_rng(0).random((1, 3, 64, 64), np.float32)
    subject = subject_of(image, Storage("8bit"), read_prior())
    assert subject.history(has_blocks=False) is subject.history(has_blocks=False)
    assert subject.plain.history(has_blocks=True) is subject.plain.history(has_blocks=True)
    assert subject.plain.jpeg is None
