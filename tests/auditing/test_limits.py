"""Limits on a risk: the upper end of its interval counts, and what was not measured is above."""

import numpy as np
import pytest

from tests.auditing.test_verdict import CURVES, row
from unveil.auditing.covers import Style
from unveil.auditing.gate import Gate, Gated
from unveil.auditing.measured import Risk, curves_of, mildest
from unveil.auditing.photo import GREEN, GREY, RED, Verdict, draw_verdicts
from unveil.auditing.safe import (
    MARGIN,
    SAME_PERSON,
    Hidden,
    How,
    choose,
    cover_of,
    hide,
    hide_proven,
    widen,
)
from unveil.auditing.verdict import ADVICE_RISK, SAFE_RISK
from unveil.cli.audit import _open_gate
from unveil.cli.obfuscate import Asked, _hider
from unveil.degradation import Median, Pixelate, Solid, Storage
from unveil.estimation.finding import Finding
from unveil.faces.embedder import DLIB, Embedder
from unveil.faces.finder import Face, FaceFinder
from unveil.images.box import Box
from unveil.images.photos import Photo

BOX = Box(8, 8, 16, 16)
LIMIT = 0.05


def verdict(risk: Risk | None) -> Verdict:
    found = Finding(Pixelate(8), Storage(), 0.9, None, BOX)
    return Verdict(BOX, found, found.operator, risk, "words")


def risk(share: float, high: float) -> Risk:
    return Risk(share, share / 2, high, "fused")


RISKS = {
    "surely below": (risk(0.01, 0.04), False),
    "at the limit": (risk(0.01, 0.05), False),
    "perhaps above": (risk(0.01, 0.06), True),
    "surely above": (risk(0.2, 0.3), True),
    "not measured": (None, True),
}
named = pytest.mark.parametrize(("known", "is_above"), RISKS.values(), ids=RISKS)


@named
def test_a_risk_that_may_be_above_a_limit_is_above_it(known, is_above):
    assert verdict(known).is_above(LIMIT) == is_above


@named
@pytest.mark.parametrize("is_changed", [True, False])
def test_the_gate_lets_pass_what_is_changed_and_surely_below(known, is_above, is_changed):
    gated = Gated(BOX, 30.0, is_changed, verdict(known), LIMIT)
    assert gated.passes == (is_changed and not is_above)
    assert gated.as_row()["passes"] == gated.passes
    assert ("weakly" in str(gated)) == (is_changed and is_above)
    assert ("bare" in str(gated)) == (not is_changed)


@named
def test_the_picture_of_the_audit_is_green_only_where_it_is_surely_below(known, is_above):
    photo = Photo(np.full((32, 32, 3), 10, np.uint8))
    drawn = draw_verdicts(photo, [verdict(known)], LIMIT)
    wanted = GREY if known is None else RED if is_above else GREEN
    assert tuple(drawn.rgb[BOX.top, BOX.left].tolist()) == wanted


def test_a_setting_is_chosen_by_the_upper_end():
    """0.2 is measured at 0.004, at most 0.054; 0.25 at 0, at most 0.05."""
    assert mildest("pixelate", 0.052, 112, CURVES) == Pixelate(28)
    assert mildest("pixelate", 0.056, 112, CURVES) == Pixelate(23)


def test_only_settings_that_an_attacker_was_trained_on_hide_faces():
    rows = [row("pixelate", 0.1, 0.01), row("pixelate", 0.2, 0.01, "fused")]
    assert mildest("pixelate", 0.1, 112, curves_of(rows)) == Pixelate(12)
    assert choose("pixelate", 0.1, 112, curves_of(rows))[0] == Pixelate(22)
    assert choose("pixelate", 0.1, 112, CURVES)[0] == Solid()
    assert choose("pixelate", 0.1, 0.3, curves_of(rows))[0] == Pixelate(1)


def test_the_limits_are_those_that_the_help_states():
    assert (SAFE_RISK, ADVICE_RISK) == (0.02, 0.05)


def asked_of(risk: float | None = None, style: Style | None = None) -> Asked:
    """Return what `obfuscate --safe` is asked, with the flags' defaults."""
    return Asked(None, None, True, risk, (), (), None, "box", style, None, None)


@pytest.mark.parametrize(("asked", "limit"), [(None, 0.02), (0.1, 0.1)])
def test_commands_take_the_limit_that_is_asked_for_or_the_default(asked, limit):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    assert _hider(asked_of(risk=asked), 1).how.limit == limit
    assert _open_gate([], asked, []).limit == limit


