"""The verdict in two lines, as the page shows it, and where it is on its curve."""

from dataclasses import replace

import numpy as np
import pytest

from tests.auditing.test_verdict import CURVES
from unveil.auditing.brief import (
    AT_RISK,
    HIDDEN,
    UNKNOWN,
    headline,
    how_hidden,
    how_sure,
    in_words,
    level,
    on_its_curve,
    what_would_hide,
)
from unveil.auditing.measured import Point, Risk, _between, _mix, mildest, risk_of
from unveil.auditing.photo import Verdict
from unveil.auditing.verdict import advice, judged, sentence
from unveil.degradation import (
    DpPix,
    GaussianBlur,
    Motion,
    Noise,
    Operator,
    Pixelate,
    Solid,
    Storage,
    Unchanged,
)
from unveil.estimation.finding import Finding
from unveil.images.box import Box

EIGHT_BIT = Storage("8bit")
CLEAN, MOSAIC = Unchanged(), Pixelate(8)


def finding(operator: Operator = CLEAN, kind: str = "", **values) -> Finding:
    values = {"confidence": 0.9} | values
    return Finding(operator, EIGHT_BIT, kind=kind, **values)


def verdict(risk: Risk | None, operator: Operator = MOSAIC, width: int = 112) -> Verdict:
    found = finding(operator, "mosaic", strength_px=8.0)
    return Verdict(Box(0, 0, width, width), found, operator, risk, "words")


def risk(share: float, high: float) -> Risk:
    return Risk(share, share / 2, high, "fused")


@pytest.mark.parametrize(
    ("known", "word", "said"),
    [
        (None, UNKNOWN, "Risk not known"),
        (risk(0.031, 0.05), HIDDEN, "Named right in 3 of 100 cases (at most 5)"),
        (risk(0.031, 0.0501), AT_RISK, "Named right in 3 of 100 cases (at most 5)"),
        (risk(0.604, 0.667), AT_RISK, "Named right in 60 of 100 cases (at most 67)"),
    ],
)
def test_a_level_is_of_the_upper_end_and_the_headline_of_both(known, word, said):
    assert level(verdict(known)) == word
    assert headline(verdict(known)) == said
    wanted = "" if word == HIDDEN else advice(112, CURVES)
    assert what_would_hide(verdict(known), CURVES) == wanted


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        (1.0, "almost certain"), (0.95, "almost certain"), (0.949, "quite sure"),
        (0.8, "quite sure"), (0.79, "fairly sure"), (0.5, "fairly sure"), (0.49, "in doubt"),
        (0.0, "in doubt"),
    ],
)  # fmt: skip
def test_a_chance_has_a_word(confidence, said):
    assert how_sure(confidence) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (finding(kind="none"), "Nothing is blurred here; quite sure"),
        (finding(confidence=None), "Nothing is blurred here"),
        (
            finding(GaussianBlur(9, 2.0), "gaussian", strength_px=2.04),
            "Blurred by about 2.0 px; quite sure",
        ),
        (finding(Pixelate(8), "mosaic", strength_px=7.6), "A mosaic of 8 px blocks; quite sure"),
        (finding(Pixelate(8), "mosaic"), "pixelate:block=8; quite sure"),
        (finding(Pixelate(8), confidence=None), "A mosaic of 8 px blocks"),
        (finding(kind="other"), "Hidden in a way that is not known; quite sure"),
        (
            finding(Motion(9, 0.0), "motion", strength_px=9.4),
            "Blurred by a motion of 9 px; quite sure",
        ),
        (finding(Solid(), "solid", confidence=0.97), "One colour; almost certain"),
    ],
)  # fmt: skip
def test_what_hides_a_picture_in_words(found, said):
    assert in_words(found) == said


def test_a_solid_box_is_one_colour_however_it_was_found():
    assert how_hidden(verdict(risk(0, 0.01), Solid())) == "One colour"
    assert how_hidden(verdict(risk(0, 0.01))) == "A mosaic of 8 px blocks; quite sure"


def test_a_verdict_lies_on_the_curve_of_its_kind_and_width():
    """Of the widths that were measured, the first that is as wide; the widest for wider faces."""
    found = on_its_curve(verdict(risk(0.5, 0.6), Pixelate(14)), CURVES)
    assert (found["kind"], found["strength"]) == ("pixelate", 0.125)
    assert found["unit"] == "block per face width"
    points = CURVES["pixelate", 112]
    risks = [(point.risk.share, point.risk.low, point.risk.high) for point in points]
    wanted = [[point.strength, *one] for point, one in zip(points, risks, strict=True)]
    np.testing.assert_allclose(found["points"], wanted, atol=1e-5)
    for width, measured in ((56, 56), (57, 112), (20, 56), (400, 112)):
        one = on_its_curve(verdict(risk(0.5, 0.6), Pixelate(14), width), CURVES)
        assert len(one["points"]) == len(CURVES["pixelate", measured])
        assert one["strength"] == round(14 / width, 5)


@pytest.mark.parametrize(
    "one",
    [verdict(None), verdict(risk(0.9, 1), Unchanged()), verdict(risk(0, 1), Noise(50))],
    ids=["no risk", "no strength", "no curve"],
)
def test_what_has_no_curve_is_on_none(one):
    assert on_its_curve(one, CURVES) is None


POINTS = [
    Point(0.1, Risk(0.8, 0.6, 0.9, "a")),
    Point(0.2, Risk(0.4, 0.2, 0.5, "b")),
    Point(0.4, Risk(0.2, 0.1, 0.3, "c")),
]


