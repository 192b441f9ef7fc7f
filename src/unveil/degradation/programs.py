"""What calls of real programs do to pixels, as operators: one function a call.

Each takes the program's own parameters and raises UsageError for those that the program refuses
or that no operator equals. :mod:`unveil.degradation.presets` names them.

Programs build their windows from simpler ones, boxes and exponentials, convolved several times.
Here a window is a list of weights, symmetric about its middle. Needs no torch.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

from unveil.degradation import GaussianBlur, Operator, Pixelate, Window
from unveil.errors import UsageError

N = TypeVar("N", int, float)

OPENCV_TABLES = {
    3: (1, 2, 1),
    5: (1, 4, 6, 4, 1),
    7: (2, 7, 14, 18, 14, 7, 2),
    9: (4, 13, 30, 51, 60, 51, 30, 13, 4),
}
"""What OpenCV takes for small kernels without a sigma, in place of a Gaussian."""

DIGITS = 5
"""Of each weight against the middle one: all that is left out stays below 0.01 of 255 levels."""


def opencv_gaussian(kernel: int, sigma: float) -> Operator:
    """Return ``cv2.GaussianBlur`` of 8-bit images; of kernel and sigma, 0 follows the other."""
    if kernel <= 0 and sigma <= 0:
        raise UsageError("opencv-gaussian: kernel or sigma must be above 0.")
    if sigma <= 0 and kernel in OPENCV_TABLES:
        return _window(OPENCV_TABLES[kernel])
    kernel = kernel if kernel > 0 else round(6 * sigma + 1) | 1
    return GaussianBlur(kernel, sigma if sigma > 0 else round(0.15 * kernel + 0.35, 6))


def pillow_gaussian(radius: float) -> Operator:
    """Return Pillow's ``GaussianBlur``: three boxes of, together, the Gaussian's variance."""
    variance = _from(0, "pillow-gaussian: radius", radius) ** 2 / 3
    whole = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    # The part of the outermost pixels, from the paper cited in _extended_box.
    lacking = (2 * whole + 1) * (3 * variance - whole * (whole + 1))
    edge = lacking / (6 * ((whole + 1) ** 2 - variance))
    return _window(_convolved(*3 * [_extended_box(2 * (whole + edge) + 1)]))


def pillow_box(radius: float) -> Operator:
    """Return Pillow's ``BoxBlur``; of the outermost pixels the radius may reach a part."""
    return _window(_extended_box(2 * _from(0, "pillow-box: radius", radius) + 1))


