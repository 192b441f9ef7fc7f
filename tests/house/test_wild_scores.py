"""The bench's scores: statistics against values computed by hand, answers against drawn truths."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import wild_bench
from unveil.degradation import GaussianBlur, Pixelate, Unchanged, parse_storage
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from wild import answers, scores, shares
from wild.answers import Answer
from wild.cases import Case, Region
from wild.masks import Rectangle

SIZE = (100, 120)
PNG = parse_storage("8bit")


def region(kind="gaussian", **changes):
    about = {"program": "p", "way": "w", "shape": "box", "box": (20, 30, 40, 40)}
    return Region(kind, **about | changes)


def case(role, *regions, control=""):
    return Case("development", role, 0, "x", control, "png", (), ".png", regions)


def box_mask(left, top, width, height):
    mask = np.zeros(SIZE, np.float32)
    mask[top : top + height, left : left + width] = 1
    return mask


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    """Two of 0.95, one right: a gap of 0.45. Four of 0.55, three right: one of 0.2."""
    said = [(0.95, True), (0.95, False), *[(0.55, True)] * 3, (0.55, False)]
    rows = [
        {"confidence": value, "said": "box" if is_right else "none", "kind": "box"}
        for value, is_right in said
    ]
    *bins, total = shares.confidence("x", rows)
    assert [(one["value"], one["right"], one["images"]) for one in bins] == [
        ("0.5 to 0.6", 3, 4),
        ("0.9 to 1.0", 1, 2),
    ]
    assert total["error"] == pytest.approx((2 * 0.45 + 4 * 0.2) / 6, abs=5e-5)
    certain = [{"confidence": 1.0, "said": "none", "kind": "none"}]
    assert shares.confidence("x", certain)[-1]["error"] == 0
    assert shares.confidence("x", [{"confidence": None, "said": "none", "kind": "none"}]) == []


def test_boxes_and_masks_overlap_by_intersection_over_union():
    truth, mask = region(), box_mask(20, 30, 40, 40)
    beside = Answer("box", Rectangle(40, 30, 40, 40))
    assert scores.overlap(truth, mask, beside) == pytest.approx(1 / 3)
    masked = Answer("box", Rectangle(0, 0, 1, 1), mask=box_mask(20, 30, 40, 20) > 0)
    assert scores.overlap(truth, mask, masked) == pytest.approx(1 / 2)
    assert scores.overlap(truth, mask, Answer("box", Rectangle(90, 0, 10, 10))) == 0


def test_each_region_is_found_by_the_answer_that_covers_it_best():
    regions = (region(), region("mosaic", box=(80, 10, 30, 30)))
    masks = [box_mask(20, 30, 40, 40), box_mask(80, 10, 30, 30)]
    said = [Answer("box", Rectangle(20, 30, 40, 36), confidence=0.7)]
    row = scores.score(case("hidden", *regions), masks, said)
    assert [one["iou"] for one in row["regions"]] == [0.9, 0.0]
    assert (row["kind"], row["said"], row["confidence"]) == ("gaussian", "box", 0.7)
    found = {(one["by"], one["value"]): one for one in shares.tallies([row])}
    assert found["kind", "gaussian"]["right"] == 1
    assert found["kind", "mosaic"]["right"] == 0


def test_the_largest_region_decides_on_kind_and_confidence():
    said = [
        Answer("box", Rectangle(0, 0, 10, 10), confidence=0.9),
        Answer("median", Rectangle(0, 0, 50, 50), confidence=0.6),
    ]
    regions = (region(), region("median"))
    masks = [box_mask(0, 0, 10, 10), box_mask(0, 0, 50, 50)]
    row = scores.score(case("hidden", *regions), masks, said)
    assert (row["kind"], row["said"], row["confidence"]) == ("median", "median", 0.6)


def test_a_clean_picture_is_right_if_nothing_is_said():
    nothing = Answer("none", Rectangle(0, 0, 120, 100), confidence=0.8)
    something = Answer("box", Rectangle(0, 0, 120, 100), confidence=0.8)
    rows = [scores.score(case("clean", control="soft"), [], [one]) for one in (nothing, something)]
    found = {(one["question"], one["by"], one["value"]): one for one in shares.tallies(rows)}
    assert found["clean called hidden", "all", ""]["share"][0] == 0.5
    assert found["clean called hidden", "control", "soft"]["right"] == 1
    assert found["confidence", "left to itself", "0.8 to 0.9"]["right"] == 1


def told(truth, said):
    row = scores.score(case("told", truth), [box_mask(20, 30, 40, 40)], [said])
    return {
        (one["question"], one["by"], one["value"]): one["share"][0] for one in shares.tallies([row])
    }


@pytest.mark.parametrize(
    ("strength", "kind", "is_near"),
    [(4.39, "gaussian", 1), (4.41, "gaussian", 0), (4.0, "box", 0), (None, "gaussian", 0)],
)
def test_a_strength_is_right_if_it_is_near_and_of_the_right_kind(strength, kind, is_near):
    said = Answer(kind, Rectangle(20, 30, 40, 40), strength_px=strength)
    found = told(region(strength_px=4.0), said)
    assert found["strength within 10 %", "kind", "gaussian"] == is_near
    assert found["strength within 10 %", "gaussian", "png"] == is_near


def test_an_interval_counts_where_the_kind_is_right():
    truth = region(strength_px=4.0)
    for ends, holds in (((3.9, 4.1), 1), ((4.1, 4.2), 0)):
        said = Answer("gaussian", Rectangle(20, 30, 40, 40), strength_px=4.1, interval_px=ends)
        assert told(truth, said)["90 % interval holds", "all", ""] == holds
    wrong = Answer("box", Rectangle(20, 30, 40, 40), strength_px=4.0, interval_px=(3.0, 5.0))
    assert ("90 % interval holds", "all", "") not in told(truth, wrong)


@pytest.mark.parametrize(("angle", "is_near"), [(1.0, 1), (171.0, 1), (165.0, 0)])
def test_angles_are_compared_on_a_half_turn(angle, is_near):
    said = Answer("motion", Rectangle(20, 30, 40, 40), strength_px=16.0, angle=angle)
    found = told(region("motion", strength_px=15.0, angle=178.0), said)
    assert found["motion: 15 % and 10 degrees", "all", ""] == is_near


def test_grids_are_compared_by_axis_in_the_middle_of_the_region():
    truth = region("mosaic", strength_px=8.0, pitch_px=(8.0, 8.0), phase_px=(3.0, 1.0))
    # Lines near column 40 and row 50: at 43 and 49. With a pitch of 8.1 from 2.5 on: 43.0.
    place = Rectangle(20, 30, 40, 40)
    said = Answer("mosaic", place, strength_px=8.0, pitch_px=(8.1, 8.4), phase_px=(2.5, 7.0))
    found = told(truth, said)
    assert found["block within 2 %", "axis", "across"] == 1
    assert found["block within 2 %", "axis", "down"] == 0
    assert found["block within 2 %", "all", ""] == 0
    assert found["phase within half a pixel", "axis", "across"] == 1
    assert scores.line_distance((3.0, 8.0), (2.5, 8.1), 40.0) == pytest.approx(0.0)
    assert scores.line_distance((1.0, 8.0), (0.4, 8.0), 50.0) == pytest.approx(0.6)


def finding(operator, **changes):
    return Finding(operator, PNG, 0.9, **changes)


def test_todays_findings_are_read():
    everywhere = Rectangle(0, 0, 120, 100)
    nothing = answers._answer(finding(Unchanged()), everywhere)
    assert (nothing.kind, nothing.place, nothing.confidence) == ("none", everywhere, 0.9)
    blur = answers._answer(finding(GaussianBlur(25, 4.0), sigma_error_px=0.1), everywhere)
    assert (blur.kind, blur.strength_px) == ("gaussian", pytest.approx(4.0, rel=0.01))
    assert blur.interval_px == pytest.approx((blur.strength_px - 0.1645, blur.strength_px + 0.1645))
    mosaic = answers._answer(finding(Pixelate(8, 3, 5), box=Box(10, 20, 40, 48)), everywhere)
    assert mosaic.place == Rectangle(10, 20, 40, 48)
    assert (mosaic.pitch_px, mosaic.phase_px) == ((8, 8), (13, 25))


def test_findings_that_say_more_are_read():
    other = SimpleNamespace(kind="solid", box=Box(1, 2, 3, 4), mask=None, confidence=0.5)
    mask = np.zeros(SIZE, bool)
    mask[:50] = True
    said = SimpleNamespace(
        kind="motion",
        box=None,
        mask=mask,
        confidence=0.8,
        strength_px=15.0,
        low_px=14.0,
        high_px=17.0,
        angle=30.0,
        pitch_px=None,
        phase_px=None,
        others=(other,),
    )
    first, second = (
        answers._answer(one, Rectangle(0, 0, 120, 100)) for one in (said, *said.others)
    )
    assert (first.kind, first.area, first.interval_px, first.angle) == (
        "motion",
        6000,
        (14, 17),
        30,
    )
    assert (second.kind, second.place) == ("solid", Rectangle(1, 2, 3, 4))


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text('{"role": "clean", "number": 0}\n{"role": "cle', encoding="utf-8")
    assert wild_bench.answered(file) == [{"role": "clean", "number": 0}]
    assert wild_bench.answered(tmp_path / "none.jsonl") == []


def test_more_pictures_of_a_role_begin_with_the_same_ones():
    few = wild_bench.tasks(wild_bench.Options(Path(), hidden=2, clean=3, told=1))
    many = wild_bench.tasks(wild_bench.Options(Path(), hidden=4, clean=6, told=2))
    assert set(few) < set(many)
    assert len(few) == 6
