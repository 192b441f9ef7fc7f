"""Putting a restored part back: nothing outside is changed, and no seam is left."""

import numpy as np
import pytest

from unveil.images.box import Box
from unveil.restoration.blurred import told
from unveil.restoration.paste import paste

BOX = Box(20, 12, 24, 24)
REACH_PX = 4


@pytest.fixture
def picture() -> np.ndarray:
    noise = np.random.default_rng(0).uniform(0.3, 0.6, (1, 3, 48, 64))
    return noise.astype(np.float32)


def test_outside_of_the_box_nothing_is_changed(picture, library):
    restored = np.full_like(picture, 0.9)
    found = library.compute(lambda one, other: paste(one, other, BOX, REACH_PX), picture, restored)
    outside = np.ones((48, 64), bool)
    outside[BOX.place] = False
    np.testing.assert_array_equal(found[..., outside], picture[..., outside])
    assert (found[..., *BOX.place] != picture[..., *BOX.place]).any()


def test_what_is_right_outside_is_taken_as_it_is(picture):
    np.testing.assert_allclose(paste(picture, picture, BOX, REACH_PX), picture, atol=1e-6)


def test_an_error_outside_is_carried_in_and_fades_out_alike_on_all_sides(picture):
    """A restored picture that is too dark by 0.1 is right at the rim, and its own in the middle."""
    found = paste(picture, picture - np.float32(0.1), BOX, REACH_PX)[0, 0]
    missing = (picture[0, 0] - found)[BOX.place]
    np.testing.assert_allclose(missing, missing[:, ::-1], atol=1e-5)
    np.testing.assert_allclose(missing, missing[::-1], atol=1e-5)
    np.testing.assert_allclose(missing, missing.T, atol=1e-5)
    assert abs(missing[12, 0]) < 0.02
    assert (np.diff(missing[12, :12]) >= -1e-6).all()
    assert missing[12, 12] == pytest.approx(0.1, abs=0.005)
    further = (picture[0, 0] - paste(picture, picture - np.float32(0.1), BOX, 8)[0, 0])[BOX.place]
    assert further[12, 6] < missing[12, 6] - 0.01


def test_a_mask_that_is_told_counts_where_it_shows_anything():
    mask = np.array([[0.0, 0.001, 1.0]])
    part = told(mask)
    assert part.is_sure
    assert part.known.all()
    assert part.weight.tolist() == [[0.0, 1.0, 1.0]]
    np.testing.assert_allclose(part.mask, mask)
