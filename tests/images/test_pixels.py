"""Arithmetic on pixels, over every value there is."""

import numpy as np

from unveil.auditing.photo import draw_verdicts
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.images.pixels import to_8bit

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
