"""Pixels as arrays: there and back, what stays on them, what breaks their contract."""

import numpy as np
import pytest

from unveil.auditing.photo import draw_verdicts
from unveil.degradation import Storage
from unveil.errors import UsageError
from unveil.images.arrays import (
    check_images,
    from_pixels,
    remember_storage,
    storage_of,
    to_array,
    to_photo,
)
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.images.pixels import to_8bit


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_every_level_survives_the_array_and_back(kind, library):
    levels = np.arange(np.iinfo(kind).max + 1, dtype=kind).reshape(16, -1)
    photo = Photo(np.dstack([levels] * 3), levels[::-1], grayscale=True, icc_profile=b"profile")
    array = to_array(photo)
    assert array.shape == (1, 3, *levels.shape)
    assert (array.dtype, array.min(), array.max()) == (np.float32, 0, 1)
    images = library(array)
    check_images(images)
    back = to_photo(images, photo)
    assert back.rgb.dtype == kind
    np.testing.assert_array_equal(back.rgb, photo.rgb)
    assert (back.alpha is photo.alpha, back.grayscale, back.icc_profile) == (True, True, b"profile")


def test_pixels_of_a_batch_are_shares_of_255(library):
    pixels = np.arange(256, dtype=np.uint8).reshape(2, 8, 16, 1).repeat(3, axis=3)
    images = library.compute(from_pixels, pixels)
    assert images.dtype == np.float32
    wanted = np.arange(256).reshape(2, 1, 8, 16).repeat(3, axis=1) / 255
    np.testing.assert_allclose(images, wanted, atol=1e-7)


def test_to_photo_rounds_and_clamps_and_leaves_its_input_alone(library):
    values = np.broadcast_to(np.array([-0.5, 0.4 / 255, 0.6 / 255, 2.0]), (1, 3, 2, 4))
    images = library(values)
    assert to_photo(images).rgb[0, :, 0].tolist() == [0, 0, 1, 255]
    np.testing.assert_array_equal(images, values)


def test_a_trained_tensor_becomes_a_photo_without_its_gradient():
    torch = pytest.importorskip("torch")
    images = torch.full((1, 3, 2, 2), 0.2, requires_grad=True)
    assert (to_photo(images).rgb == 51).all()


def test_how_a_file_kept_its_photo_stays_on_the_array_and_not_on_what_is_computed(library):
    kept, images = Storage("jpeg", 75), library(np.zeros((1, 3, 4, 4), np.float32))
    assert storage_of(images) == Storage("8bit")
    noted = remember_storage(images, kept)
    assert storage_of(noted) == kept
    for derived in (noted * 2, noted[..., 1:], noted + noted):
        assert storage_of(derived) == Storage("8bit")


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (np.zeros((3, 4, 4), np.float32), r"B x 3 x H x W, not \(3, 4, 4\)"),
        (np.zeros((1, 4, 4, 4), np.float32), "B x 3 x H x W"),
        (np.zeros((0, 3, 4, 4), np.float32), "B x 3 x H x W"),
        (np.zeros((1, 3, 4, 4)), "float32 .* not (torch.)?float64"),
        (np.zeros((1, 3, 4, 4), np.uint8), "float32 .* not (torch.)?uint8"),
        (np.full((1, 3, 4, 4), 255, np.float32), r"\[0,1\], not \[255, 255\]"),
        (np.full((1, 3, 4, 4), -0.01, np.float32), r"\[0,1\], not \[-0.01, -0.01\]"),
        (np.full((1, 3, 4, 4), np.nan, np.float32), r"\[0,1\], not \[nan, nan\]"),
    ],
    ids=["3 axes", "4 channels", "no image", "float64", "uint8", "255", "below 0", "NaN"],
)
def test_check_images_names_what_breaks_the_contract(images, reason, library):
    with pytest.raises(UsageError, match=reason):
        check_images(library(images))


LEVELS = np.arange(65536, dtype=np.uint16)
NEAREST = ((LEVELS.astype(int) + 128) // 257).astype(np.uint8)
"""By whole numbers: 257 is odd, so no value lies halfway between two levels."""


def test_all_16_bit_values_go_to_the_nearest_level():
    np.testing.assert_array_equal(to_8bit(LEVELS), NEAREST)


def test_8_bits_there_and_back_stay():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_8bit(levels.astype(np.uint16) * 257), levels)
    assert to_8bit(levels) is levels


def test_a_written_and_an_audited_photo_have_the_same_8_bits(tmp_path):
    photo = Photo(np.repeat(LEVELS.reshape(256, 256, 1), 3, axis=2))
    write_photo(photo, tmp_path / "photo.bmp")
    written = read_photo(tmp_path / "photo.bmp").rgb
    np.testing.assert_array_equal(written[..., 0], NEAREST.reshape(256, 256))
    np.testing.assert_array_equal(draw_verdicts(photo, [], 0.1).rgb, written)
