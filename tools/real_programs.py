"""Run the programs that the presets stand for, on 8-bit RGB pixels.

Pixels are ``H x W x 3`` uint8 arrays. A program that is not installed raises ``AbsentError``, which
names the package to install. Nothing here uses unveil: the programs are the reference.
"""

import contextlib
import functools
import importlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
LIMIT_S = 120
AROUND_PX = 32
"""Width of the border around the face in the frame that deface gets."""


class AbsentError(Exception):
    """A program is not installed; the message names it and its package."""


def pillow(pixels: Pixels, program: ImageFilter.Filter) -> Pixels:
    """Run a filter of Pillow."""
    return np.asarray(Image.fromarray(pixels).filter(program))


def _face_blur(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] != (height, width):
        raise ValueError(f"deface blurs a whole face: {pixels.shape} is not {height} x {width}.")
    return deface(pixels, replacewith="blur")


def deface(pixels: Pixels, **how: Any) -> Pixels:
    """Hide all of the pixels as deface hides a face; ``how`` is for its ``draw_det``."""
    try:
        draw = importlib.import_module("deface.deface").draw_det
    except ImportError:
        raise AbsentError("deface is not installed (pip install --no-deps deface)") from None
    around = ((AROUND_PX, AROUND_PX), (AROUND_PX, AROUND_PX), (0, 0))
    frame = np.pad(pixels, around, constant_values=255)
    height, width = pixels.shape[:2]
    corners = (AROUND_PX, AROUND_PX, AROUND_PX + width, AROUND_PX + height)
    draw(frame, 1.0, 0, *corners, ellipse=False, **how)
    return frame[AROUND_PX:-AROUND_PX, AROUND_PX:-AROUND_PX]


def _scale(pixels: Pixels, percent: float) -> Pixels:
    back = f"{pixels.shape[1]}x{pixels.shape[0]}!"
    scale = ("-scale", f"{percent}%", "-scale", back)
    return through_files(pixels, imagemagick(), "{source}", *scale, "{target}")


@functools.cache
def imagemagick() -> str:
    """Return the path of ImageMagick."""
    for name in ("magick", "convert-im6.q16", "convert"):
        # Other programs are called convert too.
        with contextlib.suppress(subprocess.CalledProcessError):
            if (found := shutil.which(name)) and "ImageMagick" in _said(found, "-version"):
                return found
    raise AbsentError("ImageMagick is not installed (apt-get install imagemagick)")


def ffmpeg(pixels: Pixels, graph: str) -> Pixels:
    """Run a filter graph of FFmpeg."""
    # Planar RGB: conversion to YUV and back would round.
    graph = f"format=gbrp,{graph},format=rgb24"
    return through_files(
        pixels, _ffmpeg_path(), *("-v", "error", "-i", "{source}", "-vf", graph, "{target}")
    )


@functools.cache
def _ffmpeg_path() -> str:
    """Return the path of FFmpeg."""
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise AbsentError("FFmpeg is not installed (pip install unveil[programs])") from None


PAGE = """<style>body {{margin: 0}} img {{display: block; filter: blur({px}px)}}</style>
<img src="source.png">"""


def _chromium(pixels: Pixels, px: float, *flags: str) -> Pixels:
    height, width = pixels.shape[:2]
    # Chromium refuses to start with its sandbox as root, the user in containers.
    quiet = ("--headless", "--no-sandbox", "--disable-background-networking", "--hide-scrollbars")
    screen = ("--force-color-profile=srgb", "--force-device-scale-factor=1")
    files = ("--user-data-dir={folder}/profile", "--screenshot={target}", "{folder}/page.html")
    size, page = f"--window-size={width},{height}", PAGE.format(px=px)
    return through_files(pixels, _chromium_path(), *quiet, *flags, *screen, size, *files, page=page)


@functools.cache
def _chromium_path() -> str:
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise AbsentError("Chromium is not installed (apt-get install chromium)")


def _pixelize(pixels: Pixels, size: int) -> Pixels:
    operation = ("gegl:pixelize", f"size-x={size}", f"size-y={size}")
    return through_files(pixels, gegl(), "{source}", "-o", "{target}", "--", *operation)


