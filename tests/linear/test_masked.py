"""The likeliest photo behind a blurred part, against a direct solution and on real photos."""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.degradation import GaussianBlur, Storage
from unveil.linear import masked
from unveil.linear.masked import Seen, estimate_masked, next_fast
from unveil.linear.prior import read_prior

BLUR = GaussianBlur(25, 4.0)


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
    seen = Seen(file, inside, ~inside, Storage("8bit"))
    found = estimate_masked(seen, [(1.0, BLUR)], 12, read_prior())
    gain = psnr(found.images, clean, inside) - psnr(file, clean, inside)
    assert gain > 2
    assert found.gain_db > 1


def test_it_is_the_least_of_what_is_minimised(monkeypatch):
    """A dense solve of the same normal equations, on a picture of 24 pixels."""
    monkeypatch.setattr(masked, "STEPS", 400)
    clean = astronaut()[..., 60:84, 80:104]
    inside = np.zeros((24, 24), bool)
    inside[6:18, 4:20] = True
    sharp = ~inside
    sharp[:, 22:] = False
    blur = GaussianBlur(5, 1.2)
    seen = Seen(clean, inside, sharp, Storage("8bit"))
    found = estimate_masked(seen, [(1.0, blur)], 2, read_prior()).images
    np.testing.assert_allclose(found, direct(seen, blur, 2), atol=2e-3)


def direct(seen: Seen, blur: GaussianBlur, margin: int) -> np.ndarray:
    """Return the minimiser by matrices: every operator applied to every unit picture."""
    size = next_fast(24 + 2 * margin), next_fast(24 + 2 * margin)
    prior, half = read_prior(), (size[0] // 2 + 1, size[1] // 2 + 1)
    signs = np.abs(np.rint(np.fft.fftfreq(size[0]) * size[0])).astype(int)
    power = prior.at(*half)[:, signs]
    known = masked.transfers([(1.0, blur)], *size)
    least = (masked.MIN_NOISE_LEVELS / 255) ** 2
    noise = masked._spectra(seen.storage, prior, known, size)[1].clip(min=least)
    units = np.eye(size[0] * size[1]).reshape(-1, *size)

    def filtered(spectrum: np.ndarray) -> np.ndarray:
        done = np.fft.irfft2(np.fft.rfft2(units) * spectrum, size)
        return done.reshape(len(units), -1).T

    place = np.s_[margin : margin + 24, margin : margin + 24]
    rows = {name: np.zeros(size) for name in ("blurred", "sharp")}
    rows["blurred"][place], rows["sharp"][place] = seen.blurred, seen.sharp
    colours = np.array(masked.OPPONENT)
    planes = np.tensordot(colours, seen.images[0], 1)
    means, solved = planes.mean(axis=(1, 2), keepdims=True), []
    for plane, strength, doubt in zip(planes - means, power, noise, strict=True):
        y = np.zeros(size)
        y[place] = plane
        level = doubt.mean()
        left = np.diag(rows["blurred"].ravel())
        through = left @ filtered(known.mean)
        weight = filtered(level / doubt)
        normal = through.T @ weight @ through / level + np.diag(rows["sharp"].ravel()) / level
        normal += filtered(1 / strength)
        right = through.T @ weight @ (left @ y.ravel()) / level
        right += rows["sharp"].ravel() * y.ravel() / level
        solved.append(np.linalg.solve(normal, right).reshape(size)[place])
    return np.tensordot(colours.T, np.array(solved) + means, 1)[None]


def test_what_is_not_known_does_not_count():
    """Any other colours at the rim give the same picture."""
    clean = astronaut()[..., :96, :96]
    inside = np.zeros((96, 96), bool)
    inside[30:70, 30:70] = True
    sharp = ~cv2.dilate(inside.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    other = np.where(inside | sharp, clean, 1 - clean)
    one, two = (
        estimate_masked(Seen(x, inside, sharp, Storage("8bit")), [(1.0, BLUR)], 12, read_prior())
        for x in (clean, other)
    )
    # Means are of all pixels, and only where the answer starts from.
    np.testing.assert_allclose(one.images[..., inside], two.images[..., inside], atol=0.02)


@pytest.mark.parametrize(("size", "wanted"), [(7, 8), (8, 8), (11, 12), (97, 100), (121, 128)])
def test_sizes_that_are_quickly_transformed(size, wanted):
    assert next_fast(size) == wanted
