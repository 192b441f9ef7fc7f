"""Verdicts: what a curve says, between and beyond what was measured."""

from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from unveil.auditing.measured import (
    PEOPLE,
    RISK,
    curves_of,
    measured_curves,
    mildest,
    risk_of,
    shipped_curves,
    shipped_rows,
)
from unveil.auditing.settings import operator_at
from unveil.auditing.verdict import judged, risk_of_finding, sentence
from unveil.degradation import (
    Median,
    Motion,
    Pixelate,
    Solid,
    Storage,
    Unchanged,
    UnevenPixelate,
    parse_operator,
)
from unveil.errors import UsageError
from unveil.estimation.codec_history import CodecHistory
from unveil.estimation.finding import Finding
from unveil.estimation.history import History
from unveil.report.rows import read_rows


def row(kind: str, strength: float, share: float, attacker: str = "unaware", face_px: int = 112):
    ends = [share, max(share - 0.05, 0), min(share + 0.05, 1)]
    return {
        "kind": kind,
        "strength": strength,
        "face_px": face_px,
        "attacker": attacker,
        f"rank1_of_{PEOPLE}": ends,
    }


CURVES = curves_of(
    [
        row("none", 0.0, 0.98),
        row("pixelate", 0.05, 0.3),
        row("pixelate", 0.05, 0.9, "restoring pixelate"),
        row("pixelate", 0.1, 0.5, "restoring pixelate"),
        row("pixelate", 0.2, 0.004),
        row("pixelate", 0.25, 0.0),
        row("solid", 1.0, 0.001),
        row("pixelate", 0.05, 0.7, "trained", face_px=56),
        row("pixelate", 0.2, 0.0, "trained", face_px=56),
    ]
)


RESULTS = Path(__file__).parents[2] / "results" / "audit" / "rows.jsonl"
TUNED = RESULTS.with_name("tuned.jsonl")
# Of the attackers that all settings have; a trained one attacked four of them only.
MEASURED = measured_curves(read_rows(RESULTS))


@pytest.mark.parametrize(("kind", "face_px"), sorted(set(MEASURED) - {("box", 112)}))
def test_more_obfuscation_is_no_riskier_as_measured(kind, face_px):
    points = [*MEASURED["none", face_px], *MEASURED[kind, face_px]]
    for milder, stronger in combinations(points, 2):
        assert stronger.risk.share <= milder.risk.high


def test_more_of_a_box_is_riskier_only_where_more_of_the_picture_comes_back():
    """Of a picture in which fewer windows fit, less gets lost: a law of the box, not a slip."""
    rows = [row for row in read_rows(RESULTS) if row["kind"] == "box"]
    psnr = {row["strength"]: row["psnr"] for row in rows if row["attacker"] == "restoring lmmse"}
    for milder, stronger in pairwise(MEASURED["box", 112]):
        if stronger.risk.share > milder.risk.high:
            assert psnr[stronger.strength] > psnr[milder.strength] + 1


def test_no_verdict_calls_more_obfuscation_riskier():
    for points in shipped_curves().values():
        for milder, stronger in pairwise(points):
            assert stronger.risk.high <= milder.risk.high


def test_the_package_has_the_committed_rows():
    tuned = [row for row in read_rows(TUNED) if row["step"] != "published"]
    rows = [*read_rows(RESULTS), *tuned]
    assert shipped_rows() == [{name: row[name] for name in shipped_rows()[0]} for row in rows]


def test_where_a_trained_attacker_is_stronger_its_risk_counts():
    for row in read_rows(TUNED):
        risk = risk_of(parse_operator(row["operator"]), row["face_px"], shipped_curves())
        # Strengths in rows have five decimals.
        assert risk.share >= row[RISK][0] - 1e-3
        assert risk.high >= row[RISK][2] - 1e-3


def test_a_milder_setting_is_no_safer_than_one_that_a_trained_attacker_attacked():
    between, attacked = (risk_of(Pixelate(block), 112, shipped_curves()) for block in (11, 14))
    assert attacked.attacker == between.attacker == "fused"
    assert between.high >= attacked.high
    told = sentence(between, Pixelate(11), 112, shipped_curves())
    assert "after training a network on other people's obfuscated faces" in told


def test_the_strongest_attacker_counts():
    risk = risk_of(Pixelate(6), 112, CURVES)
    assert risk is not None
    assert (risk.attacker, round(risk.share, 2)) == ("restoring pixelate", 0.86)


def test_clean_faces_have_the_risk_of_clean_faces():
    assert risk_of(Unchanged(), 90, CURVES).share == 0.98


