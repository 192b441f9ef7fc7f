"""The operators that calls of real programs amount to: one function per call.

Each function takes the program's own parameters. It raises UsageError for parameters that the
program refuses or that no operator equals. :mod:`unveil.degradation.presets` names the calls.

Programs build their kernels from simpler ones, boxes and exponentials, convolved several times.
Here a 1-D kernel is a list of weights, symmetric about its middle. Needs no torch.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

from unveil.degradation import MAX_KERNEL_PX, GaussianBlur, Operator, Pixelate, Window
from unveil.degradation.numbers import MAX_LENGTH_PX, check_between, check_length
from unveil.errors import UsageError

N = TypeVar("N", int, float)

MAX_CONVOLVED_PX = 4 * MAX_KERNEL_PX
"""Of a kernel before weights that are as good as 0 are cut off."""

OPENCV_TABLES = {
    3: (1, 2, 1),
    5: (1, 4, 6, 4, 1),
    7: (2, 7, 14, 18, 14, 7, 2),
    9: (4, 13, 30, 51, 60, 51, 30, 13, 4),
}
"""OpenCV's kernels of small widths without a sigma, in place of a Gaussian."""

MAX_EXACT = 2.0**53
"""Up to it, a float holds every whole number."""

DIGITS = 5
"""Decimals of each weight relative to the middle one; the rest is below 0.01 of 255 levels."""


def opencv_gaussian(kernel: int, sigma: float) -> Operator:
    """Return ``cv2.GaussianBlur`` of 8-bit images; a kernel or sigma of 0 follows the other."""
    if kernel <= 0 and sigma <= 0:
        raise UsageError("opencv-gaussian: kernel or sigma must be above 0.")
    check_between("opencv-gaussian: kernel", kernel, -MAX_LENGTH_PX, MAX_KERNEL_PX, "pixels")
    if sigma > 0:
        check_length("opencv-gaussian: sigma", sigma)
    if sigma <= 0 and kernel in OPENCV_TABLES:
        return _window(OPENCV_TABLES[kernel])
    kernel = kernel if kernel > 0 else round(6 * sigma + 1) | 1
    return GaussianBlur(kernel, sigma if sigma > 0 else round(0.15 * kernel + 0.35, 6))


def pillow_gaussian(radius: float) -> Operator:
    """Return Pillow's ``GaussianBlur``: three boxes with the Gaussian's variance together."""
    variance = _from(0, "pillow-gaussian: radius", radius) ** 2 / 3
    whole = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    # The weight of the outermost pixels, from the paper cited in _extended_box.
    lacking = (2 * whole + 1) * (3 * variance - whole * (whole + 1))
    edge = lacking / (6 * ((whole + 1) ** 2 - variance))
    return _window(_convolved(*3 * [_extended_box(2 * (whole + edge) + 1)]))


def pillow_box(radius: float) -> Operator:
    """Return Pillow's ``BoxBlur``, whose radius may cover a fraction of the outermost pixels."""
    return _window(_extended_box(2 * _from(0, "pillow-box: radius", radius) + 1))