@pytest.mark.parametrize(
    ("count", "style", "kind"),
    [(1, None, "pixelate"), (2, None, "solid"), (50, None, "solid"), (2, "sticker", "pixelate")],
)
def test_of_several_photos_faces_are_hidden_by_a_solid_box(count, style, kind):
    """Together they tell more than the risk of one; a drawn cover tells nothing."""
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    how = _hider(asked_of(style=style), count).how
    assert (how.kind, how.style) == (kind, style)


def test_who_is_as_near_as_two_photos_of_one_person_is_recognised():
    """dlib's documentation takes 0.6; the nearest of all attackers counts."""
    assert SAME_PERSON == 0.6
    for distances, recognised in (
        ({"obfuscated": 0.9, "lmmse": 0.59}, True),
        ({"obfuscated": 0.61, "lmmse": 0.9}, False),
        ({}, False),
    ):
        one = Hidden(BOX, Pixelate(8), None, distances=distances)
        assert one.is_recognised == recognised


@pytest.mark.parametrize("shape", ["box", "ellipse", "soft"])
def test_more_than_the_face_is_hidden(shape):
    """Hair, ears and chin: a quarter of the face's width on each side, and all of its square."""
    assert MARGIN == 0.25
    face, images = Box(40, 30, 20, 24), np.full((1, 3, 100, 100), 0.5, np.float32)
    done, (one,) = hide(images, [face], How("pixelate", 0.001, shape), CURVES)
    assert one.box == widen(face, 100, 100) == Box(35, 24, 30, 36)
    assert one.operator == Solid()
    assert (done[..., *face.place] == 0).all()
    outside = np.ones((100, 100), bool)
    outside[one.box.place] = False
    assert (done[..., outside] == 0.5).all()
    middle = done[0, 0, 42, 35:65]
    assert (middle[[0, -1]] < 0.5).all()
    assert cover_of(face, one.box, shape).min() >= 0


@pytest.mark.parametrize("shape", ["box", "ellipse", "soft"])
def test_what_hides_one_face_uncovers_nothing_of_the_next(shape):
    images = np.full((1, 3, 60, 100), 0.5, np.float32)
    faces = [Box(20, 20, 20, 20), Box(42, 26, 20, 20), Box(20, 36, 20, 20)]
    done, _ = hide(images, faces, How("pixelate", 0.001, shape), CURVES)
    for face in faces:
        assert (done[..., *face.place] == 0).all(), face


@pytest.mark.parametrize("shown", [True, False])
def test_what_is_attacked_is_the_photo_as_it_will_be_read_again(shown):
    """Where the file would show the face, a mosaic is refused and the box is solid."""
    face = Face(np.array([[40, 46], [48, 46], [54, 58], [60, 46], [68, 46]], float))
    clean = np.random.default_rng(0).random((1, 3, 100, 110)).astype(np.float32)
    box, rows = Box(34, 34, 40, 40), [row("median", 0.1, 0.01, "fused")]

    def few(aligned: np.ndarray) -> np.ndarray:
        return 9 * aligned[..., 60:90:6, 60:90:6].reshape(len(aligned), -1)

    _, (one,) = hide_proven(
        clean, [(face, box)], How("median", 0.1), curves_of(rows), Embedder("few", few, DLIB),
        lambda images: clean if shown else images,
    )  # fmt: skip
    assert (one.operator == Solid()) == shown
    tried = one.refused if shown else one
    assert isinstance(tried.operator, Median)
    assert (tried.distances["obfuscated"] < 1e-3) == shown


@pytest.mark.parametrize(("levels", "changed"), [(3, False), (6, True)])
def test_a_face_that_is_hardly_changed_is_bare(levels, changed):
    """Four levels of 255, where nothing is changed beside it."""
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    pixels = np.random.default_rng(0).integers(40, 200, (64, 64, 3)).astype(np.uint8)
    output, face = pixels.copy(), Box(20, 20, 16, 16)
    output[face.place] += np.uint8(levels)
    gate = Gate([face], FaceFinder(), CURVES, LIMIT)
    (one,) = gate.check(Photo(output), Photo(pixels), strength=False)
    assert one.changed_levels == pytest.approx(levels)
    assert one.is_changed == changed
    assert not one.passes
