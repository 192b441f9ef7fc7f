"""The likeliest photo behind a blurred part, against a direct solution and on real photos."""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.degradation import GaussianBlur, Storage
from unveil.linear import masked
from unveil.linear.masked import EXACTLY, Seen, Trust, estimate_masked, next_fast
from unveil.linear.prior import read_prior

BLUR = GaussianBlur(25, 4.0)
LEAST_LEVELS = 3.0


def astronaut() -> np.ndarray:
    """Return the face of scikit-image's astronaut, ``1 x 3 x H x W`` in [0,1]."""
    return data.astronaut()[:200, 120:330].transpose(2, 0, 1)[None].astype(np.float32) / 255


def blurred_by_opencv(images: np.ndarray) -> np.ndarray:
    """Return all of a picture blurred by OpenCV, rounded to levels."""
    pixels = np.rint(images[0].transpose(1, 2, 0) * 255).astype(np.uint8)
    done = cv2.GaussianBlur(pixels, (25, 25), 4, borderType=cv2.BORDER_REPLICATE)
    return done.transpose(2, 0, 1)[None].astype(np.float32) / 255


def psnr(one: np.ndarray, other: np.ndarray, mask: np.ndarray) -> float:
    return float(-10 * np.log10(((one.clip(0, 1) - other)[..., mask] ** 2).mean()))


@pytest.mark.parametrize("shape", ["ellipse", "box", "whole"])
def test_a_part_of_a_photo_comes_nearer_to_it(shape):
    """Blurred as a whole by OpenCV with repeated borders, pasted through a mask."""
    clean = astronaut()
    mask = np.zeros(clean.shape[-2:], np.uint8)
    if shape == "ellipse":
        cv2.ellipse(mask, (100, 90), (55, 65), 20, 0, 360, 1, -1)
    else:
        mask[(np.s_[30:150, 50:160] if shape == "box" else np.s_[:])] = 1
    inside = mask.astype(bool)
    file = np.where(inside, blurred_by_opencv(clean), clean)
    seen = Seen(file, inside, np.ones_like(inside), Storage("8bit"))
    found = estimate_masked(seen, [(1.0, BLUR)], 12, read_prior())
    gain = psnr(found.images, clean, inside) - psnr(file, clean, inside)
    assert gain > 2
    assert found.gain_db > 1


@pytest.mark.parametrize("is_soft", [False, True], ids=["hard", "soft"])
def test_it_is_the_least_of_what_is_minimised(is_soft):
    """A dense solve of the same normal equations, on a picture of 24 pixels."""
    clean = astronaut()[..., 60:84, 80:104]
    inside = np.zeros((24, 24), bool)
    inside[6:18, 4:20] = True
    known = np.ones_like(inside)
    known[:, 22:] = False
    blur, mask = GaussianBlur(5, 1.2), inside.astype(np.float32)
    mask = cv2.blur(mask, (3, 3)) if is_soft else mask
    seen = Seen(clean, mask, known, Storage("8bit"))
    found = estimate_masked(seen, [(1.0, blur)], 2, read_prior(), Trust(LEAST_LEVELS, 400)).images
    np.testing.assert_allclose(found, direct(seen, blur, 2), atol=2e-3)


def direct(seen: Seen, blur: GaussianBlur, margin: int) -> np.ndarray:
    """Return the minimiser by matrices: every operator applied to every unit picture."""
    size = next_fast(24 + 2 * margin), next_fast(24 + 2 * margin)
    prior, half = read_prior(), (size[0] // 2 + 1, size[1] // 2 + 1)
    signs = np.abs(np.rint(np.fft.fftfreq(size[0]) * size[0])).astype(int)
    power = prior.at(*half)[:, signs]
    known = masked.transfers([(1.0, blur)], *size)
    least = (LEAST_LEVELS / 255) ** 2
    noise = masked._spectra(seen.storage, prior, known, size)[1].clip(min=least)
    units = np.eye(size[0] * size[1]).reshape(-1, *size)

    def filtered(spectrum: np.ndarray) -> np.ndarray:
        done = np.fft.irfft2(np.fft.rfft2(units) * spectrum, size)
        return done.reshape(len(units), -1).T

    place = np.s_[margin : margin + 24, margin : margin + 24]
    mask, blurred, sharp = np.zeros(size), np.zeros(size), np.zeros(size)
    mask[place] = seen.mask
    blurred[place], sharp[place] = seen.known & (seen.mask > 0), seen.known & (seen.mask == 0)
    colours = np.array(masked.OPPONENT)
    planes = np.tensordot(colours, seen.images[0], 1)
    means, solved = planes.mean(axis=(1, 2), keepdims=True), []
    for plane, strength, doubt in zip(planes - means, power, noise, strict=True):
        y = np.zeros(size)
        y[place] = plane
        level = doubt.mean()
        shown = np.diag(mask.ravel()) @ filtered(known.mean) + np.diag(1 - mask.ravel())
        left = np.diag(blurred.ravel())
        weight = left @ filtered(level / doubt) @ left + np.diag(sharp.ravel())
        normal = shown.T @ weight @ shown / level + filtered(1 / strength)
        right = shown.T @ weight @ y.ravel() / level
        solved.append(np.linalg.solve(normal, right).reshape(size)[place])
    return np.tensordot(colours.T, np.array(solved) + means, 1)[None]


def test_what_is_not_known_does_not_count():
    """Any other colours at the rim give the same picture."""
    clean = astronaut()[..., :96, :96]
    inside = np.zeros((96, 96), bool)
    inside[30:70, 30:70] = True
    sharp = ~cv2.dilate(inside.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    known = inside | sharp
    other = np.where(known, clean, 1 - clean)
    one, two = (
        estimate_masked(
            Seen(x, inside, known, Storage("8bit")), [(1.0, BLUR)], 12, read_prior(), Trust(3.0, 80)
        )
        for x in (clean, other)
    )
    # They are only where the answer starts from.
    np.testing.assert_allclose(one.images[..., inside], two.images[..., inside], atol=0.02)


@pytest.mark.parametrize(("size", "wanted"), [(7, 8), (8, 8), (11, 12), (97, 100), (121, 128)])
def test_sizes_that_are_quickly_transformed(size, wanted):
    assert next_fast(size) == wanted


def test_told_exactly_it_comes_nearer_still_and_leaves_only_rounding():
    clean = astronaut()
    everywhere = np.ones(clean.shape[-2:], bool)
    file = blurred_by_opencv(clean)
    seen = Seen(file, everywhere, everywhere, Storage("8bit"))
    nearly, exactly = (
        estimate_masked(seen, [(1.0, BLUR)], 12, read_prior(), trust)
        for trust in (Trust(3.0, 4), EXACTLY)
    )
    gains = [psnr(one.images, clean, everywhere) for one in (nearly, exactly)]
    assert gains[1] > gains[0] + 0.5
    assert exactly.misfit_levels < 0.35
    assert exactly.misfit.shape == everywhere.shape
    wrong = estimate_masked(seen, [(1.0, GaussianBlur(41, 8.0))], 20, read_prior(), EXACTLY)
    assert wrong.misfit_levels > 2 * exactly.misfit_levels
