"""What the page says of a photo's hidden parts, without a browser."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from unveil.degradation import Disk
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.images.box import Box
from unveil.images.masks import paint_mask
from unveil.restoration.realism import LABEL
from unveil.web import answers

LIMIT = 1_000_000


@pytest.fixture
def portrait():
    return Image.fromarray(data.astronaut())


def kept(folder, picture):
    picture.save(folder / "photo.png")
    return folder / "photo.png"


def blurred(portrait, *places):
    """Return the portrait with parts, each left, top, right, bottom, blurred by themselves."""
    hidden = portrait.copy()
    for place in places:
        hidden.paste(portrait.crop(place).filter(ImageFilter.GaussianBlur(8)), place[:2])
    return hidden


def test_each_hidden_part_has_a_sentence_of_its_own(tmp_path, portrait):
    hidden = blurred(portrait, (165, 60, 290, 200), (360, 330, 490, 490))
    drawn, found = answers.find_hidden(kept(tmp_path, hidden), LIMIT)
    assert len(found.words) == 2
    assert all(words.startswith("Found: Gaussian blur, sigma ") for words in found.words)
    assert all("confidence" in words and "more part" not in words for words in found.words)
    assert drawn.width_px == 512


def test_where_nothing_can_be_told_the_reason_is_said(tmp_path):
    plain = Image.new("RGB", (64, 64), (200, 180, 160))
    _, found = answers.find_hidden(kept(tmp_path, plain), LIMIT)
    said = "Nothing hidden was found, but it cannot be ruled out: too plain to tell."
    assert found.words == [said]


@pytest.mark.parametrize("place", [Box(20, 400, 60, 60), Box(150, 60, 140, 140)])
def test_a_face_that_is_told_is_hidden_beside_those_that_are_found(tmp_path, portrait, place):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    answer = answers.hide_part(kept(tmp_path, portrait), LIMIT, None, place)
    count = 1 if place.width > 100 else 2  # the larger is about the face itself
    assert sum(words.startswith("Hidden with a drawn mosaic") for words in answer.words) == count
    assert answer.words[-1].startswith(f"{count} hidden; not seen are faces under ")
    assert "add them with the field Box." in answer.words[-1]
    after = Image.open(io.BytesIO(base64.b64decode(answer.download.partition(",")[2])))
    before, after = (np.asarray(picture.convert("RGB")) for picture in (portrait, after))
    for box in (place, Box(167, 67, 116, 116)):
        assert (before[box.place] != after[box.place]).mean() > 0.9


def test_a_hidden_part_that_cannot_be_measured_says_why(tmp_path, portrait):
    path = kept(tmp_path, blurred(portrait, (120, 90, 320, 150)))
    answer = answers.judge(path, LIMIT, None)
    assert "Hidden, cannot be measured: it is too low to hide a whole face." in answer.words[0]
    assert answer.charts == []


FACE = "48:225,90 225,110;"
"""A stroke of the brush over the portrait's face."""


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """The portrait, out of focus where the brush went, and the mask of it."""
    clean = data.astronaut()
    mask = paint_mask(FACE, *clean.shape[:2])
    images = clean.transpose(2, 0, 1)[None].astype(np.float32) / 255
    soft = (255 * obfuscate(images, Disk(5.0))[0].transpose(1, 2, 0)).round().astype(np.uint8)
    folder = tmp_path_factory.mktemp("painted")
    Image.fromarray(np.where(mask[..., None] > 0, soft, clean)).save(folder / "photo.png")
    Image.fromarray((255 * mask).astype(np.uint8)).save(folder / "mask.png")
    return folder


def picture(answer):
    return Image.open(io.BytesIO(base64.b64decode(answer.download.partition(",")[2])))


@pytest.mark.slow
def test_painted_or_chosen_a_mask_says_where_and_realism_is_labelled(painted):
    photo, blur = painted / "photo.png", Disk(5.0)
    faithful = answers.undo(photo, LIMIT, blur, None, FACE)
    chosen = answers.undo(photo, LIMIT, blur, None, "", painted / "mask.png")
    real = answers.undo(photo, LIMIT, blur, None, FACE, None, 1.0)
    assert faithful.download == chosen.download
    assert (faithful.label, real.label) == (None, LABEL)
    texts = [picture(answer).info.get("Description") for answer in (faithful, real)]
    assert texts == [None, LABEL]
    mask = np.asarray(Image.open(painted / "mask.png")) > 0
    before, after, made = (
        np.asarray(one).astype(int) for one in (Image.open(photo), picture(faithful), picture(real))
    )
    assert np.abs(after - before)[mask].max() > 8
    assert np.abs(made - after)[mask].max() > 1
    np.testing.assert_array_equal(after[~mask], before[~mask])
    np.testing.assert_array_equal(made[~mask], before[~mask])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((None, None, FACE), "a mask needs the operator"),
        ((Disk(5.0), Box(9, 9, 50, 50), FACE), "goes with no box"),
        ((Disk(5.0), None, "4:900,900;"), "the mask is black"),
        ((Disk(5.0), None, "none"), "cannot be read; clear it"),
        ((Disk(5.0), None, FACE, "mask.png"), "clear one of them"),
        ((Disk(5.0), None, "", "small.png"), "the mask has 20x10 pixels, the picture 512x512."),
        ((Disk(5.0), None, "", None, 1.5), "realism 1.5 must be between 0 and 1"),
    ],
)
def test_what_does_not_go_with_a_mask_is_one_line(painted, given, words):
    Image.new("L", (20, 10), 255).save(painted / "small.png")
    given = [painted / one if str(one).endswith(".png") else one for one in given]
    with pytest.raises(UsageError, match=words) as told:
        answers.undo(painted / "photo.png", LIMIT, *given)
    assert "\n" not in str(told.value)