def test_blocks_of_a_part_of_a_pixel_are_on_the_curve_of_means():
    curves = shipped_curves()
    uneven = risk_of(UnevenPixelate(7.5, 8.5), 112, curves)
    smaller, larger = (risk_of(Pixelate(block), 112, curves) for block in (7, 9))
    assert larger.share < uneven.share < smaller.share


def test_between_strengths_the_risk_lies_between():
    milder, between, stronger = (risk_of(Pixelate(b), 112, CURVES).share for b in (12, 15, 22))
    assert milder > between > stronger


def test_stronger_than_all_that_was_measured_is_no_riskier():
    assert risk_of(Pixelate(60), 112, CURVES).share == 0.0


def test_milder_than_all_that_was_measured_is_not_guessed():
    assert risk_of(Pixelate(2), 112, CURVES) is None
    assert risk_of(Median(9), 112, CURVES) is None
    assert "was not measured" in sentence(None, Median(9), 112, CURVES)


@pytest.mark.parametrize("riskier_px", [56, 112])
@pytest.mark.parametrize("face_px", [50, 56, 70, 112, 300])
def test_of_the_measured_widths_the_riskiest_counts(face_px, riskier_px):
    """A wide face can be made small before it is attacked; a small one shows no more than that."""
    rows = [row("box", 0.2, 0.1, face_px=px) for px in (56, 112)]
    rows.append(row("box", 0.2, 0.3, "fused", face_px=riskier_px))
    setting = operator_at("box", 0.2, face_px)
    milder = [row("box", 0.1, 0.3, "fused", face_px=px) for px in (56, 112)]
    risk = risk_of(setting, face_px, curves_of([*rows, *milder]))
    assert (risk.attacker, round(risk.share, 2)) == ("fused", 0.3)


def test_a_small_face_gets_a_setting_that_was_attacked_on_a_wide_one():
    rows = [row("pixelate", 0.1, 0.1, "fused"), row("pixelate", 0.1, 0.2, face_px=56)]
    assert mildest("pixelate", 0.3, 50, curves_of(rows), attacked=True) == Pixelate(5)


def test_where_no_attacker_was_trained_the_risk_allows_for_one():
    """Between attacked settings it is theirs; beyond them it may be as high as there."""
    weak = [row("median", strength, 0.06) for strength in (0.05, 0.1, 0.2, 0.4)]
    fused = [row("median", 0.05, 0.8, "fused"), row("median", 0.2, 0.4, "fused")]
    _, between, strongest, beyond = (
        point.risk for point in curves_of([*weak, *fused])["median", 112]
    )
    assert (strongest.attacker, strongest.share) == ("fused", 0.4)
    assert (between.share, between.high) == pytest.approx((0.6, 0.65))  # halfway, by logarithm
    assert (beyond.attacker, beyond.share, beyond.high) == ("unaware", 0.06, 0.45)


def test_more_never_looks_worse():
    """Where chance made a stronger setting look riskier, the milder one is called as risky."""
    curves = curves_of([row("box", 0.1, 0.2), row("box", 0.2, 0.4), row("box", 0.3, 0.1)])
    highs = [point.risk.high for point in curves["box", 112]]
    assert highs == sorted(highs, reverse=True)


def test_the_mildest_setting_under_the_limit_is_found():
    operator = mildest("pixelate", 0.06, 112, CURVES)
    assert operator == Pixelate(23)
    assert risk_of(operator, 112, CURVES).high <= 0.06
    assert mildest("pixelate", 0.001, 112, CURVES) is None
    with pytest.raises(UsageError, match="no curve"):
        mildest("median", 0.05, 112, CURVES)


def test_the_sentence_says_cases_attacker_and_what_to_do():
    said = sentence(risk_of(Pixelate(6), 112, CURVES), Pixelate(6), 112, CURVES)
    assert "1,000 people" in said
    assert "86 of 100" in said
    assert "after restoring" in said
    assert "blocks across the face" in said


def test_what_is_safe_gets_no_advice():
    said = sentence(risk_of(Solid(), 112, CURVES), Solid(), 112, CURVES)
    assert "0 of 100" in said


def found(**values) -> Finding:
    stated = Finding(
        Pixelate(11), Storage("8bit"), 0.9, None, None, "mosaic", 11.2, 8.0, 20.0, is_exact=False
    )  # fmt: skip
    return replace(stated, **values)


