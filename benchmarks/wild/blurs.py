"""Blurs and medians, each by a program that people use."""

import base64
import io
import math

import cv2
import numpy as np
from PIL import Image, ImageFilter

import real_programs
from wild import kernels
from wild.draws import Pixels, between, chance
from wild.hidden import Hidden, Way, gegl, through


def _odd(value: float) -> int:
    return 2 * max(round((value - 1) / 2), 1) + 1


def _pillow_gaussian(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    return Hidden(real_programs.pillow(pixels, ImageFilter.GaussianBlur(sigma)), sigma)


def _opencv_sigma(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    border = cv2.BORDER_REPLICATE if chance(rng, 0.2) else cv2.BORDER_DEFAULT
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=border)
    return Hidden(np.asarray(blurred, np.uint8), kernels.opencv_width(0, sigma))


def _opencv_kernel(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    widths = {side: kernels.opencv_width(side, -1) for side in range(3, 121, 2)}
    side = min(widths, key=lambda one: abs(widths[one] - sigma))
    return Hidden(np.asarray(cv2.GaussianBlur(pixels, (side, side), 0), np.uint8), widths[side])


def _stack_blur(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    side = _odd(2 * math.sqrt(6 * sigma**2 + 1) - 1)
    return Hidden(np.asarray(cv2.stackBlur(pixels, (side, side))), kernels.stack_width(side))


def _imagemagick_blur(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    blur = through(real_programs.imagemagick(), "{source}", "-blur", f"0x{sigma:.3f}", "{target}")
    return Hidden(blur(pixels), sigma)


def _ffmpeg_gblur(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    return Hidden(real_programs.ffmpeg(pixels, f"gblur={sigma:.3f}:3"), sigma)


def _ffmpeg_boxes(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    power = int(rng.integers(2, 5))
    radius = max(round((math.sqrt(12 * sigma**2 / power + 1) - 1) / 2), 1)
    radius = min(radius, (min(pixels.shape[:2]) - 1) // 2)
    blurred = real_programs.ffmpeg(pixels, f"boxblur={radius}:{power}")
    return Hidden(blurred, kernels.boxes_width(2 * radius + 1, power))


def _gegl_gaussian(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    return Hidden(
        gegl("gaussian-blur", f"std-dev-x={sigma:.3f}", f"std-dev-y={sigma:.3f}")(pixels), sigma
    )


def _css_blur(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    blurred = real_programs.PROGRAMS["css-blur-software"](pixels, round(sigma, 3))
    return Hidden(blurred, kernels.svg_width(sigma))


SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="{width}" height="{height}"><filter id="b" color-interpolation-filters="{space}">
<feGaussianBlur stdDeviation="{sigma}"/></filter><image width="{width}" height="{height}"
 xlink:href="data:image/png;base64,{png}" filter="url(#b)"/></svg>"""


def _librsvg_blur(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    page = SVG.format(
        width=pixels.shape[1],
        height=pixels.shape[0],
        space="linearRGB" if chance(rng, 0.5) else "sRGB",
        sigma=round(sigma, 3),
        png=base64.b64encode(file.getvalue()).decode(),
    )
    drawn = real_programs.through_files(
        pixels, real_programs.librsvg(), "-o", "{target}", "{folder}/page.html", page=page
    )
    return Hidden(drawn, kernels.svg_width(sigma))


def _libvips_blur(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Hidden:
    least = 0.2 if chance(rng, 0.5) else 0.02  # 0.2 is its default
    command = (real_programs.libvips(), "gaussblur", "{source}", "{target}")
    blur = through(*command, f"{sigma:.3f}", "--min-ampl", f"{least}")
    return Hidden(blur(pixels), kernels.cut_width(sigma, least))


def _pillow_box(pixels: Pixels, side: float, rng: np.random.Generator) -> Hidden:
    radius = round((side - 1) / 2 * 2) / 2
    return Hidden(real_programs.pillow(pixels, ImageFilter.BoxBlur(radius)), 2 * radius + 1)


def _opencv_box(pixels: Pixels, side: float, rng: np.random.Generator) -> Hidden:
    kernel = round(side)
    return Hidden(np.asarray(cv2.blur(pixels, (kernel, kernel)), np.uint8), kernel)


def _ffmpeg_box(pixels: Pixels, side: float, rng: np.random.Generator) -> Hidden:
    radius = min(_odd(side) // 2, (min(pixels.shape[:2]) - 1) // 2)
    call = f"boxblur={radius}:1" if chance(rng, 0.5) else f"avgblur={radius}"
    return Hidden(real_programs.ffmpeg(pixels, call), 2 * radius + 1)


def _deface_box(pixels: Pixels, side: float, rng: np.random.Generator) -> Hidden:
    """Blur as deface does, whatever the strength: by half the width and height."""
    height, width = pixels.shape[:2]
    blurred = real_programs.deface(pixels, replacewith="blur")
    return Hidden(blurred, math.sqrt((width // 2) * (height // 2)))


def _gegl_box(pixels: Pixels, side: float, rng: np.random.Generator) -> Hidden:
    radius = _odd(side) // 2
    return Hidden(gegl("box-blur", f"radius={radius}")(pixels), 2 * radius + 1)


def _lens(pixels: Pixels, radius: float, rng: np.random.Generator) -> Hidden:
    return Hidden(convolve(pixels, kernels.disk(radius), in_light=chance(rng, 0.5)), radius)


def _camera_motion(pixels: Pixels, length: float, rng: np.random.Generator) -> Hidden:
    angle = _angle(rng)
    kernel = kernels.line(length, angle)
    return Hidden(convolve(pixels, kernel, in_light=chance(rng, 0.3)), length, angle)


def _angle(rng: np.random.Generator) -> float:
    return 90.0 * int(rng.integers(2)) if chance(rng, 0.25) else between(rng, 0, 180)


def _imagemagick_motion(pixels: Pixels, length: float, rng: np.random.Generator) -> Hidden:
    radius, angle = max(round((length - 1) / 2), 1), round(_angle(rng)) % 180
    # With a sigma far beyond its radius its line is about even.
    word = f"{radius}x{10 * radius}+{angle}"
    blur = through(real_programs.imagemagick(), "{source}", "-motion-blur", word, "{target}")
    return Hidden(blur(pixels), 2 * radius + 1, angle)


def _gegl_motion(pixels: Pixels, length: float, rng: np.random.Generator) -> Hidden:
    angle = round(_angle(rng), 1) % 180
    blur = gegl("motion-blur-linear", f"length={length:.2f}", f"angle={angle}")
    return Hidden(blur(pixels), length, angle)


def _ffmpeg_direction(pixels: Pixels, length: float, rng: np.random.Generator) -> Hidden:
    angle, radius = round(_angle(rng), 1) % 180, length / 4
    blurred = real_programs.ffmpeg(pixels, f"dblur=angle={angle}:radius={radius:.2f}")
    return Hidden(blurred, None, None)  # both sides fade out: it has no length


def _pillow_median(pixels: Pixels, side: float, rng: np.random.Generator) -> Hidden:
    return Hidden(real_programs.pillow(pixels, ImageFilter.MedianFilter(_odd(side))), _odd(side))


def _opencv_median(pixels: Pixels, side: float, rng: np.random.Generator) -> Hidden:
    return Hidden(np.asarray(cv2.medianBlur(pixels, _odd(side)), np.uint8), _odd(side))


def convolve(pixels: Pixels, kernel: np.ndarray, *, in_light: bool) -> Pixels:
    """Convolve pixels, ``in_light`` as a lens does: before sRGB's curve."""
    if not in_light:
        return np.asarray(cv2.filter2D(pixels, -1, kernel), np.uint8)
    values = pixels.astype(np.float32) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = cv2.filter2D(light.astype(np.float32), -1, kernel).clip(0, 1)
    values = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(values * 255).astype(np.uint8)


BLURS = (
    Way("gaussian", "Pillow", "GaussianBlur", _pillow_gaussian, 3),
    Way("gaussian", "OpenCV", "GaussianBlur, sigma", _opencv_sigma, 3),
    Way("gaussian", "OpenCV", "GaussianBlur, kernel", _opencv_kernel, 2),
    Way("gaussian", "OpenCV", "stackBlur", _stack_blur),
    Way("gaussian", "ImageMagick", "-blur", _imagemagick_blur),
    Way("gaussian", "FFmpeg", "gblur", _ffmpeg_gblur),
    Way("gaussian", "FFmpeg", "boxblur, repeated", _ffmpeg_boxes),
    Way("gaussian", "GEGL", "gaussian-blur", _gegl_gaussian),
    Way("gaussian", "Chromium", "blur()", _css_blur, 0.4),
    Way("gaussian", "librsvg", "feGaussianBlur", _librsvg_blur),
    Way("gaussian", "libvips", "gaussblur", _libvips_blur),
    Way("box", "Pillow", "BoxBlur", _pillow_box, 3),
    Way("box", "OpenCV", "blur", _opencv_box, 3),
    Way("box", "FFmpeg", "boxblur, avgblur", _ffmpeg_box, 2),
    Way("box", "GEGL", "box-blur", _gegl_box),
    Way("box", "deface", "blur", _deface_box, 0.5),
    Way("disk", "OpenCV", "filter2D of a disk", _lens),
    Way("motion", "OpenCV", "filter2D of a line", _camera_motion, 5),
    Way("motion", "ImageMagick", "-motion-blur", _imagemagick_motion, 2),
    Way("motion", "GEGL", "motion-blur-linear", _gegl_motion, 2),
    Way("motion", "FFmpeg", "dblur", _ffmpeg_direction, 0.5),
    Way("median", "Pillow", "MedianFilter", _pillow_median),
    Way("median", "OpenCV", "medianBlur", _opencv_median),
)
