"""`inspect` says what a picture went through, and nothing where nothing shows."""

import numpy as np

from tests.estimation.test_jpeg_history import kept
from tests.estimation.test_scaling import PILLOW, drawn, scaled
from unveil.degradation import GaussianBlur, Storage, Unchanged
from unveil.estimation.codec_history import CodecHistory
from unveil.estimation.finding import Finding
from unveil.estimation.history import History, look_back
from unveil.estimation.inspection import inspect, roughly
from unveil.estimation.jpeg_history import JpegHistory, find_jpeg
from unveil.estimation.noise import Noise
from unveil.linear.prior import read_prior


def test_inspect_tells_the_history():
    pixels = kept(scaled(drawn(), 1.55, PILLOW["lanczos"]), "JPEG", quality=95)
    image = pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255
    finding = inspect(image, Storage("8bit"), read_prior())
    assert finding.history is not None
    assert "scaled up by about 1.55 before" in str(finding)
    row = finding.as_row()["history"]
    assert abs(row["jpeg_quality"] - 95) <= 1
    assert row["jpeg_grid_px"] == [0, 0]
    assert abs(row["scaled"] - 1.55) < 0.01


def test_what_does_not_show_is_not_said():
    assert str(History(None, None, None)) == ""
    assert set(History(None, None, None).as_row().values()) == {None}
    assert str(History(None, None, Noise(1.9, (1.9,) * 4))) == ""
    assert str(History(None, 1.5, Noise(3.24, (3.24,) * 4))) == (
        "scaled up by about 1.50 before, noise 3.2 levels"
    )


def test_the_last_codec_is_said_unless_it_is_the_jpeg_that_is_told_already():
    jpeg, webp = CodecHistory("jpeg", 0.987654), CodecHistory("webp", 0.95)
    found = JpegHistory(75, 0, 0, 100.0)
    assert str(History(None, 1.5, None, webp)) == (
        "scaled up by about 1.50 before, went through WebP"
    )
    assert str(History(found, None, None, webp)) == "went through WebP"
    assert str(History(found, None, None, jpeg)) == ""
    assert str(History(None, None, None, jpeg)) == "went through JPEG"
    row = History(None, None, None, jpeg).as_row()
    assert (row["codec"], row["codec_chance"]) == ("jpeg", 0.988)


def test_inspect_tells_the_last_codec_of_a_png():
    pixels = kept(scaled(drawn(), 0.9, PILLOW["lanczos"]), "WEBP", quality=70)[3:, 1:]
    image = pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255
    finding = inspect(image, Storage("8bit"), read_prior())
    assert "went through WebP" in str(finding)


def test_a_mosaic_is_not_a_scaled_grid():
    pixels = scaled(drawn(), 1.55, PILLOW["lanczos"])
    jpeg = find_jpeg(pixels)
    assert look_back(pixels, jpeg, has_blocks=False).scaled is not None
    assert look_back(pixels, jpeg, has_blocks=True).scaled is None
    assert look_back(np.zeros((1, 1, 3), np.uint8), None, has_blocks=False) == History(*[None] * 3)


def test_a_drawing_has_no_noise_and_no_codec():
    """A page of text was said to have noise of 11 levels and to have gone through WebP."""
    page = np.full((480, 640, 3), 245, np.uint8)
    for top in range(40, 440, 24):
        for left in range(40, 600, 9):
            page[top : top + 12, left : left + 2] = 20
    assert look_back(page, None, has_blocks=False) == History(None, None, None)


def test_a_blur_that_was_scaled_since_is_known_roughly():
    """Undone exactly, one became 2 dB worse: its kernel is none of this grid."""
    eight_bit = Storage("8bit")
    exact = Finding(GaussianBlur(25, 4.0), eight_bit, 1.0, 0.05, None, "gaussian", 4.0, 3.9, 4.1)
    found = roughly(exact)
    assert exact.degradation is not None
    assert found.degradation is None
    assert (found.low_px, found.high_px) == (3.2, 5.0)
    clean = Finding(Unchanged(), eight_bit, 0.9, kind="none")
    assert roughly(clean) == clean
