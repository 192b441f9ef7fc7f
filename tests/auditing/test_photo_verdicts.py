"""The verdicts of a photo: how they are written, drawn, and when a part cannot be a whole face."""

from dataclasses import replace

import numpy as np
import pytest

from unveil.auditing.measured import Risk, risk_of, shipped_curves
from unveil.auditing.photo import (
    GREEN,
    GREY,
    MIN_COVERED_SHARE,
    MIN_TOUCHED_SHARE,
    RED,
    Verdict,
    _hidden_by,
    _judge,
    _parts,
    _why_no_face,
    audit_photo,
    draw_verdicts,
    if_covered,
    judge_part,
)
from unveil.auditing.safe import cover_masked
from unveil.degradation import Noise, Pixelate, Solid, Storage, Unchanged
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import subject_of
from unveil.faces.finder import MIN_FACE_PX, NoFaceError
from unveil.images.box import Box
from unveil.images.photos import Photo
from unveil.linear.prior import read_prior

EIGHT_BIT = Storage("8bit")
CURVES = shipped_curves()
SHAPE = (200, 300)
FACE = Box(40, 50, 100, 100)
MOSAIC = Finding(Pixelate(8), EIGHT_BIT, 0.9, None, FACE, "mosaic", 8.0)
CLEAN = Finding(Unchanged(), EIGHT_BIT, 0.9, kind="none")
KNOWN = Risk(0.12345, 0.02, 0.3, "fused")


def verdict(finding: Finding = MOSAIC, risk: Risk | None = KNOWN, **values) -> Verdict:
    return Verdict(FACE, finding, finding.operator, risk, "Words.", **values)


@pytest.mark.parametrize(
    ("one", "start"),
    [
        (verdict(), f"face in {FACE}: pixelate:block=8, in {FACE}, kept as 8bit"),
        (verdict(is_face=False), f"hidden part in {FACE}, taken for a whole face: pixelate"),
        (verdict(risk=None, is_face=False), f"hidden part in {FACE}: pixelate"),
        (replace(verdict(), operator=Solid()), f"face in {FACE}: one colour. Words."),
    ],
)
def test_a_verdict_in_words(one, start):
    assert str(one).startswith(start)
    assert str(one).endswith(". Words.")


def test_a_verdict_as_a_row_is_rounded_to_four_digits():
    row = verdict().as_row()
    assert [row[name] for name in ("risk", "risk_low", "risk_high")] == [0.1235, 0.02, 0.3]
    assert (row["attacker"], row["operator"], row["box"]) == (
        "fused",
        "pixelate:block=8",
        str(FACE),
    )
    assert row["verdict"] == "Words."
    none = verdict(risk=None).as_row()
    assert {none[name] for name in ("risk", "risk_low", "risk_high", "attacker")} == {None}


@pytest.mark.parametrize(("width", "thick"), [(300, 2), (899, 2), (900, 3)])
@pytest.mark.parametrize(
    ("risk", "colour"),
    [
        (None, GREY),
        (KNOWN, RED),
        (replace(KNOWN, high=0.05), GREEN),
        (replace(KNOWN, high=0.051), RED),
    ],
)
def test_a_box_is_drawn_around_a_face_inside_its_border(width, thick, risk, colour):
    photo = Photo(np.full((200, width, 3), 7, np.uint8))
    drawn = draw_verdicts(photo, [verdict(risk=risk)], 0.05).rgb
    row = drawn[100]
    ours = [column for column in range(width) if tuple(row[column].tolist()) == colour]
    sides = [*range(40, 40 + thick), *range(140 - thick, 140)]
    assert ours == sides
    down = [line for line in range(200) if tuple(drawn[line, 90].tolist()) == colour]
    assert {50, 149} <= set(down) <= set(range(50, 150))
    assert (photo.rgb == 7).all()


def half_hidden(share: float) -> list[Finding]:
    """Return a part over so much of the face."""
    return [replace(MOSAIC, box=Box(40, 50, 100, round(100 * share)))]


@pytest.mark.parametrize(
    ("finding", "share", "is_kept"),
    [
        (MOSAIC, 0.0, True), (MOSAIC, 0.05, False), (MOSAIC, 0.69, False),
        (MOSAIC, MIN_COVERED_SHARE, True), (MOSAIC, 1.0, True),
        (CLEAN, MIN_TOUCHED_SHARE, True), (CLEAN, 0.11, False), (CLEAN, 0.69, False),
        (CLEAN, MIN_COVERED_SHARE, True),
    ],
)  # fmt: skip
def test_of_a_face_that_is_hidden_in_part_no_risk_is_known(finding, share, is_kept):
    found = if_covered(verdict(finding), half_hidden(share), SHAPE)
    assert (found.risk is not None) == is_kept
    wanted = f"Hidden, cannot be measured: only {share:.0%} of the face is hidden."
    assert found.words == ("Words." if is_kept else wanted)


