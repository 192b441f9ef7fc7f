"""A part of a large picture takes little more memory than the picture, and comes out as alone."""

import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from skimage import data

from unveil.degradation import Degradation, GaussianBlur, Pixelate, Storage
from unveil.degradation.operators import obfuscate
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.restoration.blurred import BAND_PX, Attempt
from unveil.restoration.parts import restore_part
from unveil.restoration.restorers import load
from unveil.restoration.stated import undo_checked
from unveil.restoration.steps import undo_faithfully

STORAGE, PRIOR = Storage("8bit"), read_prior()
BLUR, BLOCKS = GaussianBlur(25, 4.0), Pixelate(9)
SMALL, SIDE_PX = Box(704, 576, 512, 512), 2048
PART = Box(870, 710, 110, 130)
COPIES = 3.0
"""Of the picture, at most: the answer, and what lies beside the part, which is never touched."""


def picture(operator: GaussianBlur | Pixelate) -> np.ndarray:
    """Return the astronaut on a large gray ground, with a part hidden."""
    images = np.full((1, 3, SIDE_PX, SIDE_PX), 0.5, np.float32)
    images[..., *SMALL.place] = data.astronaut().transpose(2, 0, 1) / np.float32(255)
    near = PART.grown(30, 30, SIDE_PX, SIDE_PX)
    inside, where = PART.within(near), images[..., *near.place]
    shown = where[..., *inside.place] if operator is BLOCKS else where
    hidden = np.round(255 * obfuscate(shown, operator)) / np.float32(255)
    where[..., *inside.place] = hidden if operator is BLOCKS else hidden[..., *inside.place]
    return images


def found(images: np.ndarray, box: Box) -> Attempt:
    finding = Finding(
        BLUR, STORAGE, 0.95, None, box, "gaussian", 4.0, 3.5, 4.6, is_exact=False
    )  # fmt: skip
    return restore_part(images, finding, PRIOR)


def told(images: np.ndarray, box: Box) -> Attempt:
    mask = np.zeros(images.shape[-2:], np.float32)
    mask[box.place] = 1
    finding = Finding(BLUR, STORAGE, None)
    exact = partial(undo_faithfully, finding.degradation, load("lmmse"), 512)
    return undo_checked(images, finding, finding.degradation, mask, exact, PRIOR)


def blocks(images: np.ndarray, box: Box) -> Attempt:
    known = Degradation(BLOCKS, STORAGE)
    return Attempt(undo_faithfully(known, load("lmmse"), 512, box, images)[0])


@pytest.mark.parametrize(
    ("way", "operator"),
    [(found, BLUR), (told, BLUR), (blocks, BLOCKS)],
    ids=["found", "told", "mosaic"],
)
def test_a_part_takes_little_more_than_its_picture_and_comes_out_as_alone(
    way: Callable[[np.ndarray, Box], Attempt], operator: GaussianBlur | Pixelate
):
    images = picture(operator)
    alone = way(np.ascontiguousarray(images[..., *SMALL.place]), PART.within(SMALL))
    tracemalloc.start()
    done = way(images, PART)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < COPIES * images.nbytes
    assert done.reason is None
    assert np.abs(done.images - images)[..., *PART.place].max() > 0.1
    np.testing.assert_allclose(done.images[..., *SMALL.place], alone.images, atol=1 / 255)
    beside = np.ones(images.shape[-2:], bool)
    beside[PART.grown(BAND_PX, BAND_PX, SIDE_PX, SIDE_PX).place] = False
    np.testing.assert_array_equal(done.images[..., beside], images[..., beside])
    if way is found:
        np.testing.assert_allclose(done.error[..., *SMALL.place], alone.error, atol=1e-3)
        np.testing.assert_array_equal(done.granted.weight[SMALL.place], alone.granted.weight)
        assert not done.granted.mask[beside].any()
