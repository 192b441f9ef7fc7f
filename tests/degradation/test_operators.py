"""Laws of the operators, and agreement with SciPy, OpenCV and torchvision."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from torchvision.transforms.v2 import functional as tv

from unveil.degradation import AnisotropicGaussian, Disk, GaussianBlur, Pixelate, Window
from unveil.degradation.kernels import gaussian_kernel, planar_kernel
from unveil.degradation.operators import (
    LARGE_PX,
    gaussian_blur,
    obfuscate,
    pixelate,
)

OPERATORS = [
    GaussianBlur(),
    GaussianBlur(3, 0.5),
    GaussianBlur(31, 9.5),
    Window((4, 3, 1)),
    Window((1, 1), (3, 0, 2, 0.5)),
    Disk(3.3),
    AnisotropicGaussian(2.0, 0.7, 0),
    AnisotropicGaussian(3.0, 1.0, 30),
    Pixelate(),
    Pixelate(1),
    Pixelate(5),
]
SIZES = [(112, 112), (37, 50), (8, 200), (2, 3)]


def images(height: int, width: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    return torch.rand(2, 3, height, width, generator=generator, dtype=dtype)


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
class TestLaws:
    def test_shape_and_type_are_kept(self, operator, size):
        for dtype in (torch.float32, torch.float64):
            result = obfuscate(images(*size, dtype), operator)
            assert result.shape == (2, 3, *size)
            assert result.dtype == dtype

    def test_a_constant_image_is_left_alone(self, operator, size):
        constant = torch.full((1, 3, *size), 0.37, dtype=torch.float64)
        torch.testing.assert_close(obfuscate(constant, operator), constant)

    def test_the_range_is_kept(self, operator, size):
        result = obfuscate(images(*size).round(), operator)
        assert result.min() >= -1e-12
        assert result.max() <= 1 + 1e-12

    def test_it_is_linear(self, operator, size):
        x, y = images(*size), images(*size).flip(0)
        both = obfuscate(0.3 * x - 2 * y, operator)
        torch.testing.assert_close(both, 0.3 * obfuscate(x, operator) - 2 * obfuscate(y, operator))

    def test_its_gradient_is_its_adjoint(self, operator, size):
        """<A x, y> = <x, A* y>, where backpropagation gives A* y."""
        x, y = images(*size).requires_grad_(), images(*size).flip(0)
        inner = (obfuscate(x, operator) * y).sum()
        (adjoint,) = torch.autograd.grad(inner, x)
        torch.testing.assert_close(inner, (x * adjoint).sum())

    def test_channels_and_images_do_not_mix(self, operator, size):
        batch = images(*size)
        alone = torch.stack([obfuscate(one[None, None], operator)[0, 0] for one in batch[0]])
        torch.testing.assert_close(obfuscate(batch, operator)[0], alone)


@pytest.mark.parametrize("dim", [-1, -2])
@pytest.mark.parametrize("operator", OPERATORS, ids=str)
def test_it_commutes_with_flips_where_the_blocks_divide(operator, dim):
    """But for a turned Gaussian, which is turned the other way then."""
    batch, other = images(120, 80), operator
    if isinstance(operator, AnisotropicGaussian):
        other = replace(operator, angle_degrees=-operator.angle_degrees)
    flipped = obfuscate(batch.flip(dim), other)
    torch.testing.assert_close(flipped, obfuscate(batch, operator).flip(dim))


@pytest.mark.parametrize(("kernel", "sigma"), [(1, 1.0), (9, 4.0), (31, 2.5)])
def test_the_kernel_sums_to_one_and_is_symmetric(kernel, sigma):
    weights = gaussian_kernel(kernel, sigma)
    assert weights.sum().item() == pytest.approx(1, abs=1e-15)
    torch.testing.assert_close(weights, weights.flip(0))
    if kernel > 1:
        assert (weights.diff()[: kernel // 2] > 0).all()


def test_two_wide_blurs_are_one_of_the_summed_variance():
    """Holds up to the truncation of the windows, here at more than 6 sigma."""
    batch = images(80, 80)
    twice = gaussian_blur(gaussian_blur(batch, 41, 3.0), 41, 2.0)
    once = gaussian_blur(batch, 61, 13**0.5)
    inner = (..., slice(25, -25), slice(25, -25))
    torch.testing.assert_close(twice[inner], once[inner], atol=2e-4, rtol=0)


def test_the_blur_is_self_adjoint_away_from_the_border():
    x, y = torch.zeros(2, 1, 3, 60, 60, dtype=torch.float64)
    x[..., 10:-10, 10:-10], y[..., 10:-10, 10:-10] = images(40, 40)[:1], images(40, 40)[1:]
    left, right = (gaussian_blur(x, 9, 4.0) * y).sum(), (x * gaussian_blur(y, 9, 4.0)).sum()
    torch.testing.assert_close(left, right)


@pytest.mark.parametrize(("kernel", "sigma"), [(9, 4.0), (3, 0.8), (21, 3.3)])
class TestBlurAgrees:
    def test_with_scipy_at_any_size(self, kernel, sigma):
        for size in SIZES:
            x = images(*size)
            expected = x.numpy()
            for axis in (2, 3):
                expected = ndimage.gaussian_filter1d(
                    expected, sigma, axis=axis, mode="mirror", radius=kernel // 2
                )
            np.testing.assert_allclose(gaussian_blur(x, kernel, sigma), expected, atol=1e-12)

    def test_with_opencv(self, kernel, sigma):
        x = images(37, 50)
        expected = cv2.GaussianBlur(
            x[0].permute(1, 2, 0).numpy(),
            (kernel, kernel),
            sigma,
            borderType=cv2.BORDER_REFLECT_101,
        )
        blurred = gaussian_blur(x, kernel, sigma)[0].permute(1, 2, 0)
        np.testing.assert_allclose(blurred, expected, atol=1e-12)

    def test_with_torchvision(self, kernel, sigma):
        x = images(37, 50, torch.float32)
        expected = tv.gaussian_blur(x, [kernel, kernel], [sigma, sigma])
        torch.testing.assert_close(gaussian_blur(x, kernel, sigma), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("sigma", [0.3, 1.12, 2.0, 3.3, 10.0])
class TestWholeGaussian:
    def test_it_is_scipys_default(self, sigma):
        for size in SIZES:
            x = images(*size)
            expected = ndimage.gaussian_filter(x.numpy(), sigma, axes=(2, 3), mode="mirror")
            np.testing.assert_allclose(
                obfuscate(x, GaussianBlur(sigma=sigma)), expected, atol=1e-12
            )

    def test_it_is_opencvs_of_floats(self, sigma):
        """OpenCV ends the kernel near 4 sigma, too, at times a pixel further."""
        x = images(37, 50)
        expected = cv2.GaussianBlur(
            x[0].permute(1, 2, 0).numpy(), (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101
        )
        blurred = obfuscate(x, GaussianBlur(sigma=sigma))[0].permute(1, 2, 0)
        np.testing.assert_allclose(blurred, expected, atol=0.04 / 255)

    def test_what_lies_beyond_is_not_seen(self, sigma):
        x = images(112, 112).round()
        beyond = obfuscate(x, GaussianBlur(2 * math.ceil(9 * sigma) + 1, sigma))
        whole = obfuscate(x, GaussianBlur(sigma=sigma))
        torch.testing.assert_close(whole, beyond, atol=0.04 / 255, rtol=0)


@pytest.mark.parametrize("operator", [GaussianBlur(9, 4.0), Window((4, 3, 1), (1, 0.5, 0))])
def test_large_pictures_are_blurred_the_same(operator):
    """They take another way: the same numbers as those of float64, which do not."""
    x = images(LARGE_PX // 700 + 1, 700, torch.float32)
    expected = obfuscate(x.double(), operator)
    torch.testing.assert_close(obfuscate(x, operator).double(), expected, atol=1e-6, rtol=0)
    assert obfuscate(x, operator).dtype == torch.float32


def test_a_window_agrees_with_scipy_along_each_axis():
    window = Window((4, 3, 1), (1, 0.5))
    across, down = np.array([1, 3, 4, 3, 1]) / 12, np.array([0.5, 1, 0.5]) / 2
    for size in SIZES:
        x = images(*size)
        rows = ndimage.correlate1d(x.numpy(), across, axis=3, mode="mirror")
        expected = ndimage.correlate1d(rows, down, axis=2, mode="mirror")
        np.testing.assert_allclose(obfuscate(x, window), expected, atol=1e-12)


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
        assert weights.sum().item() == pytest.approx(1, abs=1e-14)

    def test_no_light_falls_beyond_the_window(self, radius):
        """The areas before they are made to sum to 1: a whole pixel's is 1."""
        weights, middle = planar_kernel(Disk(radius)), Disk(radius).kernel // 2
        if radius > 1:
            assert weights[middle, middle].item() == pytest.approx(1 / (math.pi * radius**2))
        if radius > 0.5:
            assert weights[0].sum() > 0

    def test_scipy_convolves_the_same(self, radius):
        weights = planar_kernel(Disk(radius)).numpy()
        for size in SIZES:
            x = images(*size)
            expected = ndimage.convolve(x.numpy(), weights[None, None], mode="mirror")
            np.testing.assert_allclose(obfuscate(x, Disk(radius)), expected, atol=1e-12)