def test_parts_hide_their_boxes_or_masks_and_whole_pictures_none():
    mask = np.zeros(SHAPE, bool)
    mask[60:70, 50:60] = mask[0:5, 0:5] = True
    hidden = _hidden_by([replace(MOSAIC, mask=mask), replace(MOSAIC, box=None)], SHAPE)
    assert hidden.sum() == 100
    assert hidden[60:70, 50:60].all()
    both = _hidden_by([replace(MOSAIC, mask=mask), replace(MOSAIC, box=Box(0, 0, 9, 9))], SHAPE)
    assert both.sum() == 181
    whole = replace(MOSAIC, others=(replace(CLEAN, box=FACE), replace(MOSAIC, box=Box(0, 0, 9, 9))))
    assert [part.box for part in _parts(whole)] == [FACE, Box(0, 0, 9, 9)]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        (None, "its place must be told"),
        (Box(0, 0, MIN_FACE_PX - 1, 90), "smaller than a face"),
        (Box(0, 0, 90, MIN_FACE_PX - 1), "smaller than a face"),
        (Box(0, 0, MIN_FACE_PX, MIN_FACE_PX), None),
        (Box(0, 0, 100, 60), None),
        (Box(0, 0, 100, 59), "too low"),
        (Box(0, 0, 60, 100), None),
    ],
)
def test_a_part_is_a_whole_face_if_it_is_large_and_high_enough(box, reason):
    found = _why_no_face(replace(MOSAIC, box=box))
    assert found is None if reason is None else reason in found


def test_a_hidden_part_is_judged_as_a_face_as_wide_as_it_is():
    images = np.random.default_rng(0).random((1, 3, *SHAPE)).astype(np.float32)
    found = judge_part(images, MOSAIC, CURVES)
    assert found.risk == risk_of(Pixelate(8), 100, CURVES)
    assert (found.is_face, found.box) == (False, FACE)
    whole = judge_part(images, replace(MOSAIC, box=None), CURVES)
    assert (whole.box, whole.risk) == (Box(0, 0, 300, 200), None)


class Finder:
    """Stands in for the detector: faces in these boxes."""

    def __init__(self, *boxes: Box) -> None:
        self.boxes = boxes

    def find_boxes(self, rgb: np.ndarray) -> list[Box]:
        return list(self.boxes)


def noise(seed: int = 0) -> np.ndarray:
    """Return blocks of drawn colours, which look like nothing that was blurred."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (*SHAPE, 3)).astype(np.uint8)


def test_a_box_of_one_colour_has_the_risk_of_that():
    pixels = noise()
    pixels[FACE.place] = 90
    (found,) = audit_photo(Photo(pixels), [FACE], Finder(), CURVES, only=True)
    assert found.operator == Solid()
    assert found.risk == risk_of(Solid(), 100, CURVES)
    assert found.finding.confidence == 1


def test_what_is_stated_is_asked_of_the_told_faces_alone():
    """Noise on all of the picture: believed in a box of noise, not in one of a plain slope."""
    pixels = noise()
    other = Box(150, 50, 100, 100)
    pixels[other.place] = np.linspace(60, 190, 100).astype(np.uint8)[None, :, None]
    stated = Noise(204)
    bare = Finder(Box(0, 0, 30, 30))
    good, bad = audit_photo(Photo(pixels), [FACE, other], bare, CURVES, stated)
    assert good.warning is None
    assert good.risk == risk_of(stated, 100, CURVES)
    assert bad.warning == f"no {stated} is seen in {other}"
    assert bad.risk is None
    assert "it is not what is stated" in bad.words


def test_faces_are_told_found_or_neither():
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    with pytest.raises(NoFaceError):
        audit_photo(Photo(pixels), [], Finder(), CURVES)
    found = audit_photo(Photo(pixels), [Box(2, 2, 20, 20)], Finder(Box(30, 10, 20, 20)), CURVES)
    assert [one.box for one in found] == [Box(2, 2, 20, 20), Box(30, 10, 20, 20)]
    told = audit_photo(Photo(pixels), [Box(2, 2, 20, 20)], Finder(Box(3, 3, 18, 18)), CURVES)
    assert [one.box for one in told] == [Box(2, 2, 20, 20)]


def test_a_finding_of_the_whole_picture_is_that_of_its_faces():
    image = noise().transpose(2, 0, 1)[None] / np.float32(255)
    subject = subject_of(image, EIGHT_BIT, read_prior())
    whole = replace(MOSAIC, box=None)
    found = _judge(subject, FACE, (whole, None), CURVES, None, expects_hidden=True)
    assert found.finding == whole
    assert found.risk == risk_of(Pixelate(8), 100, CURVES)
    warned = _judge(subject, FACE, (whole, "it is not"), CURVES, Pixelate(8), expects_hidden=True)
    assert (warned.risk, warned.warning) == (None, "it is not")


def test_a_cover_lies_where_its_mask_is_and_nowhere_else():
    images = np.full((1, 3, 30, 40), 0.5, np.float32)
    mask = np.zeros((30, 40), np.float32)
    mask[5:12, 7:20] = 0.3
    mask[8, 9] = 0
    done = cover_masked(images, mask, "solid")
    assert (done[..., mask > 0] == 0).all()
    assert (done[..., mask == 0] == 0.5).all()
    assert (images == 0.5).all()
    assert cover_masked(images, 0 * mask, "solid") is images