@functools.cache
def librsvg() -> str:
    """Return the path of librsvg's converter."""
    if found := shutil.which("rsvg-convert"):
        return found
    raise AbsentError("librsvg is not installed (apt-get install librsvg2-bin)")


@functools.cache
def libvips() -> str:
    """Return the path of libvips's command."""
    if found := shutil.which("vips"):
        return found
    raise AbsentError("libvips is not installed (apt-get install libvips-tools)")


@functools.cache
def gegl() -> str:
    """Return the path of GEGL."""
    if found := shutil.which("gegl"):
        return found
    raise AbsentError("GEGL is not installed (apt-get install gegl)")


def through_files(pixels: Pixels, *words: str, page: str = "") -> Pixels:
    """Run a command that reads ``{source}`` and writes ``{target}``, both PNG in ``{folder}``.

    ``page`` is the content of ``page.html`` beside them.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/source.png", f"{folder}/target.png"
        Image.fromarray(pixels).save(source)
        Path(folder, "page.html").write_text(page, encoding="utf-8")
        _said(*(word.format(folder=folder, source=source, target=target) for word in words))
        with Image.open(target) as result:
            return np.asarray(result.convert("RGB"))


def _said(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)  # noqa: S603
    return done.stdout.decode(errors="replace")


def _told(path: Callable[[], str], flag: str) -> str:
    found = re.search(r"\d+\.[\d.-]*\d", _said(path(), flag))
    return found.group() if found else "?"


VERSIONS: dict[str, Callable[[], str]] = {
    "OpenCV": lambda: str(cv2.__version__),
    "Pillow": lambda: PIL.__version__,
    "deface": lambda: version("deface"),
    "ImageMagick": lambda: _told(imagemagick, "-version"),
    "FFmpeg": lambda: _told(_ffmpeg_path, "-version"),
    "Chromium": lambda: _told(_chromium_path, "--version"),
    "GEGL": lambda: gegl() and "0.4",  # it prints only the name of its library
    "librsvg": lambda: _told(librsvg, "--version"),
    "libvips": lambda: _told(libvips, "--version"),
}
"""Functions that return the version of each program, where it is installed."""

GRAPHICS = (
    *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    "--ignore-gpu-blocklist",
)
"""Flags that make Chromium draw as on a GPU, emulated on the CPU."""

PROGRAMS: dict[str, Callable[..., Pixels]] = {
    "opencv-gaussian": lambda pixels, kernel, sigma: np.asarray(
        cv2.GaussianBlur(pixels, (kernel, kernel), sigma), dtype=np.uint8
    ),
    "opencv-blur": lambda pixels, kernel: np.asarray(
        cv2.blur(pixels, (kernel, kernel)), dtype=np.uint8
    ),
    "pillow-gaussian": lambda pixels, radius: pillow(pixels, ImageFilter.GaussianBlur(radius)),
    "pillow-box": lambda pixels, radius: pillow(pixels, ImageFilter.BoxBlur(radius)),
    "deface-blur": _face_blur,
    "deface-mosaic": lambda pixels, size: deface(pixels, replacewith="mosaic", mosaicsize=size),
    "imagemagick-blur": lambda pixels, sigma: through_files(
        pixels, imagemagick(), "{source}", "-blur", f"0x{sigma}", "{target}"
    ),
    "imagemagick-scale": _scale,
    "ffmpeg-boxblur": lambda pixels, radius, power: ffmpeg(pixels, f"boxblur={radius}:{power}"),
    "ffmpeg-gblur": lambda pixels, sigma, steps: ffmpeg(pixels, f"gblur={sigma}:{steps}"),
    "ffmpeg-pixelize": lambda pixels, width: ffmpeg(pixels, f"pixelize={width}:{width}"),
    "css-blur": lambda pixels, px: _chromium(pixels, px, *GRAPHICS),
    "css-blur-software": lambda pixels, px: _chromium(pixels, px, "--disable-gpu"),
    "gimp-pixelize": _pixelize,
}
"""Functions that run each preset's program: pixels and the preset's parameters to pixels."""
