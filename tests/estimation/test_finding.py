"""What hides a picture, found from the picture: on scikit-image's photos and on drawn ones."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from tests.linear.test_linear import PRIOR, drawn
from unveil.degradation import (
    AnisotropicGaussian,
    BoxBlur,
    Degradation,
    Disk,
    GaussianBlur,
    Pixelate,
    Sample,
    Storage,
    Unchanged,
    parse_storage,
)
from unveil.degradation.degrade import degrade, store
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.estimation.blur import estimate_blur
from unveil.estimation.inspection import inspect
from unveil.estimation.mosaic import estimate_mosaic
from unveil.estimation.part import find_part
from unveil.images.arrays import to_array, to_photo
from unveil.images.box import Box, parse_box
from unveil.images.photos import Photo

EIGHT_BIT = Storage("8bit")


def photo(name: str, side: int | None = None) -> np.ndarray:
    """Return one of scikit-image's photos, or its upper left corner; grey ones in three planes."""
    pixels = np.atleast_3d(getattr(data, name)()[:side, :side])
    return to_array(Photo(np.broadcast_to(pixels, (*pixels.shape[:2], 3))))


def astronaut(side: int = 224) -> np.ndarray:
    return np.ascontiguousarray(photo("astronaut")[..., :side, 112 : 112 + side])


@pytest.mark.slow
@pytest.mark.parametrize(
    "blur",
    [GaussianBlur(9, 4.0), GaussianBlur(13, 2.0), GaussianBlur(25, 3.0), GaussianBlur(37, 6.0)],
    ids=str,
)
@pytest.mark.parametrize(("picture", "tolerance"), [("drawn", 0.1), ("astronaut", 0.11)])
def test_sigma_is_found(blur, picture, tolerance):
    """On one picture alone; how far off it is on faces is measured in results/blind.jsonl."""
    clean = astronaut() if picture == "astronaut" else drawn(1, 160, 160)
    found = estimate_blur(degrade(clean, Degradation(blur)), EIGHT_BIT, PRIOR, is_cut=False)
    assert isinstance(found.operator, GaussianBlur)
    assert found.operator.sigma == pytest.approx(blur.sigma, rel=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [5, 9, 15])
def test_a_box_is_found_exactly(kernel):
    obfuscated = degrade(astronaut(), Degradation(BoxBlur(kernel)))
    assert estimate_blur(obfuscated, EIGHT_BIT, PRIOR, is_cut=False).operator == BoxBlur(kernel)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("radius", "storage"),
    [(2.5, EIGHT_BIT), (5.3, EIGHT_BIT), (5.0, Storage("jpeg", 75))],
    ids=str,
)
def test_a_disks_rings_tell_its_radius(radius, storage):
    obfuscated = degrade(astronaut(), Degradation(Disk(radius), storage))
    found = estimate_blur(obfuscated, storage, PRIOR, is_cut=False).operator
    assert isinstance(found, Disk)
    assert found.radius == pytest.approx(radius, abs=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brick", "grass"])
def test_a_blurred_texture_is_no_disk(name):
    obfuscated = degrade(photo(name, 144), Degradation(GaussianBlur(13, 2.0)))
    found = estimate_blur(obfuscated, EIGHT_BIT, PRIOR, is_cut=False).operator
    assert isinstance(found, GaussianBlur)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blur", "storage", "error_px"),
    [
        (AnisotropicGaussian(4.0, 1.5, 30), EIGHT_BIT, 0.375),
        (AnisotropicGaussian(2.0, 1.0, 80), EIGHT_BIT, 0.25),
        (AnisotropicGaussian(3.0, 0.3, -60), EIGHT_BIT, 0.25),
        (AnisotropicGaussian(4.0, 1.5, -45), Storage("jpeg", 75), 0.375),
    ],
    ids=str,
)
def test_two_widths_and_their_angle_are_found(blur, storage, error_px):
    obfuscated = degrade(astronaut(), Degradation(blur, storage))
    found = estimate_blur(obfuscated, storage, PRIOR, is_cut=False).operator
    assert isinstance(found, AnisotropicGaussian)
    assert found.sigma_x == pytest.approx(blur.sigma_x, rel=0.15)
    assert found.sigma_y == pytest.approx(blur.sigma_y, abs=error_px)
    off_degrees = (found.angle_degrees - blur.angle_degrees + 90) % 180 - 90
    assert abs(off_degrees) < 7


