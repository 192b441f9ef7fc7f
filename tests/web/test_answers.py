"""What the page says of a photo's hidden parts, without a browser."""

import pytest
from PIL import Image, ImageFilter
from skimage import data

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


def test_a_hidden_part_that_cannot_be_measured_says_why(tmp_path, portrait):
    path = kept(tmp_path, blurred(portrait, (120, 90, 320, 150)))
    answer = answers.judge(path, LIMIT, None)
    assert "Hidden, cannot be measured: it is too low to hide a whole face." in answer.words[0]
    assert answer.charts == []
