"""Strengths: counted in face widths, found again from the operator, and rising."""

import pytest

from unveil.auditing.settings import GRID, AttackerConfig, operator_at, settings, unit_of
from unveil.degradation import GaussianBlur, Unchanged, parse_operator
from unveil.errors import UsageError


@pytest.mark.parametrize("kind", GRID)
@pytest.mark.parametrize("face_px", [112, 224])
def test_an_operator_has_the_strength_it_was_made_for(kind, face_px):
    for strength in GRID[kind].strengths:
        found = operator_at(kind, strength, face_px).strength(face_px)
        tolerance = 1.01 / face_px if kind in ("box", "median", "pixelate", "sample") else 0.02
        assert found == pytest.approx(strength, abs=tolerance, rel=0.02)


def test_a_face_twice_as_wide_takes_twice_the_blur():
    small, large = (operator_at("pixelate", 1 / 8, px).block for px in (56, 112))
    assert large == 2 * small


def test_a_window_that_is_cut_blurs_less():
    """The study's: sigma 4, but the window ends at one sigma."""
    assert GaussianBlur(9, 4).strength(112) < 0.65 * GaussianBlur(25, 4).strength(112)


@pytest.mark.parametrize("kind", GRID)
def test_the_grid_rises_and_has_a_unit(kind):
    strengths = GRID[kind].strengths
    assert list(strengths) == sorted(set(strengths))
    assert unit_of(kind) or kind == "solid"


def test_small_faces_get_no_setting_twice():
    found = list(settings(tuple(GRID), (28,)))
    assert len(found) == len({setting.operator for setting in found})
    assert found[0].operator == Unchanged()
    for setting in found:
        assert parse_operator(str(setting.operator)) == setting.operator


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("steps", (1, 1000), (0, -1)),
        ("share", (0.25, 1.0), (0.0, 1.1)),
        ("minutes", (0.5, None), (0, -1, float("nan"))),
        ("threads", (1, None), (0,)),
        ("since", (("half",), ()), (("hal",),)),
        ("storage", ("jpeg:75",), ("jpg:75",)),
        ("operators", (("pixelate:block=8",),), (("pixelat",),)),
    ],
)
def test_what_an_attacker_is_trained_on_is_checked(name, allowed, refused):
    for value in allowed:
        assert getattr(AttackerConfig(**{name: value}), name) == value
    for value in refused:
        with pytest.raises(UsageError):
            AttackerConfig(**{name: value})