def test_the_interval_of_the_risk_takes_in_that_of_the_strength():
    risk = risk_of_finding(found(), 112, CURVES)
    at, milder, stronger = (risk_of(Pixelate(block), 112, CURVES) for block in (11, 8, 20))
    assert (risk.share, risk.attacker) == (at.share, at.attacker)
    assert (risk.low, risk.high) == (stronger.low, milder.high)
    assert risk_of_finding(found(is_exact=True), 112, CURVES) == at


def test_strengths_that_may_be_beyond_the_curve_have_no_risk():
    assert risk_of_finding(found(low_px=2.0), 112, CURVES) is None
    assert risk_of_finding(found(operator=Motion(9.0, 30.0)), 112, CURVES) is None


def test_a_finding_that_nothing_is_hidden_has_the_risk_of_clean_faces():
    clean = found(operator=Unchanged(), kind="none", is_exact=True)
    risk, words = judged(clean, 112, CURVES)
    assert risk == risk_of(Unchanged(), 112, CURVES)
    assert "hidden" not in words.lower()


@pytest.mark.parametrize("confidence", [0.4, None, 0.6])
def test_a_kind_in_doubt_is_not_read_from_its_curve(confidence):
    risk, words = judged(found(confidence=confidence), 112, CURVES)
    assert (risk is None) == (confidence == 0.4)
    assert ("Hidden, cannot be measured" in words) == (risk is None)


@pytest.mark.parametrize(
    ("storage", "history", "said"),
    [
        (Storage("8bit"), None, None),
        (Storage("jpeg", 60), None, "not after jpeg:60 as here"),
        (Storage("8bit"), History(None, 0.5, None), "not after scaling as here"),
        (Storage("jpeg", 60), History(None, 1.5, None), "not after jpeg:60 and scaling as here"),
        (Storage("8bit"), History(None, None, None, CodecHistory("webp", 0.9)), "after webp as"),
    ],
)
def test_a_verdict_says_what_the_picture_went_through_beside_the_curve(storage, history, said):
    finding = Finding(Pixelate(8), storage, 0.9, kind="mosaic", history=history)
    words = judged(finding, 112, shipped_curves())[1]
    assert said in words if said else "Measured on" not in words
    for operator, kind in ((Unchanged(), "none"), (Solid(), "solid")):
        other = replace(finding, operator=operator, kind=kind)
        assert "Measured on" not in judged(other, 112, shipped_curves())[1]


class TestNoise:
    """Strengths are those of 112-pixel faces: elsewhere noise weighs less, or another thing."""

    @pytest.mark.parametrize("face_px", [150, 464])
    def test_on_a_wide_face_it_averages_out(self, face_px):
        curves, wide = shipped_curves(), parse_operator("noise:std=204")
        weaker = parse_operator(f"noise:std={204 * 112 / face_px}")
        found, wanted = risk_of(wide, face_px, curves), risk_of(weaker, 112, curves)
        assert (found.share, found.high) == pytest.approx((wanted.share, wanted.high))
        assert risk_of(wide, face_px, curves).share >= risk_of(wide, 112, curves).share

    @pytest.mark.parametrize(
        ("text", "face_px"),
        [("block=32,epsilon=2", 116), ("block=32,epsilon=2", 448), ("block=8,epsilon=2", 464),
         ("block=8,epsilon=2,pixels=1", 112)],
    )  # fmt: skip
    def test_beside_its_curve_dppix_is_as_risky_as_the_mosaic_below(self, text, face_px):
        curves, noisy = shipped_curves(), parse_operator(f"dppix:{text}")
        assert risk_of(noisy, face_px, curves) == risk_of(Pixelate(noisy.block), face_px, curves)

    def test_on_its_curve_dppix_has_its_own_risk(self):
        noisy = parse_operator("dppix:block=8,epsilon=2")
        assert risk_of(noisy, 116, shipped_curves()).high < 0.2


def test_pixels_of_blocks_and_boxes_were_attacked_by_a_network_trained_on_them():
    curves = shipped_curves()
    for text, least in (("sample:block=8", 0.4), ("sample:block=14", 0.15), ("box:kernel=25", 0.7)):
        risk = risk_of(parse_operator(text), 112, curves)
        assert risk.share > least
    beyond = risk_of(parse_operator("sample:block=28"), 112, curves)
    assert beyond.high >= risk_of(parse_operator("sample:block=14"), 112, curves).high


def test_three_widths_of_faces_were_measured():
    curves = shipped_curves()
    for kind in ("gaussian", "pixelate"):
        assert {px for name, px in curves if name == kind} == {28, 56, 112}
