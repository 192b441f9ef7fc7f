"""What a clip is said to hide, from the findings on some of its frames."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import run_cli
from tests.video.clips import psnr, write_clip
from unveil.degradation import GaussianBlur, Pixelate, Storage, Unchanged
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.video.agreement import Moving, agree

H264 = Storage("8bit")
CLEAN = Finding(Unchanged(), H264, 0.9, kind="none")
FACE = (slice(60, 196), slice(160, 288))


def sight(kind="gaussian", left=100, px=8.0, confidence=0.9, width=80):
    """Return a hidden part that can only be named."""
    box = Box(left, 40, width, 80)
    return Finding(
        *(GaussianBlur(31, px), H264, confidence, None, box, kind, px, 0.8 * px, 1.2 * px),
        is_exact=False,
        reason="a part",
    )


def test_a_part_whose_outline_wavers_is_one_part():
    found = agree(
        [
            sight(left=left, px=px)
            for left, px in zip(range(100, 105), (9, 7, 8, 6, 10), strict=True)
        ]
    )
    assert (found.kind, found.strength_px, found.others) == ("gaussian", 8, ())
    assert found.box == Box(102, 40, 80, 80)
    assert (found.low_px, found.high_px) == (6.4, pytest.approx(9.6))
    assert found.reason == "a part"


def test_frames_that_differ_about_the_kind_lower_the_confidence():
    found = agree([sight(), sight("box"), sight(), sight("box"), sight()])
    assert found.kind == "gaussian"
    assert found.confidence == pytest.approx(3 / 5 * 0.9)


def test_a_part_that_some_frames_show_is_found_and_said_to_be_in_some():
    found = agree([CLEAN, CLEAN, sight(), sight(), CLEAN])
    assert found.reason == "a part; seen in 2 of 5 frames"
    assert agree([CLEAN, CLEAN, sight(), CLEAN, CLEAN]).is_clean


def test_a_part_that_moves_has_a_box_around_all_its_places():
    found = agree([sight(left=left) for left in (0, 100, 200, 300, 400)])
    assert found.box == Box(0, 40, 480, 80)
    assert found.reason == "a part; it moves"
    assert agree([CLEAN, CLEAN, CLEAN, sight(left=0), sight(left=200)]).is_clean


def test_two_parts_of_a_frame_stay_two():
    frames = [replace(sight(left=0), others=(sight(left=300),)) for _ in range(4)]
    found = agree([sight(left=0), *frames])
    assert [part.box.left for part in found.parts] == [0, 300]
    assert [part.reason for part in found.parts] == ["a part", "a part; seen in 4 of 5 frames"]


def test_a_mosaic_that_can_be_followed_outweighs_one_that_can_only_be_named():
    exact = Finding(Pixelate(8), H264, 0.9, None, Box(100, 40, 80, 80), "mosaic", 8.0)
    assert agree([exact, exact, *[sight("mosaic")] * 3]) == Moving(Pixelate(8), H264)
    assert agree([exact, exact, *[sight()] * 3]).kind == "gaussian"


def test_what_has_no_operator_is_not_taken_for_clean():
    other = Finding(Unchanged(), H264, 0.7, None, Box(9, 9, 64, 64), "other", is_exact=False)
    assert agree([other, other, other, CLEAN, CLEAN]).kind == "other"


def test_boxes_overlap_as_far_as_they_share():
    box = Box(0, 0, 10, 10)
    assert box.overlap(box) == 1
    assert box.overlap(Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert box.overlap(Box(20, 20, 5, 5)) == 0


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A portrait whose face is blurred, or filled, in H.264; it moves a little, with some noise."""
    folder = tmp_path_factory.mktemp("agreement")
    for name, hide in {
        "blurred": lambda part: cv2.GaussianBlur(part, (0, 0), 7),
        "solid": np.zeros_like,
        "clean": np.copy,
    }.items():
        noise, shown = np.random.default_rng(0), []
        for left in range(40, 70, 3):
            hidden = data.astronaut()[:400].copy()
            hidden[FACE] = hide(hidden[FACE])
            frame = hidden[:, left : left + 400] + noise.normal(0, 1, (400, 400, 3))
            shown.append(np.clip(frame, 0, 255).astype(np.uint8))
        write_clip(folder / f"{name}.mp4", shown, options={"crf": "20"})
    return folder


@pytest.mark.slow
def test_a_blurred_face_is_named_judged_and_restored_nearly(clips, tmp_path):
    said = run_cli("inspect", clips / "blurred.mp4").out
    assert "Gaussian blur, sigma" in said
    assert "confidence" in said
    done = run_cli("restore", clips / "blurred.mp4", "-o", tmp_path / "out.mkv", "--codec", "ffv1")
    assert "found: Gaussian blur" in done.err
    assert "restored as nearly as it is known" in done.err
    assert psnr(clips / "clean.mp4", tmp_path / "out.mkv") > psnr(
        clips / "clean.mp4", clips / "blurred.mp4"
    )
    said = run_cli("audit", clips / "blurred.mp4").out
    assert "hidden part in" in said
    assert "of 100 cases" in said or "cannot be measured" in said


@pytest.mark.slow
def test_a_filled_face_is_named_and_safe(clips):
    assert "one colour, in" in run_cli("inspect", clips / "solid.mp4").out
    assert "in about 0 of 100 cases" in run_cli("audit", clips / "solid.mp4").out


@pytest.mark.slow
def test_a_clip_that_is_too_plain_to_tell_says_so(tmp_path):
    write_clip(tmp_path / "plain.mp4", [np.full((64, 96, 3), 90, np.uint8)] * 3)
    assert "(too plain to tell)" in run_cli("inspect", tmp_path / "plain.mp4").out
    assert "no face found (too plain to tell)" in run_cli("audit", tmp_path / "plain.mp4").err
