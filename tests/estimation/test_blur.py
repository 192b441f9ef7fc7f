"""Which part of a large photo the estimate looks at, and which of likely blurs it takes."""

import numpy as np

from unveil.degradation import BoxBlur, Disk, GaussianBlur, Storage, Unchanged
from unveil.estimation.blur import (
    MAX_PART_PX,
    MIN_JPEG_RADIUS_PX,
    TIE_LOG_ODDS,
    _alike,
    _cautious,
    _without_faint_disks,
    busiest,
)


def test_the_busiest_part_is_where_colours_vary_even_at_one_brightness():
    image = np.random.default_rng(0).normal(0.5, 0.1, (1, 1, MAX_PART_PX, 2 * MAX_PART_PX))
    image = np.repeat(image.astype(np.float32), 3, axis=1)
    red, blue = image[:, 0, :, MAX_PART_PX:], image[:, 2, :, MAX_PART_PX:]
    image[:, 1, :, MAX_PART_PX:] = 0.5
    red[:] = 0.5 + 2 * (red - 0.5)
    blue[:] = 1 - red
    assert np.array_equal(busiest(image), image[..., MAX_PART_PX:])


def gaussian(sigma: float) -> GaussianBlur:
    return GaussianBlur(2 * round(3 * sigma) + 1, sigma)


def test_of_gaussians_as_likely_a_round_one_is_taken_if_it_is_hardly_wider():
    tie = 1.0 - TIE_LOG_ODDS / 2
    likeliest, narrow, wide = gaussian(2.03), gaussian(1.98), gaussian(2.5)
    assert _cautious({likeliest: 1.0, narrow: tie, gaussian(2.0): tie}) == gaussian(2.0)
    assert _cautious({likeliest: 1.0, narrow: tie, wide: tie}) == narrow
    assert _cautious({likeliest: 1.0, narrow: 0.9, gaussian(2.0): 0.9}) == likeliest
    assert _cautious({BoxBlur(5): 1.0, gaussian(2.0): tie}) == BoxBlur(5)


def test_a_disk_is_taken_where_it_is_clearly_likelier_or_large_in_a_jpeg():
    small, large, other = Disk(2.0), Disk(MIN_JPEG_RADIUS_PX), Unchanged()
    exact, jpeg = Storage("8bit"), Storage("jpeg", 90)
    for found, storage, stays in (
        ({small: 1.1, other: 1.0}, exact, True),
        ({small: 1.01, other: 1.0}, exact, False),
        ({small: 1.1, other: 1.0}, jpeg, False),
        ({large: 1.01, other: 1.0}, jpeg, True),
        ({large: 1.0, other: 1.01}, jpeg, False),
    ):
        kept = _without_faint_disks(dict(found), storage)
        assert kept == (found if stays else {other: found[other]})


def test_blurs_are_alike_up_to_the_errors_of_fitting():
    wide = GaussianBlur(31, 5.0)
    for other, alike in (
        (wide, True),
        (GaussianBlur(29, 5.0), True),
        (GaussianBlur(31, 5.1), True),
        (GaussianBlur(31, 8.0), False),
        (GaussianBlur(13, 5.0), False),
        (Unchanged(), False),
    ):
        assert _alike(wide, other) == alike, other
    assert _alike(Unchanged(), Unchanged())
