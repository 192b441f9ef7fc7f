"""The cheap check of a stated operator: silent where it is right, not where it is wrong."""

import numpy as np
import pytest
from skimage import data

from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.degradation.degrade import degrade
from unveil.estimation.check import contradiction
from unveil.images.arrays import to_array
from unveil.images.box import Box
from unveil.images.photos import Photo
from unveil.linear.prior import read_prior

RIGHT = [
    "gaussian:kernel=9,sigma=4",
    "gaussian:kernel=31,sigma=5",
    "box:kernel=9",
    "disk:radius=4",
    "window:across=5/4/3/2/1",
    "aniso:sigma_x=4,sigma_y=1.5,angle_degrees=30",
    "motion:length=15,angle=30",
    "pixelate:block=8,left=3,top=1",
    "sample:block=6",
    "blocks:across=7.47,down=8.42,left=0.3",
]
WRONG = [
    ("gaussian:kernel=13,sigma=2", "gaussian:kernel=31,sigma=5"),
    ("gaussian:kernel=31,sigma=5", "gaussian:kernel=13,sigma=2"),
    ("box:kernel=9", "disk:radius=9"),
    ("pixelate:block=8", "pixelate:block=12"),
    ("pixelate:block=8", "gaussian:kernel=13,sigma=3"),
    ("gaussian:kernel=13,sigma=3", "pixelate:block=8"),
    ("none", "gaussian:kernel=9,sigma=4"),
    ("none", "pixelate:block=8"),
]


def photo(name):
    return to_array(Photo(getattr(data, name)()[:256, :256].copy()))


def check(shown, stated, storage, name, box=None):
    kept = parse_storage(storage)
    images = degrade(photo(name), Degradation(parse_operator(shown), kept))
    return contradiction(images, parse_operator(stated), kept, read_prior(), box)


@pytest.mark.parametrize("operator", RIGHT)
@pytest.mark.parametrize("storage", ["8bit", "jpeg:85"])
def test_a_right_statement_is_not_contradicted(operator, storage):
    for name in ("astronaut", "coffee"):
        assert check(operator, operator, storage, name) is None


@pytest.mark.parametrize(("shown", "stated"), WRONG)
@pytest.mark.parametrize("storage", ["8bit", "jpeg:85"])
def test_a_wrong_statement_is_contradicted(shown, stated, storage):
    for name in ("astronaut", "coffee"):
        assert check(shown, stated, storage, name) is not None


def test_only_the_part_in_the_box_counts(library):
    clean = photo("astronaut")
    operator, box = parse_operator("pixelate:block=8"), Box(64, 64, 96, 96)
    part = degrade(clean[..., *box.place], Degradation(operator))
    clean[..., *box.place] = part
    hidden = library(clean)
    assert contradiction(hidden, operator, parse_storage("8bit"), read_prior(), box) is None
    beside = Box(0, 160, 64, 64)
    said = contradiction(hidden, operator, parse_storage("8bit"), read_prior(), beside)
    assert said == "no mosaic of 8 pixels"


def test_a_picture_that_tells_nothing_contradicts_nothing(library):
    flat = library(np.full((1, 3, 256, 256), 0.5, np.float32))
    operator = parse_operator("gaussian:kernel=9,sigma=4")
    assert contradiction(flat, operator, parse_storage("8bit"), read_prior()) is None
