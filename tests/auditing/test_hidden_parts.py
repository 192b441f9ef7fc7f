"""The audit of hidden parts of a photo: a verdict without --box, or why there is none."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.conftest import assert_told
from unveil.auditing.measured import risk_of, shipped_curves
from unveil.auditing.photo import Verdict, audit_photo, if_covered, judge_part
from unveil.degradation import GaussianBlur, Pixelate, Solid, Storage, Unchanged
from unveil.estimation.finding import Finding
from unveil.faces.finder import FaceFinder
from unveil.images.arrays import to_array
from unveil.images.box import Box
from unveil.images.photos import Photo

pytest.importorskip("dlib", reason="the extra audit is not installed")
data = pytest.importorskip("skimage.data")

EIGHT_BIT = Storage("8bit")
CURVES = shipped_curves()
FACE = Box(53, 65, 120, 120)
"""Where the face is in ``portrait``."""

CAT = Box(150, 60, 140, 140)


def portrait() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:224, 112:336])


def mosaicked(pixels: np.ndarray, box: Box, block: int) -> np.ndarray:
    pixels, across, down = pixels.copy(), box.width // block, box.height // block
    blocks = pixels[box.place].reshape(down, block, across, block, 3).mean(axis=(1, 3)).round()
    pixels[box.place] = blocks.repeat(block, axis=0).repeat(block, axis=1)
    return pixels


def blurred(pixels: np.ndarray, box: Box, shape: str, program: str) -> np.ndarray:
    """Return a photo whose part was cut from the same photo blurred by a real program."""
    if program == "pillow":
        soft = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(8))
    else:
        soft = Image.fromarray(cv2.GaussianBlur(pixels, (0, 0), 8))
    mask = Image.new("L", soft.size)
    corners = (box.left, box.top, box.left + box.width - 1, box.top + box.height - 1)
    pen = ImageDraw.Draw(mask)
    (pen.ellipse if shape == "ellipse" else pen.rectangle)(corners, fill=255)
    return np.asarray(Image.composite(soft, Image.fromarray(pixels), mask))


def audited(pixels: np.ndarray, boxes=()) -> list[Verdict]:
    return audit_photo(Photo(pixels), boxes, FaceFinder(), CURVES)


def overlap(one: Box, other: Box) -> float:
    marked = np.zeros((2, 600, 600), bool)
    marked[0][one.place] = marked[1][other.place] = True
    return marked.all(axis=0).sum() / marked.any(axis=0).sum()


@pytest.mark.slow
@pytest.mark.parametrize("program", ["pillow", "opencv"])
@pytest.mark.parametrize("shape", ["box", "ellipse"])
@pytest.mark.parametrize(("picture", "box"), [("face", FACE), ("cat", CAT)])
def test_a_blurred_part_is_judged_without_being_told_where_it_is(picture, box, shape, program):
    pixels = portrait() if picture == "face" else data.chelsea()
    verdicts = audited(blurred(pixels, box, shape, program))
    (verdict,) = (one for one in verdicts if overlap(one.box, box) > 0.6)
    # The finder sees a face in the cat's blanket, too, which nothing is claimed of.
    assert all(one is verdict or one.is_above(0) for one in verdicts)
    assert str(verdict).startswith(f"hidden part in {verdict.box}, taken for a whole face: ")
    truth = risk_of(GaussianBlur(49, 8.0), box.width, CURVES).share
    assert verdict.risk.share == pytest.approx(truth, abs=0.35)
    assert verdict.risk.high > truth, "the face is called safer than it is"


def test_hidden_parts_and_faces_are_all_judged():
    """The cat's face is behind a mosaic, the astronaut's is clean."""
    pixels = np.full((512, 963, 3), 128, np.uint8)
    pixels[:, :512] = data.astronaut()
    hidden = Box(656, 60, 144, 144)
    pixels[:300, 512:] = data.chelsea()
    part, face = audited(mosaicked(pixels, hidden, 16))
    assert (part.box, part.operator, part.is_face) == (hidden, Pixelate(16), False)
    assert part.risk == risk_of(Pixelate(16), 144, CURVES)
    assert face.is_face
    assert face.risk == risk_of(Unchanged(), face.box.width, CURVES)


def test_a_bar_over_the_eyes_is_not_measured():
    bar = Box(160, 96, 128, 32)
    verdicts = audited(mosaicked(data.astronaut(), bar, 8))
    assert bar in [verdict.box for verdict in verdicts]
    for verdict in verdicts:
        assert verdict.risk is None
        assert "Hidden, cannot be measured: " in str(verdict)


def test_a_told_face_of_which_a_part_is_hidden_is_not_measured():
    pixels = mosaicked(data.astronaut(), Box(160, 64, 128, 64), 16)
    (verdict,) = audited(pixels, [Box(160, 64, 128, 128)])
    assert verdict.risk is None or verdict.risk.share > 0.9


def test_a_hidden_photo_without_a_face_is_no_safe_one(tmp_path, cli):
    soft = Image.fromarray(data.astronaut()).filter(ImageFilter.GaussianBlur(12))
    soft.save(tmp_path / "soft.png")
    done = cli("audit", tmp_path / "soft.png", "--json", "--fail-above", "0.99")
    row = json.loads(done.out)
    assert row["risk"] is row["attacker"] is None
    assert row["verdict"].startswith("Hidden, cannot be measured: no face is seen in it")
    assert row["box"] == "0,0,512,512"
    assert done.status == 3
    assert done.err.splitlines()[-1].startswith("unveil: 1 face is above --fail-above")


def test_a_photo_that_says_nothing_names_the_reason(tmp_path, cli):
    Image.new("RGB", (60, 60), (90, 120, 150)).save(tmp_path / "plain.png")
    done = cli("audit", tmp_path / "plain.png")
    assert_told(done, 1, "plain.png: no face found (too plain to tell); say where")


# --- Findings made by hand -----------------------------------------------------------------

NOISE = to_array(Photo(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)))
PART = Box(50, 60, 120, 120)


def found(**values) -> Finding:
    stated = Finding(
        GaussianBlur(49, 8.0), EIGHT_BIT, 0.9, None, PART, "gaussian", 8.0, 6.0, 10.0,
        is_exact=False,
    )  # fmt: skip
    return replace(stated, **values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"operator": Unchanged(), "kind": "other", "reason": "odd"}, "odd"),
        ({"operator": Unchanged(), "kind": "other"}, "no curve"),
        ({"confidence": 0.4}, "in doubt"),
        ({"low_px": 0.5}, "may be milder"),
        ({"operator": Solid(), "kind": "solid"}, "not of one colour"),
        ({"box": Box(50, 60, 39, 120)}, "smaller than a face"),
        ({"box": Box(50, 60, 120, 60)}, "too low"),
        ({"box": None}, "no face is seen"),
    ],
)
def test_what_cannot_be_measured_is_said_to_be_hidden(values, reason):
    verdict = judge_part(NOISE, found(**values), CURVES)
    assert verdict.risk is None
    assert verdict.is_above(0.99)
    assert verdict.words.startswith("Hidden, cannot be measured: ")
    assert reason in verdict.words
    assert "taken for" not in str(verdict)


@pytest.mark.parametrize("with_mask", [True, False])
def test_one_colour_is_measured_where_it_is_one(with_mask):
    images, mask = NOISE.copy(), np.zeros((300, 300), bool)
    mask[PART.place] = True
    images[..., mask] = 0.1
    part = found(operator=Solid(), kind="solid", mask=mask if with_mask else None)
    assert judge_part(images, part, CURVES).risk == risk_of(Solid(), 120, CURVES)
    images[..., 60:100, 50:170] = NOISE[..., 60:100, 50:170]
    assert judge_part(images, part, CURVES).risk is None


@pytest.mark.parametrize(
    ("hidden", "is_measured"),
    [(PART, True), (Box(50, 60, 120, 100), True), (Box(50, 60, 120, 60), False)],
)
def test_a_face_has_to_be_hidden_for_the_most_part(hidden, is_measured):
    verdict = replace(judge_part(NOISE, found(), CURVES), is_face=True)
    mask = np.zeros((300, 300), bool)
    mask[hidden.place] = True
    for part in (found(box=hidden), found(mask=mask)):
        covered = if_covered(verdict, [part], (300, 300))
        assert (covered.risk is not None) == is_measured
        assert is_measured or "of the face is hidden" in covered.words