@pytest.mark.parametrize(
    ("strength", "wanted"),
    [
        (0.09, None),
        (0.1, (0.8, 0.6, 0.9, "a")),
        (0.1 * 2**0.25, (0.7, 0.5, 0.8, "a")),
        (0.1 * 2**0.5, (0.6, 0.4, 0.7, "a")),
        (0.2, (0.4, 0.2, 0.5, "a")),
        (0.2 * 2**0.75, (0.25, 0.125, 0.35, "b")),
        (0.4, (0.2, 0.1, 0.3, "c")),
        (7.0, (0.2, 0.1, 0.3, "c")),
    ],
)
def test_between_points_a_risk_is_linear_in_log_strength(strength, wanted):
    found = _between(POINTS, strength)
    if wanted is None:
        assert found is None
    else:
        assert (found.share, found.low, found.high) == pytest.approx(wanted[:3])
        assert found.attacker == wanted[3]


def test_a_mixture_is_of_both_ends_and_named_after_the_milder():
    assert _mix(POINTS[0].risk, POINTS[1].risk, 0.0) == POINTS[0].risk
    found = _mix(POINTS[0].risk, POINTS[1].risk, 1.0)
    assert (found.share, found.low, found.high, found.attacker) == (0.4, 0.2, 0.5, "a")


@pytest.mark.parametrize(
    ("attacker", "said"),
    [
        ("unaware", "(25 to 62)."),
        ("restoring lmmse", "(25 to 62) after restoring."),
        ("restoring lmmse, mirrored", "(25 to 62) after restoring."),
        ("mirrored", "(25 to 62) after obfuscating its own photos in the same way."),
        ("trained", "(25 to 62) after learning from other people's obfuscated faces."),
        ("fused", "(25 to 62) after training a network on other people's obfuscated faces."),
        ("tuned, head", "(25 to 62) after training a network on other people's obfuscated faces."),
    ],
)
def test_a_sentence_says_what_the_strongest_attacker_does_first(attacker, said):
    words = sentence(Risk(0.5, 0.25, 0.62, attacker), Pixelate(8), 112, CURVES)
    start = "A machine that knows 1,000 people would name this one right in about 50 of 100 cases "
    assert words.startswith(start + said)
    assert words.endswith(advice(112, CURVES))


def test_a_sentence_on_what_was_not_measured_names_it():
    assert sentence(None, Motion(9, 0.0), 111.6, CURVES) == (
        "motion:length=9,angle=0 on a face of 112 pixels was not measured, so nothing can be said "
        "of it."
    )


@pytest.mark.parametrize(("high", "is_advised"), [(0.05, False), (0.051, True)])
def test_advice_is_given_above_five_percent(high, is_advised):
    words = sentence(Risk(0.01, 0, high, "unaware"), Pixelate(8), 112, CURVES)
    assert ("Hiding needs" in words) == is_advised


def test_advice_counts_whole_blocks_across_the_face():
    """The mildest under 5 % is of a quarter of a face's width."""
    assert mildest("pixelate", 0.05, 112, CURVES) == Pixelate(28)
    assert "of at most 4 blocks across" in advice(112, CURVES)
    assert "of at most 3 blocks across" in advice(30, CURVES)
    high = {("pixelate", 112): [Point(0.1, Risk(0.8, 0.6, 0.9, "a"))]}
    assert advice(112, high) == "No mosaic that was measured hides it; a solid box does."


def test_clean_faces_and_exact_findings_are_measured_and_the_rest_says_why():
    half = finding(Pixelate(14), "mosaic", is_exact=False, confidence=0.5)
    known, words = judged(finding(), 112, CURVES)
    assert known == risk_of(Unchanged(), 112, CURVES)
    assert words.startswith("A machine")
    assert judged(finding(Pixelate(14), "mosaic"), 112, CURVES)[0] is not None
    assert judged(finding(Motion(9, 0.0), "motion"), 112, CURVES)[0] is None
    for found, reason in (
        (finding(Motion(9, 0.0), "motion", is_exact=False), "no curve was measured for it"),
        (finding(kind="other", reason="it is too small"), "it is too small"),
        (finding(kind="other"), "no curve was measured for it"),
        (finding(Solid(), "solid", is_exact=False), "it is not of one colour all over"),
        (replace(half, confidence=0.49), "how it was hidden is in doubt"),
    ):  # fmt: skip
        assert judged(found, 112, CURVES) == (None, f"Hidden, cannot be measured: {reason}.")
    assert judged(half, 112, CURVES)[0] is not None
    stated = replace(half, confidence=None)
    assert judged(stated, 112, CURVES)[0] is not None


@pytest.mark.parametrize(
    ("block", "face_px", "is_on_grid"),
    [(8, 112, True), (7, 112, True), (9, 112, True), (6, 112, False), (10, 112, False),
     (9, 128, True), (9, 130, False), (4, 56, True)],
)  # fmt: skip
def test_dppix_is_read_from_its_curve_near_its_grid_alone(block, face_px, is_on_grid):
    """Fourteen blocks across, a seventh more or less, on a face of 112 pixels or a seventh more."""
    own = {("dppix", 112): [Point(0.5, Risk(0.125, 0.1, 0.15, "d"))]}
    below = {("pixelate", 112): [Point(0.01, Risk(0.5, 0.4, 0.6, "p"))]}
    found = risk_of(DpPix(block, 0.5), face_px, own | below)
    assert found.share == (0.125 if is_on_grid else 0.5)