def deface_blur(width: int, height: int) -> Operator:
    """Return deface's blur of a face of ``width`` x ``height`` pixels: a box of half its size.

    A box of even width reaches one pixel further to the left than to the right in OpenCV. The
    operator's is symmetric, with half a weight at either end.
    """
    across, down = (_from(2, "deface-blur: side", side) // 2 for side in (width, height))
    return _window(_extended_box(across), _extended_box(down))


def imagemagick_blur(sigma: float) -> Operator:
    """Return ImageMagick's ``-blur 0x{sigma}``: a Gaussian, truncated where it is below 16 bits.

    ImageMagick averages it at three positions per pixel, which adds 2/27 to the variance.
    """
    height = 65535 / (_from(0.2, "imagemagick-blur: sigma", sigma) * math.sqrt(2 * math.pi))
    radius = max(math.floor(sigma * math.sqrt(2 * math.log(max(height, 1)))), 1)
    return GaussianBlur(2 * radius + 1, round(math.sqrt(sigma**2 + 2 / 27), 6))


def imagemagick_scale(percent: float) -> Operator:
    """Return ImageMagick's ``-scale {percent}%`` and back, for sizes that the blocks divide."""
    if not 0 < percent <= 100 or not (100 / percent).is_integer():
        raise UsageError(f"imagemagick-scale: percent={percent:g} must divide 100.")
    return Pixelate(round(100 / percent))


def ffmpeg_boxblur(radius: int, power: int) -> Operator:
    """Return FFmpeg's ``boxblur={radius}:{power}``: a box applied ``power`` times."""
    width = 2 * int(_from(0, "ffmpeg-boxblur: radius", radius)) + 1
    return _window(
        _convolved(*[_equal_weights(width)] * int(_from(0, "ffmpeg-boxblur: power", power)))
    )


def ffmpeg_gblur(sigma: float, steps: int) -> Operator:
    """Return FFmpeg's ``gblur``: a two-sided exponential, applied once per step.

    L. Alvarez and L. Mazorra, "Signal and image restoration using shock filters and anisotropic
    diffusion", 1994. With more steps it approaches the Gaussian of that sigma; one is the default.
    """
    if not 1 <= steps <= 6:
        raise UsageError(f"ffmpeg-gblur: steps={steps} must be from 1 to 6.")
    scale = _from(0.01, "ffmpeg-gblur: sigma", sigma) ** 2 / (2 * steps)
    decay = (1 + 2 * scale - math.sqrt(1 + 4 * scale)) / (2 * scale)
    return _window(_convolved(*[_exponential(decay)] * steps))


def css_blur(px: float) -> Operator:
    """Return CSS ``blur({px}px)`` as Chromium renders it on a GPU: a Gaussian."""
    return GaussianBlur(2 * math.ceil(3 * _from(0.1, "css-blur: px", px)) + 1, px)


def css_blur_software(px: float) -> Operator:
    """Return CSS ``blur({px}px)`` as Chromium renders it in software: three boxes.

    They are specified in the W3C's "Filter Effects", section on feGaussianBlur.
    """
    sigma = _from(0, "css-blur-software: px", px)
    width = max(math.floor(sigma * 3 * math.sqrt(2 * math.pi) / 4 + 0.5), 1)
    # Boxes of even width: one is shifted left, one right, and the third is a pixel wider.
    return _window(
        _convolved(_equal_weights(width), _equal_weights(width), _equal_weights(width | 1))
    )


def _window(across: Sequence[float], down: Sequence[float] = ()) -> Window:
    """Return the operator of two whole kernels, each an odd number of weights in any unit.

    Integers are kept as far as floats are exact; other weights are divided by the middle one and
    rounded to ``DIGITS``.
    """
    return Window(_half(across), _half(down))


def _half(weights: Sequence[float]) -> tuple[float, ...]:
    half = list(weights[len(weights) // 2 :])
    if not all(weight <= MAX_EXACT and float(weight).is_integer() for weight in half):
        half = [round(weight / half[0], DIGITS) for weight in half]
    while half and half[-1] == 0:
        half.pop()
    return tuple(map(float, half))


def _equal_weights(width: int) -> list[int]:
    """Return ``width`` equal weights."""
    return [1] * width


def _extended_box(width: float) -> list[float]:
    """Return a box of any width in pixels, at least 1.

    The weight of the outermost pixels is the fraction of them that the box covers (P. Gwosdek et
    al., "Theoretical foundations of Gaussian convolution by extended box filtering", 2011).
    """
    radius = math.floor((width - 1) / 2)
    edge = (width - 1) / 2 - radius
    return (
        [edge, *_equal_weights(2 * radius + 1), edge]
        if edge
        else list(_equal_weights(2 * radius + 1))
    )


def _exponential(decay: float) -> list[float]:
    """Return weights that fall by the factor ``decay`` per pixel, from 0 to below 1."""
    reach = math.ceil(-DIGITS * math.log(10) / math.log(decay)) if decay else 0
    return [decay ** abs(distance) for distance in range(-reach, reach + 1)]


def _convolved(*windows: Sequence[float]) -> list[float]:
    """Return the convolution of ``windows``: the kernel of applying one after the other.

    Raises:
        UsageError: it is much wider than any operator's, and would take minutes to compute.
    """
    width = 1 + sum(len(weights) - 1 for weights in windows)
    if width > MAX_CONVOLVED_PX:
        raise UsageError(f"a kernel of {width:,} pixels is too wide; {MAX_KERNEL_PX} is the most.")
    passed: list[float] = [1]
    for weights in windows:
        longer = [0.0] * (len(passed) + len(weights) - 1)
        for place, weight in enumerate(weights):
            for start, value in enumerate(passed):
                longer[start + place] += weight * value
        passed = longer
    return passed


def _from(least: float, what: str, value: N) -> N:
    check_between(what, value, least, MAX_LENGTH_PX)
    return value