@pytest.mark.slow
def test_the_studys_window_is_found_exactly():
    obfuscated = degrade(astronaut(), Degradation(GaussianBlur(9, 4.0)))
    found = estimate_blur(obfuscated, EIGHT_BIT, PRIOR, is_cut=False).operator
    assert found.kernel == 9


@pytest.mark.slow
def test_another_programs_blur_is_found_too():
    """Pillow's GaussianBlur, which is three boxes and repeats the border's pixels."""
    pixels = to_photo(astronaut()).rgb
    blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(3)))
    image = to_array(Photo(blurred))
    found = estimate_blur(image, EIGHT_BIT, PRIOR, is_cut=False).operator
    assert isinstance(found, GaussianBlur)
    assert found.sigma == pytest.approx(3, rel=0.12)


@pytest.mark.parametrize(
    "mosaic", [Pixelate(8), Pixelate(7, 3, 5), Pixelate(16, 1, 0), Sample(6, 2, 2)], ids=str
)
@pytest.mark.parametrize("storage", [EIGHT_BIT, Storage("jpeg", 75)], ids=str)
def test_a_mosaics_size_and_phase_are_found(mosaic, storage, library):
    obfuscated = degrade(astronaut(), Degradation(mosaic, storage))
    found = estimate_mosaic(library(obfuscated), PRIOR)
    assert found is not None
    assert (found.operator.block, found.operator.left, found.operator.top) == (
        *(mosaic.block, mosaic.left, mosaic.top),
    )


def test_means_and_samples_are_told_apart():
    for kind in (Pixelate, Sample):
        found = estimate_mosaic(degrade(astronaut(), Degradation(kind(6))), PRIOR)
        assert isinstance(found.operator, kind)


@pytest.mark.slow
@pytest.mark.parametrize("storage", [EIGHT_BIT, Storage("jpeg", 60)], ids=str)
@pytest.mark.parametrize("name", ["astronaut", "coffee", "cat", "rocket", "camera"])
def test_a_clean_photo_has_nothing(name, storage):
    kept = degrade(photo(name, 224), Degradation(GaussianBlur(1), storage))
    assert inspect(kept, storage, PRIOR).operator == Unchanged()


@pytest.mark.parametrize(
    "image",
    [np.zeros((1, 3, 64, 64)), np.ones((1, 3, 64, 64)), drawn(1, 40, 1), drawn(1, 5, 5)],
    ids=["black", "white", "1 pixel wide", "tiny"],
)
def test_pictures_that_say_nothing_end_in_none(image, library):
    picture = library(image.astype(np.float32))
    assert inspect(picture, EIGHT_BIT, PRIOR).operator == Unchanged()


def test_a_mosaicked_face_in_a_clean_photo_is_found_to_the_pixel(library):
    image = astronaut()
    box = Box(40, 24, 96, 88)
    part = obfuscate(image[..., *box.place], Pixelate(8))
    image[..., *box.place] = (part * 255).round() / 255
    found = inspect(library(image), EIGHT_BIT, PRIOR)
    assert found.operator == Pixelate(8)
    assert found.box == box


COMPRESSED = ("jpeg:85", "h264:crf=18", "h264:crf=28")


def shares(one: Box, other: Box) -> float:
    """Return the area that two boxes share over that of both."""
    whole = np.zeros((2, 600, 600), bool)
    whole[0][one.place] = whole[1][other.place] = True
    return whole.all(axis=0).sum() / whole.any(axis=0).sum()


