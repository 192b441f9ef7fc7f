"""What hides one face leaves no other one open, and what is said of one is not said of another."""

import numpy as np
import pytest

from unveil.auditing import safe
from unveil.auditing.covers import Shape
from unveil.auditing.gate import Gate
from unveil.auditing.measured import curves_of
from unveil.auditing.safe import Hidden, How, cover_of, hide_proven, opaque_over
from unveil.degradation import Pixelate, Solid
from unveil.images.box import Box
from unveil.images.photos import Photo

LEFT, RIGHT = Box(8, 8, 16, 16), Box(40, 8, 16, 16)
RNG = np.random.default_rng(0)


class Finder:
    """Stands in for the detector: a face for each of the pictures it is told of."""

    def __init__(self, *known: tuple[np.ndarray, Box]) -> None:
        self.known = known

    def find_boxes(self, rgb: np.ndarray) -> list[Box]:
        return [box for picture, box in self.known if np.array_equal(picture, rgb)]


def gate(finder: Finder, *spared: Box) -> Gate:
    return Gate([], finder, {}, 0.02, spared)


@pytest.mark.parametrize(
    ("spared", "face", "is_wanted"),
    [
        (Box(0, 0, 100, 100), Box(20, 20, 10, 10), False),
        (Box(0, 0, 40, 40), Box(0, 0, 100, 100), True),
    ],
    ids=["a small face in a large box", "a large face around a small box"],
)
def test_a_face_is_spared_if_its_middle_lies_in_the_box_and_not_the_other_way(
    spared, face, is_wanted
):
    picture = np.zeros((120, 120, 3), np.uint8)
    output = Photo(picture + np.uint8(1))
    found = gate(Finder((picture, face)), spared).check(output, Photo(picture), strength=False)
    assert [one.box for one in found] == ([face] if is_wanted else [])


def test_a_face_in_the_transparency_is_bare_beside_one_that_is_hidden():
    picture = RNG.integers(0, 256, (64, 64, 3), np.uint8)
    hidden, alpha = picture.copy(), RNG.integers(0, 256, (64, 64), np.uint8)
    hidden[LEFT.place] = 0
    finder = Finder((picture, LEFT), (np.repeat(alpha[..., None], 3, axis=2), RIGHT))
    found = gate(finder).check(Photo(hidden, alpha), Photo(picture), strength=False)
    assert {one.box: one.is_changed for one in found} == {RIGHT: False, LEFT: True}


def test_a_face_that_is_covered_again_uncovers_no_other(monkeypatch):
    """Both are taken for the same person, and covered in one colour one after the other."""
    monkeypatch.setattr(safe, "distances_to_self", lambda *_: {"obfuscated": 0.0})
    clean = RNG.uniform(0.2, 1, (1, 3, 64, 64))
    how = How("pixelate", 0.02, operator_for=lambda _: Pixelate(2))
    faces = [(None, LEFT), (None, RIGHT)]
    images, done = hide_proven(clean, faces, how, {}, None, lambda images: images)
    assert [str(one.refused.operator) for one in done] == ["pixelate:block=2"] * 2
    for box in (LEFT, RIGHT):
        part = images[..., *box.place]
        assert np.ptp(part, axis=(-1, -2)).max() == 0, "a face came back"


@pytest.mark.parametrize("shape", ["box", "ellipse", "soft"])
def test_all_that_is_touched_is_opaque_the_soft_rim_too(shape: Shape):
    wide = safe.widen(LEFT, 64, 64)
    alpha = opaque_over(np.zeros((64, 64), np.uint8), [LEFT], [Hidden(wide, Solid(), None)], shape)
    cover = cover_of(LEFT, wide, shape)
    np.testing.assert_array_equal(alpha[wide.place], np.where(cover > 0, 255, 0))
    if shape == "soft":
        assert ((cover > 0) & (cover < 1)).any()
    outside = alpha.copy()
    outside[wide.place] = 0
    assert not outside.any()


def test_of_two_risks_the_one_that_may_be_higher_is_kept():
    """A stronger setting with a lower share but a higher upper end is no proof of less."""
    common = {"kind": "pixelate", "face_px": 100, "attacker": "trained"}
    rows = [
        {**common, "strength": 0.1, "rank1_of_1000": [0.10, 0.08, 0.12]},
        {**common, "strength": 0.2, "rank1_of_1000": [0.05, 0.01, 0.30]},
    ]
    weak, strong = curves_of(rows)["pixelate", 100]
    assert (weak.risk.high, strong.risk.high) == (0.30, 0.30)
