"""Laws of the operators, and agreement with SciPy, OpenCV and torchvision."""

import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage
from torchvision.transforms.v2 import functional as tv

from unveil.operators import gaussian_blur, gaussian_kernel, obfuscate, pixelate
from unveil.specs import GaussianBlur, Pixelate, Window

OPERATORS = [
    GaussianBlur(),
    GaussianBlur(3, 0.5),
    GaussianBlur(31, 9.5),
    Window((4, 3, 1)),
    Window((1, 1), (3, 0, 2, 0.5)),
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
    batch = images(120, 80)
    flipped = obfuscate(batch.flip(dim), operator)
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


def test_a_window_agrees_with_scipy_along_each_axis():
    window = Window((4, 3, 1), (1, 0.5))
    across, down = np.array([1, 3, 4, 3, 1]) / 12, np.array([0.5, 1, 0.5]) / 2
    for size in SIZES:
        x = images(*size)
        rows = ndimage.correlate1d(x.numpy(), across, axis=3, mode="mirror")
        expected = ndimage.correlate1d(rows, down, axis=2, mode="mirror")
        np.testing.assert_allclose(obfuscate(x, window), expected, atol=1e-12)


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
