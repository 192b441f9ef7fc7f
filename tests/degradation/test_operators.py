"""Laws of the operators in both libraries, and agreement of blurs with SciPy and OpenCV."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy import ndimage, stats

from tests.degradation.pictures import SIZES, images, others
from unveil.degradation import (
    AnisotropicGaussian,
    Disk,
    GaussianBlur,
    Motion,
    Pixelate,
    Sample,
    UnevenPixelate,
    Window,
)
from unveil.degradation.adjoints import adjoint
from unveil.degradation.kernels import gaussian_kernel, planar_kernel
from unveil.degradation.operators import (
    LARGE_PX,
    gaussian_blur,
    obfuscate,
)

BLURS = [
    GaussianBlur(),
    GaussianBlur(3, 0.5),
    GaussianBlur(31, 9.5),
    Window((4, 3, 1)),
    Window((1, 1), (3, 0, 2, 0.5)),
    Disk(3.3),
    AnisotropicGaussian(2.0, 0.7, 0),
    AnisotropicGaussian(3.0, 1.0, 30),
    Motion(5.5, 90),
    Motion(7.3, 35),
]
OPERATORS = [*BLURS, Pixelate(), Pixelate(1), Pixelate(5, 3, 2), Sample(4, 1, 3)]
OPERATORS += [UnevenPixelate(7.47, 4.5, left=0.3, top=2.1), UnevenPixelate(6)]


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
class TestLaws:
    def test_shape_and_type_are_kept(self, operator, size, apply):
        for dtype in (np.float32, np.float64):
            result = apply(images(*size, dtype), operator)
            assert result.shape == (2, 3, *size)
            assert result.dtype == dtype

    def test_its_input_is_not_changed(self, operator, size, library):
        x = library(images(*size))
        obfuscate(x, operator)
        np.testing.assert_array_equal(x, images(*size))

    def test_a_constant_image_is_left_alone(self, operator, size, apply):
        constant = np.full((1, 3, *size), 0.37)
        np.testing.assert_allclose(apply(constant, operator), constant)

    def test_the_range_is_kept(self, operator, size, apply):
        result = apply(images(*size).round(), operator)
        assert result.min() >= -1e-12
        assert result.max() <= 1 + 1e-12

    def test_it_is_linear(self, operator, size, apply):
        x, y = images(*size), images(*size)[::-1]
        both = apply(0.3 * x - 2 * y, operator)
        expected = 0.3 * apply(x, operator) - 2 * apply(y, operator)
        np.testing.assert_allclose(both, expected, atol=1e-12)

    def test_its_adjoint_gives_the_same_inner_products(self, operator, size, apply, library):
        """<A x, y> = <x, A* y>; the inner products of wide windows on small images, too."""
        x, y = images(*size), others(*size)
        carried_back = library.compute(lambda seen: adjoint(seen, operator), y)
        assert (apply(x, operator) * y).sum() == pytest.approx((x * carried_back).sum(), rel=1e-12)
        assert carried_back.dtype == y.dtype

    def test_its_gradient_is_its_adjoint(self, operator, size):
        """<A x, y> = <x, A* y>, where backpropagation gives A* y."""
        torch = pytest.importorskip("torch")
        x, y = (torch.tensor(part) for part in (images(*size), others(*size)))
        inner = (obfuscate(x.requires_grad_(), operator) * y).sum()
        (gradient,) = torch.autograd.grad(inner, x)
        torch.testing.assert_close(gradient, adjoint(y, operator))

    def test_channels_and_images_do_not_mix(self, operator, size, apply):
        batch = images(*size)
        alone = np.stack([apply(one[None, None], operator)[0, 0] for one in batch[0]])
        np.testing.assert_allclose(apply(batch, operator)[0], alone, atol=1e-12)

    def test_how_pixels_lie_in_memory_makes_no_difference(self, operator, size, library):
        """Photos come with their channels last, and parts of photos with gaps."""
        x = np.ascontiguousarray(images(*size).transpose(0, 2, 3, 1))
        seen = library(x).transpose(1, 3) if library.name == "torch" else x.transpose(0, 3, 2, 1)
        laid_out = library(np.ascontiguousarray(x.transpose(0, 3, 2, 1)))
        np.testing.assert_allclose(
            obfuscate(seen, operator), obfuscate(laid_out, operator), atol=1e-12
        )
        gaps = (..., slice(1, None, 2), slice(None, None, 2))
        np.testing.assert_allclose(
            obfuscate(laid_out[gaps], operator),
            obfuscate(library(np.asarray(laid_out)[gaps].copy()), operator),
            atol=1e-12,
        )


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
def test_its_derivative_is_what_differences_say(operator):
    """Training obfuscates inside the network's loss."""
    torch = pytest.importorskip("torch")
    x = torch.tensor(images(9, 7)[:1, :1], requires_grad=True)
    assert torch.autograd.gradcheck(lambda images: obfuscate(images, operator), x)


