"""JPEG files whose data end before their picture."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from unveil.errors import UnveilError
from unveil.images import jpeg
from unveil.images.photos import read_photo

WIDTH, HEIGHT = 256, 192


def encoded(image: Image.Image, **options: object) -> bytes:
    image.save(file := io.BytesIO(), "JPEG", **options)
    return file.getvalue()


def noise() -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3))
    return Image.fromarray(levels.astype(np.uint8))


def stated(content: bytes, width: int, height: int) -> bytes:
    """Return a JPEG file that says another size of itself."""
    place = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
    return content[: place + 5] + struct.pack(">HH", height, width) + content[place + 9 :]


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(
    "options",
    [
        {}, {"progressive": True}, {"quality": 1, "optimize": True, "subsampling": 2},
        {"quality": 1, "progressive": True, "optimize": True}, {"restart_marker_rows": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_white_picture_of_any_encoder_is_far_from_the_bound(mode, options, tmp_path):
    """The most pixels to a byte that a file of ours has are a quarter of the bound."""
    white = Image.new("RGB", (1024, 1024), "white").convert(mode)
    content = encoded(white, **options)
    assert jpeg.can_hold(content, 3 * white.width * white.height)
    (tmp_path / "white.jpg").write_bytes(content)
    assert read_photo(tmp_path / "white.jpg").rgb.min() >= 250


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=str)
def test_a_file_too_short_for_its_pixels_is_refused_before_they_are_decoded(options, tmp_path):
    (tmp_path / "lie.jpg").write_bytes(stated(encoded(noise(), **options), 13000, 13000))
    with pytest.raises(UnveilError, match=r"[0-9,]+ bytes are too few for 13000x13000 pixels"):
        read_photo(tmp_path / "lie.jpg")


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_rows": 2}], ids=str
)
@pytest.mark.parametrize("more_px", [16, 200, 2000])
def test_a_picture_whose_data_end_early_is_cut_short(options, more_px, tmp_path):
    whole = encoded(noise(), **options)
    (tmp_path / "long.jpg").write_bytes(stated(whole, WIDTH, HEIGHT + more_px))
    with pytest.raises(UnveilError, match="damaged or cut short"):
        read_photo(tmp_path / "long.jpg")
    (tmp_path / "whole.jpg").write_bytes(whole)
    assert read_photo(tmp_path / "whole.jpg").rgb.shape == (HEIGHT, WIDTH, 3)


def test_an_end_in_the_middle_of_the_data_is_one_of_a_picture_cut_short(tmp_path):
    whole = encoded(noise())
    (tmp_path / "ended.jpg").write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    with pytest.raises(UnveilError, match="damaged or cut short"):
        read_photo(tmp_path / "ended.jpg")


def test_a_picture_with_a_flat_corner_is_whole(tmp_path):
    image = noise()
    image.paste("gray", (100, 100, WIDTH, HEIGHT))
    for number, options in enumerate(({}, {"progressive": True}, {"restart_marker_rows": 1})):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(encoded(image, **options))
        assert read_photo(path).rgb[-1, -1].tolist() == pytest.approx([128] * 3, abs=3)
