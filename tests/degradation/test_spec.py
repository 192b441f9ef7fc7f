"""What every operator states of itself: its name, its strength and its distance from another."""

import dataclasses
import math
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

from unveil.degradation import (
    OPERATORS,
    AnisotropicGaussian,
    BoxBlur,
    Disk,
    GaussianBlur,
    Linear,
    Median,
    Mosaic,
    Motion,
    Nonlinear,
    Operator,
    Pixelate,
    Sample,
    Spec,
    UnevenPixelate,
    Window,
    parse_operator,
)
from unveil.degradation.kernels import spread_px

SPECS = [spec() for spec in OPERATORS.values()]


@pytest.mark.parametrize("spec", SPECS, ids=str)
class TestEverySpec:
    def test_its_text_form_starts_with_its_name(self, spec):
        assert str(spec).partition(":")[0] == spec.name
        assert parse_operator(spec.name) == spec
        assert parse_operator(str(spec)) == spec

    def test_it_is_linear_where_restorers_are_told_it(self, spec):
        assert isinstance(spec, Linear if spec.is_linear else Nonlinear)

    def test_its_strength_is_finite_and_not_negative(self, spec):
        assert 0 <= spec.strength(112) < math.inf
        assert isinstance(spec.strength_unit, str)

    def test_a_wider_face_never_makes_it_stronger(self, spec):
        assert spec.strength(224) in (spec.strength(112), spec.strength(112) / 2)

    def test_it_differs_from_every_other_kind_and_not_from_itself(self, spec):
        assert spec.differs_from(spec) == 0
        assert spec.differs_from(None) == math.inf
        for other in SPECS:
            if type(other) is not type(spec) and not isinstance(spec, Mosaic):
                assert spec.differs_from(other) == math.inf


def test_the_union_holds_all_operators_once():
    assert len({spec.name for spec in get_args(Operator)}) == len(get_args(Operator))
    ours = {spec for spec in Spec.__subclasses__() if spec.__module__.startswith("unveil.")}
    assert set(OPERATORS.values()) == ours


def test_a_spec_without_a_strength_cannot_be_made():
    @dataclasses.dataclass(frozen=True)
    class Forgetful(Spec):
        pass

    with pytest.raises(TypeError, match="strength"):
        Forgetful()


@pytest.mark.parametrize("operator", [GaussianBlur(9, 4.0), GaussianBlur(25, 3.0), Window((4, 3))])
def test_the_strength_of_a_bell_is_the_deviation_of_its_kernel(operator):
    assert operator.strength(112) * 112 == pytest.approx(spread_px(operator), rel=1e-12)


def test_of_two_widths_the_smaller_counts():
    wide, narrow = Window((1, 1, 1)), Window((1, 1))
    assert Window((1, 1, 1), (1, 1)).strength(50) == narrow.strength(50) < wide.strength(50)
    assert AnisotropicGaussian(6, 1.5, 20).strength(50) == 1.5 / 50


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        (GaussianBlur(9, 4.0), GaussianBlur(25, 5.0), 0.25),
        (GaussianBlur(25, 5.0), GaussianBlur(9, 4.0), 0.2),
        (Disk(2.0), Disk(3.0), 0.5),
        (AnisotropicGaussian(4, 2, 10), AnisotropicGaussian(2, 5, -60), 0.25),
        (AnisotropicGaussian(4, 2, 10), AnisotropicGaussian(4, 1, 10), 0.5),
        (Motion(10, 20), Motion(12, 80), 0.2),
        (BoxBlur(9), BoxBlur(11), math.inf),
        (Pixelate(8), Pixelate(8, 3, 1), 0),
        (Pixelate(8), Sample(8, 3, 1), 0),
        (Sample(8), Pixelate(8), 0),
        (Pixelate(8), Pixelate(9), math.inf),
        (UnevenPixelate(8, 10), UnevenPixelate(10, 11, 3, 2), 0.25),
        (UnevenPixelate(8, 10), UnevenPixelate(8, 7, 3, 2), 0.3),
        (UnevenPixelate(8), Pixelate(8), math.inf),
        (Pixelate(8), UnevenPixelate(8), math.inf),
        (BoxBlur(9), Median(9), math.inf),
    ],
    ids=str,
)
def test_distances_are_relative_and_whole_pixels_must_agree(one, other, distance):
    assert one.differs_from(other) == pytest.approx(distance)


def test_strengths_need_no_torch():
    code = (
        "import sys; from unveil.degradation import OPERATORS; "
        "[spec().strength(99) for spec in OPERATORS.values()]; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_strength_of_noise_is_its_deviation_in_units_of_white():
    draws = np.random.default_rng(0).normal(0, 51, 100_000) / 255
    assert parse_operator("noise:std=51").strength(10) == pytest.approx(draws.std(), rel=0.01)