@pytest.mark.parametrize("axis", [-1, -2])
@pytest.mark.parametrize("operator", [*BLURS, Pixelate(), Pixelate(1), Pixelate(5)], ids=str)
def test_it_commutes_with_flips_where_the_blocks_divide(operator, axis, apply):
    """But for a turned Gaussian and a line, which are turned the other way then."""
    batch, other = images(120, 80), operator
    if isinstance(operator, AnisotropicGaussian):
        other = replace(operator, angle_degrees=-operator.angle_degrees)
    if isinstance(operator, Motion):
        other = replace(operator, angle=180 - operator.angle)
    flipped = apply(np.flip(batch, axis), other)
    np.testing.assert_allclose(flipped, np.flip(apply(batch, operator), axis), atol=1e-12)


@pytest.mark.parametrize(("kernel", "sigma"), [(1, 1.0), (9, 4.0), (31, 2.5)])
def test_the_kernel_sums_to_one_and_is_symmetric(kernel, sigma):
    weights = gaussian_kernel(kernel, sigma)
    assert weights.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(weights, weights[::-1])
    if kernel > 1:
        assert (np.diff(weights)[: kernel // 2] > 0).all()


def test_two_wide_blurs_are_one_of_the_summed_variance(apply):
    """Holds up to the truncation of the windows, here at more than 6 sigma."""
    batch = images(80, 80)
    twice = apply(apply(batch, GaussianBlur(41, 3.0)), GaussianBlur(41, 2.0))
    once = apply(batch, GaussianBlur(61, 13**0.5))
    inner = (..., slice(25, -25), slice(25, -25))
    np.testing.assert_allclose(twice[inner], once[inner], atol=2e-4)


def test_the_blur_is_self_adjoint_away_from_the_border(apply):
    x, y = np.zeros((2, 1, 3, 60, 60))
    x[..., 10:-10, 10:-10], y[..., 10:-10, 10:-10] = images(40, 40)[:1], images(40, 40)[1:]
    left, right = (apply(x, GaussianBlur()) * y).sum(), (x * apply(y, GaussianBlur())).sum()
    assert left == pytest.approx(right)


@pytest.mark.parametrize(("kernel", "sigma"), [(9, 4.0), (3, 0.8), (21, 3.3)])
class TestBlurAgrees:
    def test_with_scipy_at_any_size(self, kernel, sigma, apply):
        for size in SIZES:
            x = expected = images(*size)
            for axis in (2, 3):
                expected = ndimage.gaussian_filter1d(
                    expected, sigma, axis=axis, mode="mirror", radius=kernel // 2
                )
            blurred = apply(x, GaussianBlur(kernel, sigma))
            np.testing.assert_allclose(blurred, expected, atol=1e-12)

    def test_with_opencv(self, kernel, sigma, apply):
        x = images(37, 50)
        expected = cv2.GaussianBlur(
            np.ascontiguousarray(x[0].transpose(1, 2, 0)),
            (kernel, kernel),
            sigma,
            borderType=cv2.BORDER_REFLECT_101,
        )
        blurred = apply(x, GaussianBlur(kernel, sigma))[0].transpose(1, 2, 0)
        np.testing.assert_allclose(blurred, expected, atol=1e-12)

    def test_with_torchvision(self, kernel, sigma, apply):
        torch = pytest.importorskip("torch")
        tv = pytest.importorskip("torchvision.transforms.v2.functional")
        x = images(37, 50, np.float32)
        expected = tv.gaussian_blur(torch.from_numpy(x), [kernel, kernel], [sigma, sigma])
        blurred = apply(x, GaussianBlur(kernel, sigma))
        np.testing.assert_allclose(blurred, expected, atol=2e-6)


@pytest.mark.parametrize("sigma", [0.3, 1.12, 2.0, 3.3, 10.0])
class TestWholeGaussian:
    def test_it_is_scipys_default(self, sigma, apply):
        for size in SIZES:
            x = images(*size)
            expected = ndimage.gaussian_filter(x, sigma, axes=(2, 3), mode="mirror")
            whole = apply(x, GaussianBlur(sigma=sigma))
            np.testing.assert_allclose(whole, expected, atol=1e-12)

    def test_it_is_opencvs_of_floats(self, sigma, apply):
        """OpenCV ends the kernel near 4 sigma, too, at times a pixel further."""
        x = images(37, 50)
        pixels = np.ascontiguousarray(x[0].transpose(1, 2, 0))
        expected = cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
        blurred = apply(x, GaussianBlur(sigma=sigma))[0].transpose(1, 2, 0)
        np.testing.assert_allclose(blurred, expected, atol=0.04 / 255)

    def test_what_lies_beyond_is_not_seen(self, sigma, apply):
        x = images(112, 112).round()
        beyond = apply(x, GaussianBlur(2 * math.ceil(9 * sigma) + 1, sigma))
        whole = apply(x, GaussianBlur(sigma=sigma))
        np.testing.assert_allclose(whole, beyond, atol=0.04 / 255)


@pytest.mark.parametrize("operator", [GaussianBlur(9, 4.0), Window((4, 3, 1), (1, 0.5, 0))])
def test_large_pictures_are_blurred_the_same(operator, apply):
    """In torch they take another way: the same numbers as those of float64, which do not."""
    x = images(LARGE_PX // 700 + 1, 700, np.float32)
    expected = apply(x.astype(np.float64), operator)
    np.testing.assert_allclose(apply(x, operator), expected, atol=1e-6)
    assert apply(x, operator).dtype == np.float32


def test_a_window_agrees_with_scipy_along_each_axis(apply):
    window = Window((4, 3, 1), (1, 0.5))
    across, down = np.array([1, 3, 4, 3, 1]) / 12, np.array([0.5, 1, 0.5]) / 2
    for size in SIZES:
        x = images(*size)
        rows = ndimage.correlate1d(x, across, axis=3, mode="mirror")
        expected = ndimage.correlate1d(rows, down, axis=2, mode="mirror")
        np.testing.assert_allclose(apply(x, window), expected, atol=1e-12)


def disk_by_counting(radius: float, kernel: int, fine: int = 101) -> np.ndarray:
    """Return the share of ``fine`` x ``fine`` points in each pixel that are inside the disk."""
    place = (np.arange(kernel * fine) + 0.5) / fine - kernel / 2
    inside = place[:, None] ** 2 + place**2 <= radius**2
    return inside.reshape(kernel, fine, kernel, fine).mean(axis=(1, 3))


@pytest.mark.parametrize("radius", [0.3, 0.5, 0.51, 1.0, 2.75, 5.0, 13.2])
class TestDisk:
    def test_each_weight_is_the_area_inside(self, radius):
        weights = planar_kernel(Disk(radius))
        counted = disk_by_counting(radius, len(weights))
        # A pixel that the edge crosses is counted to a fraction of its rows.
        np.testing.assert_allclose(weights * math.pi * radius**2, counted, atol=6e-3)
        assert weights.sum() == pytest.approx(1, abs=1e-14)

    def test_no_light_falls_beyond_the_window(self, radius):
        """The areas before they are made to sum to 1: a whole pixel's is 1."""
        weights, middle = planar_kernel(Disk(radius)), Disk(radius).kernel // 2
        if radius > 1:
            assert weights[middle, middle] == pytest.approx(1 / (math.pi * radius**2))
        if radius > 0.5:
            assert weights[0].sum() > 0

    def test_scipy_convolves_the_same(self, radius, apply):
        weights = planar_kernel(Disk(radius))
        for size in SIZES:
            x = images(*size)
            expected = ndimage.convolve(x, weights[None, None], mode="mirror")
            np.testing.assert_allclose(apply(x, Disk(radius)), expected, atol=1e-12)


@pytest.mark.parametrize("operator", [AnisotropicGaussian(3.0, 1.0, 30), AnisotropicGaussian(1, 2)])
def test_a_turned_gaussian_is_scipys_density(operator, apply):
    angle, reach = math.radians(operator.angle_degrees), operator.kernel // 2
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    spread = turn.T @ np.diag([operator.sigma_x**2, operator.sigma_y**2]) @ turn
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    # Rows count downwards, angles upwards.
    density = stats.multivariate_normal([0, 0], spread).pdf(np.dstack([x, -y]))
    batch = images(37, 50)
    expected = ndimage.convolve(batch, (density / density.sum())[None, None], mode="mirror")
    np.testing.assert_allclose(apply(batch, operator), expected, atol=1e-12)


def test_a_gaussian_of_one_width_is_the_gaussian(library):
    batch = images(37, 50)
    turned = library.compute(lambda x: obfuscate(x, AnisotropicGaussian(2.0, 2.0, 77)), batch)
    # Its window is a square, as is that of the separable one.
    straight = library.compute(lambda x: gaussian_blur(x, 17, 2.0), batch)
    np.testing.assert_allclose(turned, straight)


def test_turning_the_picture_turns_the_blur(apply):
    batch = images(40, 40)
    turned = apply(np.rot90(batch, 1, (-2, -1)), AnisotropicGaussian(3, 1, 20 + 90))
    expected = np.rot90(apply(batch, AnisotropicGaussian(3, 1, 20)), 1, (-2, -1))
    np.testing.assert_allclose(turned, expected)


def test_angles_count_counter_clockwise_from_the_rows(apply):
    """A point is drawn out along the rising diagonal at 45 degrees."""
    point = np.zeros((1, 1, 41, 41))
    point[..., 20, 20] = 1
    drawn_out = apply(point, AnisotropicGaussian(4, 1, 45))[0, 0]
    assert drawn_out[15, 25] > 10 * drawn_out[25, 25]


def line_by_counting(operator: Motion, fine: int = 400) -> np.ndarray:
    """Return the share of ``fine`` x ``fine`` points in each pixel that are on the line."""
    turn, reach = math.radians(operator.angle), operator.kernel // 2
    weights = np.empty((operator.kernel, operator.kernel))
    points = (np.arange(fine) + 0.5) / fine - 0.5
    for row in range(-reach, reach + 1):
        for column in range(-reach, reach + 1):
            x, y = points + column, points[:, None] + row
            along = np.abs(x * math.cos(turn) + y * math.sin(turn)) <= operator.length / 2
            aside = np.abs(y * math.cos(turn) - x * math.sin(turn)) <= 0.5
            weights[row + reach, column + reach] = (along & aside).mean()
    return weights


def along_and_aside(operator: Motion) -> tuple[float, float]:
    """Return the variances of a kernel along its line and across it, in square pixels."""
    weights, turn = planar_kernel(operator), math.radians(operator.angle)
    place = np.arange(len(weights)) - len(weights) // 2
    x, y = np.meshgrid(place, place)
    along, aside = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    return float((weights * along**2).sum()), float((weights * aside**2).sum())


@pytest.mark.parametrize("angle", [0, 1, 22.5, 45, 60, 90, 135, 179.9])
@pytest.mark.parametrize("length", [1, 1.5, 2, 7.3, 15, 40.4])
class TestMotion:
    def test_each_weight_is_the_area_of_the_line(self, length, angle):
        operator = Motion(length, angle)
        weights = planar_kernel(operator)
        np.testing.assert_allclose(weights * length, line_by_counting(operator), atol=3e-3)
        assert weights.sum() == pytest.approx(1, abs=1e-14)
        assert length == 1 or max(weights[0].sum(), weights[:, 0].sum()) > 0  # no wider than needed

    def test_a_half_turn_leaves_it_unchanged(self, length, angle):
        weights = planar_kernel(Motion(length, angle))
        np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-14)

    def test_its_variance_is_the_lines(self, length, angle):
        """Neither a length nor an angle is favoured: pixels add less than a sixth, if anything."""
        along, aside = along_and_aside(Motion(length, angle))
        assert -1 / 12 - 1e-9 <= along - length**2 / 12 <= 1 / 6 + 1e-9
        assert 0 <= aside < 0.25

    def test_scipy_convolves_the_same(self, length, angle, apply):
        operator = Motion(length, angle)
        for size in SIZES[1:]:
            x = images(*size)
            expected = ndimage.convolve(x, planar_kernel(operator)[None, None], mode="mirror")
            np.testing.assert_allclose(apply(x, operator), expected, atol=1e-12)


@pytest.mark.parametrize("length", [1, 5, 9])
def test_along_a_row_a_motion_is_a_box(length, apply):
    batch, box = images(37, 50), (1.0,) * (length // 2 + 1)
    across, down = Window(box, (1,)), Window((1,), box)
    np.testing.assert_allclose(apply(batch, Motion(length)), apply(batch, across), atol=1e-12)
    np.testing.assert_allclose(apply(batch, Motion(length, 90)), apply(batch, down), atol=1e-12)


def test_a_motions_angle_counts_from_the_right_down_the_screen(apply):
    point = np.zeros((1, 1, 41, 41))
    point[..., 20, 20] = 1
    drawn_out = apply(point, Motion(21, 45))[0, 0]
    assert drawn_out[25, 25] > 0.03
    assert drawn_out[15, 25] == pytest.approx(0, abs=1e-9)
    steep = apply(point, Motion(21, 70))[0, 0]
    assert steep[28, 23] > 0.03


def test_the_longest_motion_fits_its_window():
    for angle in (0, 0.05, 45, 90):
        operator = Motion(1022, angle)
        assert operator.kernel <= 1023
        assert planar_kernel(operator).sum() == pytest.approx(1)
    along, _ = along_and_aside(Motion(1022, 30))
    assert along == pytest.approx(1022**2 / 12, rel=1e-6)