@pytest.mark.parametrize("block", [8, 12, 24])
@pytest.mark.parametrize("storage", COMPRESSED)
@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_a_mosaic_is_found_in_photos_that_were_compressed_after_it(name, storage, block):
    image = photo(name)
    box = Box(150, 40, 144 // block * block, 144 // block * block)
    image[..., *box.place] = obfuscate(image[..., *box.place], Pixelate(block))
    kept = parse_storage(storage)
    found = find_part(store(image, kept), kept, PRIOR)
    assert found.operator == Pixelate(block)
    assert shares(found.box, box) > 0.9


@pytest.mark.parametrize("storage", ["8bit", "jpeg:30", *COMPRESSED])
@pytest.mark.parametrize("name", ["astronaut", "coffee", "cat", "rocket", "brick", "page", "text"])
def test_no_mosaic_is_seen_in_what_compression_does(name, storage):
    kept = parse_storage(storage)
    assert find_part(store(photo(name), kept), kept, PRIOR) is None


def test_a_box_tells_where_to_look(library):
    image = astronaut()
    box = Box(40, 24, 112, 112)
    image[..., *box.place] = degrade(image[..., *box.place], Degradation(GaussianBlur(25, 4.0)))
    found = inspect(library(image), EIGHT_BIT, PRIOR, box)
    assert found.box == box
    assert found.operator.sigma == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("box", [Box(-1, 0, 5, 5), Box(0, 0, 0, 5), Box(200, 200, 50, 10)], ids=str)
def test_boxes_outside_the_picture_are_refused(box):
    with pytest.raises(UsageError, match="not inside the picture of 224x224"):
        inspect(astronaut(), EIGHT_BIT, PRIOR, box)


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "1,2,3,4,5", ""])
def test_a_box_is_four_numbers(text):
    with pytest.raises(UsageError, match="X,Y,W,H"):
        parse_box(text)


def test_the_command_says_it_in_words_and_json(tmp_path, cli):
    obfuscated = degrade(astronaut(), Degradation(Pixelate(7, 2, 0)))
    pixels = to_photo(obfuscated).rgb
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=80)
    words = cli("inspect", tmp_path / "a.png")
    assert words.status == 0
    assert "pixelate:block=7,left=2,top=0" in words.out
    rows = [
        json.loads(cli("inspect", tmp_path / name, "--json").out) for name in ("a.png", "a.jpg")
    ]
    assert {row["operator"] for row in rows} == {"pixelate:block=7,left=2,top=0"}
    assert [row["storage"] for row in rows] == ["8bit", "jpeg:80"]
    assert rows[0]["confidence"] > 0.99


FACE = Box(167, 66, 116, 116)


def test_a_face_that_was_found_is_as_likely_clean_as_not():
    image = photo("astronaut")
    kept = store(image, parse_storage("jpeg:95"))
    assert inspect(kept, parse_storage("jpeg:95"), PRIOR, FACE, expects_hidden=False).is_clean
    hidden = image.copy()
    hidden[..., *FACE.place] = obfuscate(image, GaussianBlur(19, 3.0))[..., *FACE.place]
    found = inspect(np.rint(hidden * 255) / 255, EIGHT_BIT, PRIOR, FACE, expects_hidden=False)
    assert not found.is_clean
    assert (
        found.confidence <= inspect(np.rint(hidden * 255) / 255, EIGHT_BIT, PRIOR, FACE).confidence
    )


def test_a_mosaic_is_found_in_all_of_a_picture_whose_middle_is_tried_first():
    large = np.repeat(np.repeat(photo("astronaut"), 3, axis=-2), 3, axis=-1)[..., :1300, :1200]
    hidden = np.rint(obfuscate(large, Pixelate(25)) * 255) / 255
    found = inspect(hidden, EIGHT_BIT, PRIOR)
    assert found.operator == Pixelate(25)
    assert found.box is None


@pytest.mark.parametrize("name", ["rocket", "camera"])
@pytest.mark.parametrize("block", [4, 5])
def test_small_averaged_blocks_of_sharp_photos_are_not_called_sampled(name, block):
    """OpenCV's means; they were called ``sample`` at 100 %, and restoring made them worse."""
    pixels = np.atleast_3d(getattr(data, name)())[:160, :200]
    small = cv2.resize(pixels, (200 // block, 160 // block), interpolation=cv2.INTER_AREA)
    mosaic = np.atleast_3d(cv2.resize(small, (200, 160), interpolation=cv2.INTER_NEAREST))
    found = inspect(to_array(Photo(np.broadcast_to(mosaic, (160, 200, 3)))), EIGHT_BIT, PRIOR)
    assert found.operator == Pixelate(block)