@pytest.mark.parametrize("operator", [AnisotropicGaussian(3.0, 1.0, 30), AnisotropicGaussian(1, 2)])
def test_a_turned_gaussian_is_scipys_density(operator):
    angle, reach = math.radians(operator.angle_degrees), operator.kernel // 2
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    spread = turn.T @ np.diag([operator.sigma_x**2, operator.sigma_y**2]) @ turn
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    # Rows count downwards, angles upwards.
    density = stats.multivariate_normal([0, 0], spread).pdf(np.dstack([x, -y]))
    batch = images(37, 50)
    expected = ndimage.convolve(batch.numpy(), (density / density.sum())[None, None], mode="mirror")
    np.testing.assert_allclose(obfuscate(batch, operator), expected, atol=1e-12)


def test_a_gaussian_of_one_width_is_the_gaussian():
    batch = images(37, 50)
    turned = obfuscate(batch, AnisotropicGaussian(2.0, 2.0, 77))
    # Its window is a square, as is that of the separable one.
    torch.testing.assert_close(turned, gaussian_blur(batch, 17, 2.0))


def test_turning_the_picture_turns_the_blur():
    batch = images(40, 40)
    turned = obfuscate(batch.rot90(1, (-2, -1)), AnisotropicGaussian(3, 1, 20 + 90))
    expected = obfuscate(batch, AnisotropicGaussian(3, 1, 20)).rot90(1, (-2, -1))
    torch.testing.assert_close(turned, expected)