def deface_blur(width: int, height: int) -> Operator:
    """Return deface's blur of a face ``width`` x ``height`` pixels: a box of half its size.

    A box of even width reaches a pixel further left than right in OpenCV. The operator's
    reaches as far both ways, with half the weight at either end.
    """
    across, down = (_from(2, "deface-blur: side", side) // 2 for side in (width, height))
    return _window(_extended_box(across), _extended_box(down))


def imagemagick_blur(sigma: float) -> Operator:
    """Return ImageMagick's ``-blur 0x{sigma}``: a Gaussian, cut where 16 bits no longer see it.

    It is summed at three places a pixel, which adds 2/27 to the variance.
    """
    height = 65535 / (_from(0.2, "imagemagick-blur: sigma", sigma) * math.sqrt(2 * math.pi))
    radius = max(math.floor(sigma * math.sqrt(2 * math.log(max(height, 1)))), 1)
    return GaussianBlur(2 * radius + 1, round(math.sqrt(sigma**2 + 2 / 27), 6))


def imagemagick_scale(percent: float) -> Operator:
    """Return ImageMagick's ``-scale {percent}%`` and back, of a size that the blocks divide."""
    if not 0 < percent <= 100 or not (100 / percent).is_integer():
        raise UsageError(f"imagemagick-scale: percent={percent:g} must divide 100.")
    return Pixelate(round(100 / percent))


def ffmpeg_boxblur(radius: int, power: int) -> Operator:
    """Return FFmpeg's ``boxblur={radius}:{power}``: a box, ``power`` times."""
    width = 2 * int(_from(0, "ffmpeg-boxblur: radius", radius)) + 1
    return _window(
        _convolved(*[_equal_weights(width)] * int(_from(0, "ffmpeg-boxblur: power", power)))
    )


def ffmpeg_gblur(sigma: float, steps: int) -> Operator:
    """Return FFmpeg's ``gblur``: in its usual one step no Gaussian, but an exponential.

    L. Alvarez and L. Mazorra, "Signal and image restoration using shock filters and anisotropic
    diffusion", 1994. The more steps, the nearer to the Gaussian of that sigma.
    """
    if not 1 <= steps <= 6:
        raise UsageError(f"ffmpeg-gblur: steps={steps} must be from 1 to 6.")
    scale = _from(0.01, "ffmpeg-gblur: sigma", sigma) ** 2 / (2 * steps)
    decay = (1 + 2 * scale - math.sqrt(1 + 4 * scale)) / (2 * scale)
    return _window(_convolved(*[_exponential(decay)] * steps))


def css_blur(px: float) -> Operator:
    """Return CSS ``blur({px}px)`` as Chromium draws it on a graphics processor: a Gaussian."""
    return GaussianBlur(2 * math.ceil(3 * _from(0.1, "css-blur: px", px)) + 1, px)


def css_blur_software(px: float) -> Operator:
    """Return CSS ``blur({px}px)`` as Chromium draws it without one: three boxes.

    They are those of the W3C's "Filter Effects", section on feGaussianBlur.
    """
    sigma = _from(0, "css-blur-software: px", px)
    width = max(math.floor(sigma * 3 * math.sqrt(2 * math.pi) / 4 + 0.5), 1)
    # Of even ones, two are shifted to either side, and the third is a pixel wider.
    return _window(
        _convolved(_equal_weights(width), _equal_weights(width), _equal_weights(width | 1))
    )


def _window(across: Sequence[float], down: Sequence[float] = ()) -> Window:
    """Return the operator of whole windows, each of an odd number of weights in any unit.

    Whole numbers are kept; other weights are rounded to ``DIGITS`` against the middle one.
    """
    return Window(_half(across), _half(down))


def _half(weights: Sequence[float]) -> tuple[float, ...]:
    half = [float(weight) for weight in weights[len(weights) // 2 :]]
    if not all(weight.is_integer() for weight in half):
        half = [round(weight / half[0], DIGITS) for weight in half]
    while half and half[-1] == 0:
        half.pop()
    return tuple(half)


def _equal_weights(width: int) -> list[int]:
    """Return ``width`` equal weights."""
    return [1] * width


def _extended_box(width: float) -> list[float]:
    """Return a box whose width need not be a whole number of pixels, at least 1.

    The outermost pixels weigh what the box covers of them (P. Gwosdek et al., "Theoretical
    foundations of Gaussian convolution by extended box filtering", 2011).
    """
    radius = math.floor((width - 1) / 2)
    edge = (width - 1) / 2 - radius
    return (
        [edge, *_equal_weights(2 * radius + 1), edge]
        if edge
        else list(_equal_weights(2 * radius + 1))
    )


def _exponential(decay: float) -> list[float]:
    """Return weights that fall by a factor ``decay``, from 0 to below 1, at every pixel."""
    reach = math.ceil(-DIGITS * math.log(10) / math.log(decay)) if decay else 0
    return [decay ** abs(distance) for distance in range(-reach, reach + 1)]


def _convolved(*windows: Sequence[float]) -> list[float]:
    """Return the convolution of ``windows``: the effect of applying them one after the other."""
    passed: list[float] = [1]
    for weights in windows:
        longer = [0.0] * (len(passed) + len(weights) - 1)
        for place, weight in enumerate(weights):
            for start, value in enumerate(passed):
                longer[start + place] += weight * value
        passed = longer
    return passed


def _from(least: float, what: str, value: N) -> N:
    if not least <= value < math.inf:
        raise UsageError(f"{what}={value:g} must be at least {least:g}.")
    return value
