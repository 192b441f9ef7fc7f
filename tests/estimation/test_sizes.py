"""Which operator, how strong, and which blurs are one, by examples on either side of a limit."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

from tests.estimation.test_rules import Seen, comb, opinion
from unveil.degradation import (
    AnisotropicGaussian,
    BoxBlur,
    Disk,
    GaussianBlur,
    Median,
    Motion,
    Pixelate,
    Solid,
    Storage,
    Unchanged,
    Window,
)
from unveil.degradation.kernels import spread_px
from unveil.estimation.anisotropic import _is_blur, _Shape
from unveil.estimation.blur import (
    _alike,
    _gaussian,
    _is_in,
    _sigmas_near,
    busiest,
    closer_guesses,
    first_guesses,
    taper,
)
from unveil.estimation.check import _is_alike
from unveil.estimation.features import WIDTH_PLACES, features
from unveil.estimation.finding import Finding
from unveil.estimation.plausible import about, blur_of, reach_px
from unveil.estimation.strengths import (
    _of_comb,
    operator_about,
    sized,
    strength_of,
    with_level,
    with_path,
)
from unveil.images.box import Box

EIGHT_BIT = Storage("8bit")


@pytest.mark.parametrize(
    ("kind", "strength", "operator"),
    [
        ("gaussian", 2.0, GaussianBlur(13, 2.0)), ("gaussian", 1.234, GaussianBlur(9, 1.23)),
        ("box", 3.9, BoxBlur(3)), ("box", 4.1, BoxBlur(5)), ("box", 0.5, BoxBlur(3)),
        ("disk", 3.456, Disk(3.46)), ("disk", 0.2, Disk(0.5)), ("median", 7.9, Median(7)),
        ("median", 9.2, Median(9)), ("motion", 9.0, Unchanged()),
    ],
)  # fmt: skip
def test_the_operator_of_a_kind_and_strength(kind, strength, operator):
    assert operator_about(kind, strength) == operator


@pytest.mark.parametrize(
    ("kind", "factor"),
    [("gaussian", 1), ("box", 12**0.5), ("disk", 2), ("median", 12**0.5), ("motion", 12**0.5)],
)
def test_a_strength_is_the_width_in_the_kinds_unit_within_90_percent(kind, factor):
    found = sized(kind, opinion(kind, math.log(3)), None, EIGHT_BIT, 0.8, Box(1, 2, 3, 4))
    assert found.strength_px == pytest.approx(3 * factor)
    reach = math.exp(math.exp(-2.0) * math.log(10))
    assert found.low_px == pytest.approx(3 * factor / reach, rel=1e-3)
    assert found.high_px == pytest.approx(3 * factor * reach, rel=1e-3)
    assert (found.confidence, found.box, found.is_exact) == (0.8, Box(1, 2, 3, 4), False)


def test_kinds_without_a_strength_say_so():
    plain = [
        sized(kind, opinion(kind), Seen(None), EIGHT_BIT, 0.8, None) for kind in ("solid", "other")
    ]
    assert (plain[0].operator, plain[0].reason) == (Solid(), "nothing is left to undo")
    assert (plain[1].operator, plain[1].reason) == (Unchanged(), "no known operator")
    assert plain[0].strength_px is plain[1].strength_px is None
    without = sized("mosaic", opinion("mosaic", math.log(9)), Seen(None), EIGHT_BIT, 0.8, None)
    assert without.strength_px == pytest.approx(9)
    assert sized(
        "mosaic", opinion("mosaic"), Seen(comb(7.5, 7.5)), EIGHT_BIT, 0.8, None
    ).pitch_px == (7.5, 7.5)


@pytest.mark.parametrize(
    ("across", "down", "block", "reason"),
    [(7.6, 7.6, 7, "not whole pixels"), (7.6, 7.9, 7, "not whole"), (7.6, 8.1, 7, "7.6 x 8.1 px"),
     (9.5, 4.2, 4, "9.5 x 4.2 px"), (0.5, 0.5, 1, "not whole")],
)  # fmt: skip
def test_a_mosaic_of_any_pitch_is_as_strong_as_its_shorter_side(across, down, block, reason):
    found = _of_comb(comb(across, down), EIGHT_BIT, 0.7, None)
    assert found.operator == Pixelate(block)
    assert found.strength_px == min(across, down)
    assert found.low_px == pytest.approx(0.98 * min(across, down))
    assert found.high_px == pytest.approx(1.02 * max(across, down))
    assert (found.pitch_px, found.phase_px) == ((across, down), (10.0, 20.0))
    assert reason in found.reason


def test_one_colour_has_the_brightness_of_most_of_its_pixels():
    pixels, mask = np.full((8, 8, 3), 200, np.uint8), np.zeros((8, 8), bool)
    mask[2:6, 2:6] = True
    pixels[mask] = 90
    pixels[2, 2:6] = 30
    assert with_level(Finding(Solid(), EIGHT_BIT, 0.9), pixels, mask).operator == Solid(90)


@pytest.mark.parametrize(
    ("operator", "wanted"),
    [
        (GaussianBlur(9, 2.0), ("gaussian", 2.0)), (BoxBlur(7), ("box", 7.0)),
        (Disk(2.5), ("disk", 2.5)), (AnisotropicGaussian(4.0, 1.0, 20.0), ("gaussian", 2.0)),
        (Window((1.0, 1.0)), ("gaussian", (2 / 3) ** 0.5)),
    ],
)  # fmt: skip
def test_kind_and_strength_of_a_blur(operator, wanted):
    kind, strength = strength_of(operator)
    assert (kind, strength) == (wanted[0], pytest.approx(wanted[1]))


def test_a_mosaic_has_no_strength_of_a_blur():
    with pytest.raises(TypeError):
        strength_of(Pixelate(8))


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [
        (GaussianBlur(9, 2.2), GaussianBlur(9, 2.0), True),
        (GaussianBlur(9, 2.6), GaussianBlur(9, 2.0), False),
        (GaussianBlur(21, 2.0), GaussianBlur(9, 2.0), False),
        (GaussianBlur(13, 2.0), GaussianBlur(9, 2.0), True),
        (GaussianBlur(15, 2.0), GaussianBlur(9, 2.0), False),
        (Unchanged(), GaussianBlur(9, 2.0), False), (Unchanged(), Unchanged(), True),
        (BoxBlur(5), BoxBlur(5), True), (BoxBlur(5), BoxBlur(7), False),
    ],
)  # fmt: skip
def test_fits_are_one_blur_up_to_their_errors(one, other, are_alike):
    assert _alike(one, other) == are_alike


@pytest.mark.parametrize(
    ("stated", "best", "are_alike"),
    [
        (GaussianBlur(13, 2.0), GaussianBlur(15, 2.4), True),
        (GaussianBlur(25, 4.0), GaussianBlur(31, 4.9), True),
        (GaussianBlur(25, 4.0), GaussianBlur(31, 5.2), False),
        (GaussianBlur(3, 0.4), Unchanged(), True),
        (GaussianBlur(13, 2.0), Unchanged(), False),
    ],
)  # fmt: skip
def test_blurs_spread_alike_within_a_quarter_or_half_a_pixel(stated, best, are_alike):
    assert _is_alike(best, stated) == are_alike


def test_guesses_go_from_mild_to_strong_and_closer_ones_lie_about_the_likeliest():
    found = first_guesses()
    assert found[0] == Unchanged()
    sigmas = [blur.sigma for blur in found if isinstance(blur, GaussianBlur)]
    assert (min(sigmas), max(sigmas)) == (0.5, pytest.approx(10))
    widest = {b.kernel for b in found if isinstance(b, GaussianBlur) and b.sigma == max(sigmas)}
    assert widest == {21, 31, 41, 51, 61, 81}  # they end at 1 to 4 sigmas
    boxes = [blur.kernel for blur in found if isinstance(blur, BoxBlur)]
    assert boxes == list(range(3, 34, 2))
    radii = [blur.radius for blur in found if isinstance(blur, Disk)]
    assert (radii[0], radii[-1], len(radii)) == (1.5, 16.0, 59)
    assert _gaussian(2.0, 4.4) == GaussianBlur(9, 2.0)
    assert _gaussian(0.5, 0.3) == GaussianBlur(3, 0.5)
    near = _sigmas_near(2.1)
    assert near[0] == 2.0
    assert near[1:] == [round(2.1 * (1 + step / 50), 4) for step in range(-5, 6)]
    assert _sigmas_near(0.1)[0] == 0.5
    told = {blur: -float(number) for number, blur in enumerate(found)}
    closer = closer_guesses(told | {Disk(3.0): 1.0, BoxBlur(9): 0.5, GaussianBlur(9, 2.0): 0.4})
    assert next(blur.kernel for blur in closer if isinstance(blur, BoxBlur)) == 9
    assert sum(isinstance(blur, BoxBlur) for blur in closer) == 3
    assert {Disk(2.8), Disk(3.0), Disk(3.2)} <= set(closer)
    assert Disk(3.25) not in closer
    kernels = {b.kernel for b in closer if isinstance(b, GaussianBlur) and abs(b.sigma - 2) < 0.01}
    assert {5, 7, 9, 11, 13} <= kernels


def test_widths_of_a_blur_are_standard_deviations_ends_included():
    box = spread_px(BoxBlur(5))
    assert _is_in(BoxBlur(5), (box, box))
    assert not _is_in(BoxBlur(5), (box + 0.01, 9))
    assert not _is_in(BoxBlur(5), (0, box - 0.01))
    assert _is_in(Unchanged(), (5, 9))


def test_the_busiest_part_is_of_256_pixels_and_fades_to_its_mean():
    image = np.full((1, 3, 300, 700), 0.5, np.float32)
    image[..., 100:200, 400:500] = np.random.default_rng(0).random((100, 100))
    part = busiest(image)
    assert part.shape == (1, 3, 256, 256)
    assert part.std() > 0.1
    small = image[..., :40, :30] + np.linspace(0, 0.1, 30, dtype=np.float32)
    assert busiest(small).shape == small.shape
    faded = taper(small)
    assert np.abs(faded[..., 0, :]).max() == np.abs(faded[..., -1]).max() == 0
    window = np.outer(np.hanning(40), np.hanning(30))
    mean = (small * window).sum(axis=(-2, -1), keepdims=True) / window.sum()
    np.testing.assert_allclose(
        faded, (small - mean) * window / np.sqrt((window**2).mean()), atol=1e-6
    )


@pytest.mark.parametrize(
    ("wide", "narrow", "is_one"),
    [(2.0, 1.5, True), (1.9, 1.5, False), (2.0, 0.8, True), (1.9, 0.8, False), (1.9, 0.9, True)],
)
def test_a_blur_of_two_widths_is_drawn_out_enough(wide, narrow, is_one):
    assert _is_blur(AnisotropicGaussian(wide, narrow, 10.0)) == is_one


def test_shapes_are_widths_and_an_angle_without_bounds():
    assert _Shape(2 * math.log(3)).operator == AnisotropicGaussian(3.0, 3.0, 0.0)
    assert _Shape(2 * math.log(2), math.log(2)).operator == AnisotropicGaussian(4.0, 1.0, 0.0)
    assert _Shape(2 * math.log(2), 0, math.log(2)).operator == AnisotropicGaussian(4.0, 1.0, 45.0)
    assert _Shape(20.0, 9.0).operator.sigma_x == 32
    assert _Shape(-9.0, 9.0).operator.sigma_y == 0.2
    near = _Shape(1.0, 0.5, 0.2).around(0.1)
    assert len(near) == 10
    assert [one.size for one in near] == [1.1, 0.9, *[1.0] * 8]
    steps = [math.hypot(one.along - 0.5, one.slanted - 0.2) for one in near[2:]]
    np.testing.assert_allclose(steps, 0.1)
    assert len({(round(one.along, 6), round(one.slanted, 6)) for one in near[2:]}) == 8


def test_what_a_stated_blur_may_have_been_is_about_as_wide():
    shares = {str(blur): share for share, blur in about(BoxBlur(9))}
    assert shares[str(BoxBlur(9))] == 0.85
    assert sum(shares.values()) == pytest.approx(1)
    assert len(shares) == 5
    widths = [spread_px(blur) for _, blur in about(GaussianBlur(25, 4.0))]
    np.testing.assert_allclose(widths, [4, 3.76, 4.24, 4, 4], rtol=0.02)
    assert about(Motion(9, 20.0)) == [(1.0, Motion(9, 20.0))]
    assert reach_px([(0.5, GaussianBlur(13, 2.0)), (0.3, BoxBlur(21)), (0.2, Unchanged())]) == 10
    assert blur_of("disk", 0.1) == Disk(0.5)
    assert blur_of("gaussian", 2.0) == GaussianBlur(13, 2.0)


def test_widths_stand_where_training_reads_them():
    """The likeliest log width of each kind, as the fits have it."""
    pixels = np.ascontiguousarray(data.astronaut()[20:120, 150:250])
    seen = features(pixels, np.ones((100, 100), bool), None)
    fits = {**seen.fits.kinds, "median": seen.fits.kinds["tailed"], "gaussian": seen.fits.gaussian}
    for kind, (place, unit) in WIDTH_PLACES.items():
        pitches = [axis.pitch_px for axis in (seen.comb.across, seen.comb.down)]
        wanted = np.log(pitches).mean() if kind == "mosaic" else fits[kind].log_width
        assert seen.values[place] * unit == pytest.approx(wanted, abs=1e-5), kind


def test_a_motion_has_its_angle_and_length():
    """Drawn by another filter: OpenCV's, of a line of 15 pixels at 0 and 90 degrees."""
    pixels = np.ascontiguousarray(data.astronaut()[20:140, 150:270])
    for angle in (0, 90):
        line = np.zeros((15, 15), np.float32)
        line[(7, slice(None)) if angle == 0 else (slice(None), 7)] = 1 / 15
        moved = cv2.filter2D(pixels, -1, line, borderType=cv2.BORDER_REFLECT_101)
        seen = features(moved, np.ones((120, 120), bool), None)
        rough = sized("motion", opinion("motion", math.log(4)), seen, EIGHT_BIT, 0.8, None)
        found = with_path(rough, moved, seen)
        assert found.strength_px == pytest.approx(15, rel=0.1)
        assert found.low_px == pytest.approx(0.85 * found.strength_px)
        assert found.high_px == pytest.approx(1.15 * found.strength_px)
        assert min(abs(found.angle_deg - angle), abs(found.angle_deg - angle - 180)) < 4
        assert found.operator == Motion(
            round(found.strength_px, 1), round(found.angle_deg, 1) % 180
        )
    unknown = replace(rough, low_px=None)
    assert with_path(unknown, moved, seen) is unknown