def test_angles_count_counter_clockwise_from_the_rows():
    """A point is drawn out along the rising diagonal at 45 degrees."""
    point = torch.zeros(1, 1, 41, 41, dtype=torch.float64)
    point[..., 20, 20] = 1
    drawn_out = obfuscate(point, AnisotropicGaussian(4, 1, 45))[0, 0]
    assert drawn_out[15, 25] > 10 * drawn_out[25, 25]


@pytest.mark.parametrize("block", [1, 2, 5, 8, 200])
@pytest.mark.parametrize("size", SIZES, ids=str)
class TestPixelate:
    def test_every_block_is_its_mean(self, block, size):
        x = images(*size)
        mosaic = pixelate(x, block)
        for top in range(0, size[0], block):
            for left in range(0, size[1], block):
                place = (..., slice(top, top + block), slice(left, left + block))
                expected = x[place].mean(dim=(-1, -2), keepdim=True).expand_as(x[place])
                torch.testing.assert_close(mosaic[place], expected)

    def test_twice_is_once(self, block, size):
        once = pixelate(images(*size), block)
        torch.testing.assert_close(pixelate(once, block), once)

    def test_it_is_self_adjoint(self, block, size):
        x, y = images(*size), images(*size).flip(0)
        torch.testing.assert_close((pixelate(x, block) * y).sum(), (x * pixelate(y, block)).sum())


def test_pixelate_agrees_with_opencv_where_the_blocks_divide():
    x = images(48, 64)
    plane = x[0].permute(1, 2, 0).numpy()
    small = cv2.resize(plane, (8, 6), interpolation=cv2.INTER_AREA)
    expected = cv2.resize(small, (64, 48), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_allclose(pixelate(x, 8)[0].permute(1, 2, 0), expected, atol=1e-12)
